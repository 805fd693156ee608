"""Which paths may be seen: real ones, compared by segments (``http-core.md`` §8.1, §8.3)."""

import asyncio
import os
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import Actor, BadRequest, Forbidden
from a_parallel_contracts.projects import Project, Projects
from a_parallel_contracts.worktrees import worktrees_directory


class Allowed(Struct, frozen=True):
    """The places that an actor may see.

    Attributes:
        roots: real paths of home, projects and their working trees' directories.
        everything_above: what stands beside them, in the directories above, is no secret.
    """

    roots: tuple[Path, ...]
    everything_above: bool

    def within(self, real: Path) -> bool:
        """Tell whether a real path is in one of the places."""
        return any(real.is_relative_to(root) for root in self.roots)

    def above(self, real: Path) -> bool:
        """Tell whether a real path is above one of the places."""
        return any(root.is_relative_to(real) for root in self.roots)

    def shows(self, real: Path) -> bool:
        """Tell whether a directory may stand in a listing."""
        return self.everything_above or self.within(real) or self.above(real)


class Place(Struct, frozen=True):
    """A path that was asked for and may be seen.

    Attributes:
        shown: normalised, as answers name it.
        real: where it leads; what is done is done there, wherever a link may lead later.
        allowed: what else may be seen.
    """

    shown: str
    real: Path
    allowed: Allowed

    async def exists(self) -> bool:
        """Tell whether something is there, as far as the server may look."""
        return await asyncio.to_thread(os.path.exists, self.real)

    async def is_directory(self) -> bool:
        """Tell whether it is a directory."""
        return await asyncio.to_thread(is_directory, self.real)


class Places:
    """Decides about paths.

    Whoever sees everything (local mode) has the server user's home and all projects. In multi-user mode
    admins have home too; everybody else has their own projects alone.
    """

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    async def allowed(self, actor: Actor) -> Allowed:
        """Return where an actor may look."""
        paths = [Path.home()] if at_home(actor) else []
        for project in await self._projects.visible(actor):
            paths += [Path(project.path), worktrees_directory(project)]
        roots = await asyncio.to_thread(lambda: tuple(_real(str(path)) for path in paths))
        return Allowed(roots, actor.sees_all)

    async def find(self, actor: Actor, path: str, *, above: bool = False) -> Place:
        """Return the place of a path; it need not exist.

        Parameters:
            actor: who asks.
            path: as sent.
            above: what stands above an allowed place will do, also for those who do not see everything.

        Raises:
            BadRequest: the path is not absolute, or cannot be one.
            Forbidden: it may not be seen.
        """
        shown = normalised(path)
        allowed = await self.allowed(actor)
        real = await asyncio.to_thread(_real, shown)
        if not allowed.within(real) and not ((above or actor.sees_all) and allowed.above(real)):
            raise Forbidden(f"{shown} is neither in your projects nor in the home directory")
        return Place(shown, real, allowed)

    async def beginnings(self, actor: Actor) -> tuple[str, list[str]]:
        """Return where to begin browsing, and further places that cannot be reached from there."""
        home = Path.home()
        projects = await self._projects.visible(actor)
        outside = await asyncio.to_thread(_outside, home if at_home(actor) else None, projects)
        if at_home(actor) or not outside:
            return str(home), outside
        return outside[0], outside


def at_home(actor: Actor) -> bool:
    """Tell whether the server user's home is an actor's too."""
    return actor.sees_all or actor.role == "admin"


def normalised(path: str) -> str:
    """Return a path without ``.``, ``..`` and superfluous slashes.

    Raises:
        BadRequest: it is not absolute, or holds what no path can hold.
    """
    if "\0" in path or not expressible(path):
        raise BadRequest("path holds characters that no path can hold")
    if not path.startswith("/"):
        raise BadRequest(f"path must be absolute: {path}")
    return "/" + os.path.normpath(path).lstrip("/")


def expressible(text: str) -> bool:
    """Tell whether a text can be sent: file names may hold bytes that are no characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_directory(path: Path | str) -> bool:
    """Tell whether a path leads to a directory; pathlib raises for names that are too long or may not be looked at."""
    return os.path.isdir(path)  # noqa: PTH112


def _real(path: str) -> Path:
    return Path(os.path.realpath(path))


def _outside(home: Path | None, projects: list[Project]) -> list[str]:
    """Return the projects' directories that exist and are not below home."""
    root = None if home is None else _real(str(home))
    found = [
        project.path
        for project in projects
        if is_directory(project.path) and (root is None or not _real(project.path).is_relative_to(root))
    ]
    return list(dict.fromkeys(found))
