"""Keeps two servers from sharing a data directory, and tells commands where the running one is."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msgspec import Struct
from msgspec.structs import asdict

NAME = "server.lock"
TRIES, PAUSE = 20, 0.02
"""How often, and after how many seconds, a lock is tried again that no server has announced itself for."""


class Holder(Struct, frozen=True):
    """The server that holds a data directory; `instance` is another one after each start."""

    pid: int
    url: str
    version: str
    instance: str = ""


class DirectoryInUse(Exception):
    """Another server holds the data directory."""

    def __init__(self, directory: Path, holder: Holder | None) -> None:
        who = f" (process {holder.pid}, {holder.url})" if holder else ""
        super().__init__(
            f"another a-parallel server{who} uses {directory}; stop it first, or choose another --data-directory"
        )


class DirectoryLock:
    """An advisory lock (flock) that vanishes with the process, whatever ends it.

    Parameters:
        directory: must exist.

    Raises:
        DirectoryInUse: it is held by another process.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._file: IO[str] = os.fdopen(descriptor, "r+", encoding="utf-8")
        for left in reversed(range(TRIES)):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                self._file.seek(0)
                holder = _parse(self._file.read())
                if holder or not left:
                    self._file.close()
                    raise DirectoryInUse(directory, holder) from None
                time.sleep(PAUSE)  # a command that only looks holds it for a moment

    def announce(self, holder: Holder) -> None:
        """Write down who holds it."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(asdict(holder)))
        self._file.flush()

    def release(self) -> None:
        """Give it up."""
        self._file.seek(0)
        self._file.truncate()
        self._file.close()


def _parse(text: str) -> Holder | None:
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        return None


def announced(directory: Path) -> Holder | None:
    """Return the server that has written itself down, without looking whether it is alive or disturbing one."""
    try:
        return _parse((directory / NAME).read_text("utf-8"))
    except OSError:
        return None


@contextmanager
def holding(directory: Path) -> Iterator[None]:
    """Hold the directory for the length of a command that changes the database.

    Raises:
        DirectoryInUse: a server runs on it.
    """
    lock = DirectoryLock(directory)
    try:
        yield
    finally:
        lock.release()


def running(directory: Path) -> Holder | None:
    """Return the server that holds `directory` now, or None."""
    if not (directory / NAME).exists():
        return None
    try:
        with holding(directory):
            return None
    except DirectoryInUse:
        return _parse((directory / NAME).read_text("utf-8"))
