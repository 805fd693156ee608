"""Connections to the database file: how they are opened, where their work runs, what their errors mean."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import aiosqlite

from a_parallel_contracts.errors import ApiError, Conflict, FailedDependency, InsufficientStorage, ServiceUnavailable

BUSY_TIMEOUT = 5.0
"""Seconds for which a statement waits for another process's lock (``database.md`` §6)."""

WAL_LIMIT = 64 * 1024 * 1024
"""Bytes to which the write-ahead log is cut back after a checkpoint."""

STATEMENT_CACHE = 512
"""Prepared statements kept for each connection."""

ResultT = TypeVar("ResultT")

_FULL = {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHMSIZE"}
_CLASHES = {
    "SQLITE_CONSTRAINT_UNIQUE",
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_ROWID",
    "SQLITE_CONSTRAINT_FOREIGNKEY",
}


def connect(path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> sqlite3.Connection:
    """Open `path` without implicit transactions and with foreign keys on; creates an empty file if there is none."""
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, cached_statements=STATEMENT_CACHE)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open `path` for durable writing: a commit returns when the log is on the disk."""
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open `path` for queries only."""
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


class Session(aiosqlite.Connection):
    """A connection with a worker of its own, on which a whole piece of work runs in one hop.

    aiosqlite hops once for each statement; one hop for a unit of work is many times faster.

    Parameters:
        connector: opens the connection, on the worker.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)

    @classmethod
    async def open(cls, connector: Callable[[], sqlite3.Connection]) -> "Session":
        """Open the connection and start its worker."""
        session = cls(connector)
        await session
        return session

    async def call(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """Run `work` on the worker, after everything that was asked before, and return its result."""
        job = _Job(work)
        await self._execute(job, self._conn)  # type: ignore[no-untyped-call]
        return job.take()


class _Job(Generic[ResultT]):
    """A piece of work that holds on to nothing once it is done.

    aiosqlite's worker keeps the last function and its result until the next one comes, and both may be large.
    """

    __slots__ = ("_result", "_work")

    def __init__(self, work: Callable[[sqlite3.Connection], ResultT]) -> None:
        self._work: Callable[[sqlite3.Connection], ResultT] | None = work
        self._result: list[ResultT] = []

    def __call__(self, connection: sqlite3.Connection) -> None:
        work, self._work = self._work, None
        assert work is not None
        self._result.append(work(connection))

    def take(self) -> ResultT:
        """Return the result, once."""
        return self._result.pop()


def explain(error: sqlite3.Error) -> ApiError | sqlite3.Error:
    """Return what `error` means to a caller: one of our errors if it has a cause to act on, otherwise itself."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name in _FULL:
        return InsufficientStorage(f"The disk is full or not writable ({error}); free some space and try again")
    if name in _CLASHES:
        return Conflict(f"The change clashes with what is stored: {error}")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ServiceUnavailable(
            "The database is locked by another process; stop it or try again", headers={"Retry-After": "5"}
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return FailedDependency(f"The database file cannot be written ({error}); check that it is in place and yours")
    return error
