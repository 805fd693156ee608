"""Startup commands: what a person runs for a project, such as its development server."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import SOCKETS, Inbound, Manifest, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.accounts import OwnershipMoved
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.commands import CommandOutput, CommandStatus
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import PROJECTS, Project, ProjectDeleted, ProjectHooks

if TYPE_CHECKING:
    from a_parallel_plugins.commands.service import CommandService


class CommandsPlugin(Plugin, ProjectHooks):
    """Keeps the commands of projects, runs them, and ends them for sure."""

    manifest = Manifest(
        api="1.0", requires=(PROJECTS, HOSTS, SOCKETS), tables=("startup_commands",), routes_below=("/api/projects",)
    )
    service: "CommandService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """End everything on the way out."""
        from a_parallel_plugins.commands.service import CommandService

        self.service = CommandService(ctx)
        ctx.on(ProjectDeleted, self._project_deleted)
        ctx.on(UserDeleted, self.service.user_deleted)
        ctx.on(OwnershipMoved, self.service.owner_changed)
        yield
        await self.service.close()

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-core.md`` §5.7."""
        from a_parallel_plugins.commands.routes import command_routes

        return command_routes(ctx, self.service)

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return the events of ``websocket.md`` §4.3."""
        return [
            Topic("command:output", CommandOutput, owner="owner", logged=False),
            Topic("command:status", CommandStatus, owner="owner"),
        ]

    @hookimpl
    async def quiesce_project(self, ctx: PluginContext, project: Project) -> None:
        """End the commands of a project that is about to go."""
        await self.service.end_project(project.id)

    async def _project_deleted(self, event: ProjectDeleted) -> None:
        """End what was started between the hook and the deletion."""
        await self.service.end_project(event.project.id)
