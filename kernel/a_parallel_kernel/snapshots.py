"""Copies of the database taken before its shape changes."""

import os
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from a_parallel_kernel.connections import connect

KEPT = 2
"""Snapshots that stay; older ones go when a change has succeeded."""

COVERS = 60.0
"""Seconds for which a snapshot also serves the changes that follow it, as those of one start do."""


class Snapshots:
    """Takes and keeps snapshots in ``backups/`` beside the database.

    Parameters:
        path: the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._covered_until = float("-inf")
        self.directory = path.parent / "backups"

    @property
    def covered(self) -> bool:
        """Whether a change now needs no further snapshot."""
        return time.monotonic() < self._covered_until

    def cover(self) -> None:
        """Take none for a while: the file is new, or one was just taken."""
        self._covered_until = time.monotonic() + COVERS

    def ensure(self) -> Path | None:
        """Take a snapshot unless a recent one serves; returns its path, or None.

        Raises:
            sqlite3.Error: the database cannot be read, or the disk is full.
            OSError: the directory cannot be written.
        """
        if self.covered:
            return None
        taken = self._take()
        self.cover()
        return taken

    def discard(self, snapshot: Path | None) -> None:
        """Remove a snapshot whose change did not happen, so that it pushes out no older one."""
        if snapshot is not None:
            snapshot.unlink()
            self._covered_until = float("-inf")

    def prune(self) -> None:
        """Remove all but the newest snapshots."""
        for old in self.list()[:-KEPT]:
            old.unlink()

    def list(self) -> list[Path]:
        """Return the snapshots, oldest first."""
        return sorted(self.directory.glob(f"{self._path.stem}-*.db"))

    def _take(self) -> Path:
        """Copy the database under a temporary name, so that a name ending in ``.db`` is always whole."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        for unfinished in self.directory.glob("*.partial"):
            unfinished.unlink()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        final = self.directory / f"{self._path.stem}-{stamp}.db"
        partial = final.with_suffix(".partial")
        try:
            copy_database(self._path, partial)
            partial.rename(final)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync(self.directory)
        return final


def copy_database(source: Path, target: Path) -> None:
    """Write a whole, durable copy of a database that may be in use.

    Parameters:
        source: the database.
        target: must not exist; its mode will be 0600.

    Raises:
        sqlite3.Error: `source` cannot be read, or the disk is full.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # VACUUM INTO accepts an empty file
    with closing(connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    sync(target)


def sync(path: Path) -> None:
    """Return when a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
