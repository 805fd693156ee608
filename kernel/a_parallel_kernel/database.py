"""The server's SQLite database: one writer that commits in groups, and readers beside it."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from pydantic import BaseModel

from a_parallel_contracts.database import Reader, Row, Transaction
from a_parallel_contracts.errors import ServiceUnavailable
from a_parallel_contracts.events import Event
from a_parallel_kernel.claims import unmarked
from a_parallel_kernel.connections import Session, connect_writer
from a_parallel_kernel.eventlog import EventLog
from a_parallel_kernel.migrate import marker_of
from a_parallel_kernel.private import make_private_file
from a_parallel_kernel.reader import Readers
from a_parallel_kernel.writer import Writer

ResultT = TypeVar("ResultT")
ModelT = TypeVar("ModelT", bound=BaseModel)


class DatabaseStats(Struct, frozen=True):
    """Figures of the writer since it was opened.

    Attributes:
        commits: transactions committed.
        units: units of work that were run, failed ones included.
        largest_group: most units that shared a commit.
        waiting: units that wait for the next group.
        group_sizes: groups by the number of units in them.
    """

    commits: int
    units: int
    largest_group: int
    waiting: int
    group_sizes: Mapping[int, int]


class SqliteDatabase:
    """`a_parallel_contracts.database.Database` on a file that was prepared before (`a_parallel_kernel.migrate`).

    Attributes:
        path: the file.
    """

    def __init__(self, path: Path, writer: Writer, readers: Readers) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._closed = False

    @classmethod
    async def open(cls, path: Path, *, publish: Callable[[Event], None], readers: int = 2) -> "SqliteDatabase":
        """Open the file.

        Parameters:
            path: the database; created if it is missing.
            publish: called on the event loop with each emitted event, after its commit, in order.
            readers: number of connections for queries.
        """
        session = await Session.open(partial(connect_writer, path))
        try:
            make_private_file(marker_of(path))
            return cls(path, Writer(session, publish), await Readers.open(path, readers))
        except BaseException:
            await session.close()
            raise

    async def close(self) -> None:
        """Commit what waits, let running queries end, and close every connection."""
        if self._closed:
            return
        self._closed = True
        await self._writer.finish()
        await self._readers.close()
        await self._writer.close()  # last, since the last connection of a file empties its log
        marker_of(self.path).unlink(missing_ok=True)

    @property
    def stats(self) -> DatabaseStats:
        """Figures of the writer."""
        writer = self._writer
        sizes = dict(writer.group_sizes)
        return DatabaseStats(writer.commits, writer.units, writer.largest_group, writer.waiting, sizes)

    @property
    def changes(self) -> int:
        """Rows inserted, changed and deleted since the file was opened."""
        return self._writer.changes

    def log_events(self, events: EventLog) -> None:
        """Store events from now on in the transaction of the unit that emits them."""
        self._writer.events = events

    async def write(self, unit: Callable[[Transaction], ResultT]) -> ResultT:
        """Run `unit` in the next group and return its result after the commit; see the contract."""
        claim = unmarked()
        if claim is None:
            return await self._writer.write(unit)
        result = await self._writer.write(claim.marking(unit))
        claim.effective = True
        return result

    def submit(self, unit: Callable[[Transaction], ResultT]) -> "asyncio.Future[ResultT]":
        """Like `write`, but in line at once: before everything that is written from now on."""
        return self._writer.submit(unit)

    async def run(self, query: Callable[[Reader], ResultT]) -> ResultT:
        """Run `query` inside one read transaction; see the contract."""
        if self._closed:
            raise ServiceUnavailable("The server is stopping")
        return await self._readers.run(query)

    async def read(self, sql: str, *, into: type[ModelT], **params: Any) -> list[ModelT]:
        """Return the rows of `sql` as models."""
        return await self.run(lambda reader: [into.model_validate(row) for row in reader.all(sql, params)])

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        """Return the rows of `sql` as dicts."""
        return await self.run(lambda reader: reader.all(sql, params))

    async def one(self, sql: str, **params: Any) -> Row | None:
        """Return the first row of `sql`, or None."""
        return await self.run(lambda reader: reader.one(sql, params))

    async def administer(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """Run `work` on the writer's own connection between two groups; for the kernel's migrations."""
        return await self._writer.call(work)
