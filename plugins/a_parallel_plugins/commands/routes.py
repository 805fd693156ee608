"""Routes of ``/api/projects/:id/commands`` (``http-core.md`` §5.7, §5.8)."""

from a_parallel_contracts import NotFound, Ok, PluginContext, Request, Route, delete, get, post, put
from a_parallel_contracts.commands import StartupCommand
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_plugins.commands.models import CommandText, OutputAnswer, RunningAnswer
from a_parallel_plugins.commands.service import CommandService

BASE = "/api/projects/{id}/commands"
ONE = f"{BASE}/{{command}}"


def command_routes(ctx: PluginContext, service: CommandService) -> list[Route]:
    """Return the routes. Some answer for unknown projects too, so they look the project up themselves."""
    handlers = CommandRoutes(ctx, service)
    return [
        get(BASE, handlers.show_all),
        post(BASE, handlers.create, loads=PROJECTS, status=201, repeatable=True),
        put(ONE, handlers.change, loads=PROJECTS, repeatable=True),
        delete(ONE, handlers.remove, repeatable=True),
        post(f"{ONE}/start", handlers.start, loads=PROJECTS),
        post(f"{ONE}/stop", handlers.stop),
        get(f"{ONE}/status", handlers.status),
        get(f"{ONE}/output", handlers.output, loads=PROJECTS),
    ]


class CommandRoutes:
    """Handlers of the routes."""

    def __init__(self, ctx: PluginContext, service: CommandService) -> None:
        self._projects = ctx.get(PROJECTS)
        self._service = service

    async def show_all(self, request: Request) -> list[StartupCommand]:
        """Return the commands of a project; none for an unknown one."""
        project = await self._project(request)
        return await self._service.store.all(project) if project else []

    async def create(self, request: Request[Project, CommandText]) -> StartupCommand:
        """Store a command."""
        return await self._service.store.add(request.resource, request.body)

    async def change(self, request: Request[Project, CommandText]) -> Ok:
        """Replace label and command; what runs goes on as it was started."""
        await self._service.store.change(request.resource, request.params["command"], request.body)
        return Ok()

    async def remove(self, request: Request) -> Ok:
        """End and delete a command; one that is not there counts as deleted."""
        if project := await self._project(request):
            await self._service.delete(project, request.params["command"])
        return Ok()

    async def start(self, request: Request[Project]) -> Ok:
        """Run a command in the project's directory, instead of the instance that runs."""
        await self._service.start(request.actor, request.resource, request.params["command"])
        return Ok()

    async def stop(self, request: Request) -> Ok:
        """End a command and everything it has started; one that does not run counts as stopped."""
        if project := await self._project(request):
            await self._service.stop(project, request.params["command"])
        return Ok()

    async def status(self, request: Request) -> RunningAnswer:
        """Tell whether a command runs."""
        project = await self._project(request)
        return RunningAnswer(running=project is not None and self._service.running(project, request.params["command"]))

    async def output(self, request: Request[Project]) -> OutputAnswer:
        """Return the end of what a command has written, for pages that look later than it was started."""
        instance = self._service.last(request.resource, request.params["command"])
        running = self._service.running(request.resource, request.params["command"])
        if instance is None:
            return OutputAnswer(running=running)
        return OutputAnswer(
            running=running,
            data=instance.recent.text,
            cut=instance.recent.cut,
            next=instance.written,
            exit_code=instance.exit_code,
        )

    async def _project(self, request: Request) -> Project | None:
        try:
            return await self._projects.load(request.actor, request.params["id"])
        except NotFound:
            return None
