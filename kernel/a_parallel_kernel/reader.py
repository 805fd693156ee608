"""Queries on a connection: rows as dicts, and the pool of readers."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from a_parallel_contracts.database import Params, Reader, Row
from a_parallel_kernel.connections import Session, connect_reader, explain

ResultT = TypeVar("ResultT")


class SqlReader:
    """`a_parallel_contracts.database.Reader` on a connection; only valid on its worker and inside its transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._open: list[sqlite3.Cursor] = []

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows, each a dict by column name."""
        cursor = self._run(sql, params)
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in self._fetch(cursor)]

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Return the first row, or None."""
        cursor = self._run(sql, params)
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description or ()]
        cursor.close()
        return None if row is None else dict(zip(names, row, strict=True))

    def value(self, sql: str, params: Params = ()) -> Any:
        """Return the first column of the first row, or None."""
        cursor = self._run(sql, params)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else row[0]

    def tuples(self, sql: str, params: Params = ()) -> Iterator[tuple[Any, ...]]:
        """Iterate over the rows as tuples; an iteration left unfinished ends with the transaction."""
        cursor = self._run(sql, params)
        self._open.append(cursor)
        return cursor

    def close(self) -> None:
        """End unfinished iterations, which would hold the transaction's view of the file."""
        for cursor in self._open:
            cursor.close()
        self._open.clear()

    def _run(self, sql: str, params: Params) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, params)
        except sqlite3.Error as error:
            raise explain(error) from error

    def _fetch(self, cursor: sqlite3.Cursor) -> Iterable[tuple[Any, ...]]:
        try:
            return cursor.fetchall()
        except sqlite3.Error as error:
            raise explain(error) from error


def read(query: Callable[[Reader], ResultT], connection: sqlite3.Connection) -> ResultT:
    """Run `query` inside one read transaction, so that all its statements see the same rows."""
    reader = SqlReader(connection)
    try:
        connection.execute("BEGIN")
        try:
            return query(reader)
        finally:
            reader.close()
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise explain(error) from error


class Readers:
    """A few connections for queries, handed out one query at a time.

    Parameters:
        sessions: open connections.
    """

    def __init__(self, sessions: list[Session]) -> None:
        self._sessions = sessions
        self._idle: asyncio.LifoQueue[Session] = asyncio.LifoQueue()
        for session in sessions:
            self._idle.put_nowait(session)

    @classmethod
    async def open(cls, path: Path, count: int) -> "Readers":
        """Open `count` connections to `path`."""
        return cls([await Session.open(partial(connect_reader, path)) for _ in range(count)])

    async def run(self, query: Callable[[Reader], ResultT]) -> ResultT:
        """Run `query` on the next idle connection; one whose caller was cancelled is idle when its query ends."""
        session = await self._idle.get()
        work = asyncio.ensure_future(session.call(partial(read, query)))
        work.add_done_callback(lambda _: self._idle.put_nowait(session))
        return await asyncio.shield(work)

    async def close(self) -> None:
        """Close every connection once its query has ended; queries that wait come first."""
        for _ in self._sessions:
            session = await self._idle.get()
            await session.close()
