"""Projects: git repositories that a person has registered."""

from typing import Protocol

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import PluginContext, hookspec
from a_parallel_contracts.services import Resources, ServiceKey


class Project(WireModel):
    """A project (``http-core.md`` §3.1). `path` is absolute and normalised; `color` is ``#RRGGBB``."""

    id: str
    name: str
    path: str
    color: str | None = None
    user_id: str
    sort_order: int
    created_at: str


class ProjectCreated(Event):
    """A project was registered."""

    project: Project


class ProjectUpdated(Event):
    """A project's name, colour or position changed."""

    project: Project


class ProjectDeleted(Event):
    """A project's row and everything below it is gone."""

    project: Project


class ProjectHooks:
    """What other capabilities do when a project goes. Mix it into your `Plugin` so that type checkers help."""

    @hookspec
    async def quiesce_project(self, ctx: PluginContext, project: Project) -> None:
        """End everything that runs for the project and wait for it. An `ApiError` refuses the deletion."""

    @hookspec
    async def release_project(self, ctx: PluginContext, project: Project) -> None:
        """Give back what the project holds on disk, after everything has been quiesced."""


class Projects(Resources[Project], Protocol):
    """The project store."""

    async def get(self, id: str) -> Project | None:
        """Return a project whoever owns it."""
        ...

    async def visible(self, actor: Actor) -> list[Project]:
        """Return the projects visible to `actor`, in the order of the sidebar."""
        ...

    async def create(self, actor: Actor, name: str, path: str) -> Project:
        """Register the working tree at `path` for `actor` (``http-core.md`` §5.2).

        Raises:
            BadRequest: the path is relative or in no working tree.
            Conflict: the directory or the name is registered already.
        """
        ...


PROJECTS = ServiceKey[Projects]("projects")
