"""Projects: the git repositories that people have registered."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS, ProjectHooks
from a_parallel_plugins.projects.settings import ProjectsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.projects.service import ProjectService


class ProjectsPlugin(Plugin, AccountHooks):
    """Keeps the list of projects."""

    manifest = Manifest(
        api="1.0",
        requires=(GIT,),
        provides=(PROJECTS,),
        settings=ProjectsSettings,
        tables=("projects",),
        hooks=(ProjectHooks,),
        routes_below=("/api/projects",),
    )
    service: "ProjectService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide the project store."""
        from a_parallel_plugins.projects.service import ProjectService

        self.service = ProjectService(ctx)
        ctx.provide(PROJECTS, self.service)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-core.md`` §5.1 to §5.6."""
        from a_parallel_plugins.projects.routes import project_routes

        return project_routes(ctx, self.service)

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let projects pass from one owner to another, behind those that the other has already."""
        from a_parallel_plugins.projects.service import move

        return Ownership(ctx.id, move)
