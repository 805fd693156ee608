"""Where clones go: directories that users name, and the private ones in which clones are made until they are whole."""

import asyncio
import errno
import logging
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import ApiError, BadRequest, Database, InsufficientStorage, now

log = logging.getLogger("a_parallel.github")

_PREFIX = ".a-parallel-clone-"
_INSERT = "INSERT INTO github_clones (id, directory, created_at) VALUES (?, ?, ?)"
_DELETE = "DELETE FROM github_clones WHERE id = ?"


class Destinations(Struct, frozen=True):
    """Decides which directories may hold clones.

    Attributes:
        roots: only below these, or anywhere if there are none.
        refused: the data directory, whose files are nobody's to add to.
    """

    roots: Sequence[Path]
    refused: Path

    def check(self, destination: str, name: str) -> Path:
        """Return the directory that a clone called `name` will have.

        Raises:
            BadRequest: the destination is relative, not there or not allowed, or the directory exists.
        """
        if not destination.startswith("/"):
            raise BadRequest("Destination path must be absolute")
        if not os.path.isdir(destination):  # noqa: PTH112 - pathlib raises for names that are too long
            raise BadRequest(f"Destination directory does not exist: {destination}")
        parent = Path(os.path.normpath(destination))
        self._check_allowed(parent)
        if os.path.lexists(parent / name):
            raise BadRequest(f"Directory already exists: {parent / name}")
        return parent / name

    def _check_allowed(self, parent: Path) -> None:
        real = parent.resolve()
        if real.is_relative_to(self.refused.resolve()):
            raise BadRequest(f"Nothing can be cloned into the server's own directory {self.refused}")
        if self.roots and not any(real.is_relative_to(root.expanduser().resolve()) for root in self.roots):
            allowed = ", ".join(str(root) for root in self.roots)
            raise BadRequest(f"Repositories can only be cloned into directories below {allowed}")


class Workshops:
    """Private directories beside the place of each clone, on the same file system.

    Parameters:
        db: remembers them, so that those of a killed server can be removed.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    @asynccontextmanager
    async def open(self, id: str, parent: Path) -> AsyncIterator[Path]:
        """Make a directory in `parent`, and remove it with what is in it.

        Raises:
            BadRequest: it cannot be made there.
            InsufficientStorage: the disk is full.
        """
        directory = parent / f"{_PREFIX}{id}"
        await self._db.write(lambda tx: tx.execute(_INSERT, (id, str(directory), now())))
        try:
            await asyncio.to_thread(_make, directory)
            yield directory
        finally:
            await self._remove(id, directory)

    async def leftovers(self) -> list[tuple[str, Path]]:
        """Return id and path of the directories that are remembered; at the start, of an earlier life of the server."""
        rows = await self._db.rows("SELECT id, directory FROM github_clones")
        return [(row["id"], Path(row["directory"])) for row in rows]

    async def remove(self, leftovers: list[tuple[str, Path]]) -> None:
        """Remove directories that a killed server left behind."""
        for id, directory in leftovers:
            if directory.name == f"{_PREFIX}{id}":
                log.info("removing the unfinished clone %s", directory)
                await self._remove(id, directory)

    async def _remove(self, id: str, directory: Path) -> None:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        await self._db.write(lambda tx: tx.execute(_DELETE, (id,)))


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700)
    except OSError as error:
        raise refusal(error, directory.parent) from error


def place(clone: Path, directory: Path) -> None:
    """Give a whole clone its own name.

    Raises:
        BadRequest: something has taken that name meanwhile, or it cannot be given.
    """
    if os.path.lexists(directory):
        raise BadRequest(f"Directory already exists: {directory}")
    try:
        clone.rename(directory)
    except OSError as error:
        raise refusal(error, directory.parent) from error


def refusal(error: OSError, parent: Path) -> ApiError:
    """Return the error for a directory in which nothing can be made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return InsufficientStorage("The disk is full. Make room, then try again.")
    return BadRequest(f"Cannot write to {parent}: {error.strerror}")
