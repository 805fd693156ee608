"""In which directories terminals may be opened (``websocket.md`` §8)."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from a_parallel_contracts import Actor, BadRequest, Forbidden
from a_parallel_contracts.projects import Projects
from a_parallel_contracts.worktrees import worktrees_directory


async def working_directory(cwd: str, actor: Actor, projects: Projects | None) -> str:
    """Return the directory in which a terminal starts.

    Parameters:
        cwd: as sent; empty for the server's own directory.
        actor: one who does not see everything stays inside of their projects and those projects' working trees.
        projects: knows these.

    Raises:
        BadRequest: it is no directory.
        Forbidden: it is outside.
    """
    roots: list[Path] | None = None
    if not actor.sees_all:
        visible = await projects.visible(actor) if projects else []
        roots = [place for project in visible for place in (Path(project.path), worktrees_directory(project))]
    return await asyncio.to_thread(_checked, cwd or str(Path.cwd()), roots)


def real_path(path: Path | str) -> Path:
    """Follow all links; pathlib raises where they go in circles."""
    return Path(os.path.realpath(path))


def _checked(cwd: str, roots: Iterable[Path] | None) -> str:
    if not _is_directory(cwd):
        raise BadRequest(f"There is no directory {cwd!r}. A terminal needs the absolute path of one.")
    if roots is None:
        return cwd
    real = real_path(cwd)
    if not any(real.is_relative_to(real_path(root)) for root in roots):
        raise Forbidden(f"{cwd} is in none of your projects. Open the terminal in one of them.")
    return str(real)  # what was checked, wherever a link may lead later


def _is_directory(path: str) -> bool:
    if not path.startswith("/"):
        return False
    try:
        return os.path.isdir(path)  # noqa: PTH112 - pathlib raises for names that are too long
    except ValueError:  # NUL, or a character that no file system holds
        return False
