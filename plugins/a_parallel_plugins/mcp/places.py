"""Which directories a request may name as ``projectPath`` (``http-features.md`` §1.7)."""

import asyncio
import os
from pathlib import Path

from a_parallel_contracts import Actor, BadRequest, Forbidden
from a_parallel_contracts.projects import Projects
from a_parallel_plugins.mcp.models import Scope


class Places:
    """Knows who may work where.

    Parameters:
        projects: the registered ones.
        admins_only: the scope ``user`` is for admins.
    """

    def __init__(self, projects: Projects, *, admins_only: bool) -> None:
        self._projects = projects
        self._admins_only = admins_only

    async def find(self, actor: Actor, path: str) -> Path | None:
        """Return an existing directory: any one in local mode, else a project's that `actor` sees; or None."""
        if not path.startswith("/") or "\0" in path:
            return None
        directory = Path(os.path.normpath(path))
        if not actor.sees_all and not await self._is_project(actor, directory):
            return None
        return directory if await asyncio.to_thread(_is_directory, directory) else None

    async def require(self, actor: Actor, path: str) -> Path:
        """Return an existing directory that `actor` may work in.

        Raises:
            BadRequest: there is none; a foreign project is told from nothing in no way.
        """
        directory = await self.find(actor, path)
        if directory is None:
            raise BadRequest(f"There is no project at {path}; check that the directory exists")
        return directory

    def shares(self, actor: Actor) -> bool:
        """Tell whether `actor` may see and change what runs for everybody."""
        return not self._admins_only or actor.administers

    def admit(self, actor: Actor, scope: Scope | None) -> None:
        """Check that `actor` may change servers of a scope.

        Raises:
            Forbidden: they may not.
        """
        if scope == "user" and not self.shares(actor):
            raise Forbidden("Servers of the scope user run for everybody on this server; ask an admin to change them")

    async def _is_project(self, actor: Actor, directory: Path) -> bool:
        known = [project.path for project in await self._projects.visible(actor)]
        return await asyncio.to_thread(_among, directory, known)


def _is_directory(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except (OSError, ValueError):
        return False


def _among(directory: Path, known: list[str]) -> bool:
    return str(directory) in known or os.path.realpath(directory) in map(os.path.realpath, known)
