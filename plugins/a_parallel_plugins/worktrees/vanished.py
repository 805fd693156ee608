"""What git still has of a working tree whose directory is gone (gitrepository-layout(5), "worktrees")."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from a_parallel_contracts.git import Git

IDENTITY: Mapping[str, str] = {
    "GIT_AUTHOR_NAME": "a-parallel",
    "GIT_AUTHOR_EMAIL": "a-parallel@localhost",
    "GIT_COMMITTER_NAME": "a-parallel",
    "GIT_COMMITTER_EMAIL": "a-parallel@localhost",
}
"""Of commits that nobody asked for; a repository may have no identity configured."""


async def staged_commit(git: Git, directory: Path, path: str, head: str) -> str | None:
    """Make a commit of what was staged in a vanished working tree; its index lies in the repository.

    Parameters:
        git: runs there.
        directory: of the project.
        path: of the vanished working tree, as git lists it.
        head: hash of the commit that was checked out there.

    Returns:
        The hash, None if nothing was staged.

    Raises:
        BadRequest: there is no tree of it, since conflicts are unresolved.
    """
    place = await asyncio.to_thread(_administration, await git.repository(directory), path)
    if place is None or not await asyncio.to_thread((place / "index").exists):
        return None
    environment = {**IDENTITY, "GIT_DIR": str(place)}
    tree = (await git.command(directory, ["write-tree"], environment=environment)).decode("ascii").strip()
    before = await git.command(directory, ["rev-parse", "--verify", f"{head}^{{tree}}"])
    if tree == before.decode("ascii").strip():
        return None
    arguments = ["commit-tree", tree, "-p", head, "-m", f"Staged changes of {Path(path).name}"]
    return (await git.command(directory, arguments, environment=environment)).decode("ascii").strip()


def _administration(repository: Path, path: str) -> Path | None:
    """Return the directory in which git administers the working tree at `path`."""
    wanted = os.path.normpath(f"{path}/.git")
    for pointer in (repository / "worktrees").glob("*/gitdir"):
        named = os.fsdecode(pointer.read_bytes().rstrip(b"\n"))
        if os.path.normpath(pointer.parent / named) == wanted:  # relative since git 2.48, if so configured
            return pointer.parent
    return None
