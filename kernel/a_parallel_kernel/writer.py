"""The one writer: whatever waits becomes one group, each unit in a savepoint, one commit for all."""

import asyncio
import logging
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from types import CoroutineType
from typing import Any, TypeVar

from a_parallel_contracts.database import Params, Transaction
from a_parallel_contracts.errors import ServiceUnavailable
from a_parallel_contracts.events import Event
from a_parallel_kernel.connections import Session, explain
from a_parallel_kernel.eventlog import Entries, EventLog
from a_parallel_kernel.parameters import Nothing, let_go, note_large
from a_parallel_kernel.reader import SqlReader

ResultT = TypeVar("ResultT")
EventT = TypeVar("EventT", bound=Event)

log = logging.getLogger(__name__)

_CONTROL = re.compile(r"\s*(BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM)\b", re.IGNORECASE)


@lru_cache(1024)
def _controls(sql: str) -> bool:
    return _CONTROL.match(sql) is not None


class SqlTransaction(SqlReader):
    """`a_parallel_contracts.database.Transaction` on the writer's connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.events: list[Event] = []
        self.large: Nothing = {}

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run one statement and return the number of rows it changed."""
        return max(self._run(sql, params).rowcount, 0)

    def executemany(self, sql: str, params: Iterable[Params]) -> int:
        """Run one statement for each of `params` and return the number of rows changed."""
        self._check(sql)
        try:
            cursor = self._connection.executemany(sql, params)
        except sqlite3.Error as error:
            raise explain(error) from error
        return max(cursor.rowcount, 0)

    def emit(self, event: EventT) -> EventT:
        """Publish `event` after the commit, and return it."""
        self.events.append(event)
        return event

    def _run(self, sql: str, params: Params) -> sqlite3.Cursor:
        self._check(sql)
        note_large(sql, params, self.large)
        return super()._run(sql, params)

    def _check(self, sql: str) -> None:
        """Refuse what would end the group's transaction, or run outside it after SQLite has ended it."""
        if _controls(sql):
            raise ValueError(f"a unit of work may not control the transaction: {sql.strip()[:60]}")
        if not self._connection.in_transaction:
            raise sqlite3.OperationalError("the transaction was rolled back by an earlier error")


class Unit:
    """A unit of work that waits, and what became of it."""

    __slots__ = ("_work", "entries", "error", "events", "future", "large", "result")

    def __init__(self, work: Callable[[Transaction], Any], future: "asyncio.Future[Any]") -> None:
        self._work = work
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None
        self.events: list[Event] = []
        self.entries: list[Entries] = []
        self.large: Nothing = {}

    def run(self, connection: sqlite3.Connection) -> None:
        """Do the work inside the open transaction; keeps the result and the events."""
        transaction = SqlTransaction(connection)
        try:
            self.result = self._work(transaction)
        finally:
            transaction.close()
            self.large = transaction.large
        if type(self.result) is CoroutineType:
            self.result.close()
            raise TypeError("a unit of work must be a plain function, not a coroutine")
        self.events = transaction.events

    def fail(self, error: BaseException) -> None:
        """Remember why it failed, as an exception that a future can carry."""
        if isinstance(error, sqlite3.Error):
            self.error = explain(error)
        elif isinstance(error, StopIteration) or not isinstance(error, Exception):
            self.error = RuntimeError(f"the unit of work raised {error!r}")
        else:
            self.error = error
        if self.error is not error:
            self.error.__cause__ = error

    def settle(self, publish: Callable[[Event], None], events: EventLog | None = None) -> None:
        """Publish the events, then tell the caller, who may have gone."""
        for number, event in enumerate(self.events if self.error is None else ()):
            try:
                if events is not None and self.entries:
                    events.publish(event, self.entries[number])
                else:
                    publish(event)
            except Exception:
                log.exception("publishing %s failed", type(event).__name__)
        if self.future.done():
            if self.error is not None:
                log.warning("a unit of work failed after its caller was cancelled: %r", self.error)
        elif self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Runs units of work on one connection, grouping those that wait.

    Parameters:
        session: the connection; nobody else may write through it.
        publish: called on the event loop with each event, after the commit.

    Attributes:
        changes: rows inserted, changed and deleted so far; those of transactions that failed count too.
        events: where emitted events are stored in the same transaction, once there is such a place.
    """

    def __init__(self, session: Session, publish: Callable[[Event], None]) -> None:
        self._session = session
        self._publish = publish
        self._waiting: list[Unit] = []
        self._drain: asyncio.Task[None] | None = None
        self._closed = False
        self.events: EventLog | None = None
        self.changes = 0
        self.commits = 0
        self.units = 0
        self.largest_group = 0
        self.group_sizes: Counter[int] = Counter()

    @property
    def waiting(self) -> int:
        """Units that wait for the next group."""
        return len(self._waiting)

    async def write(self, work: Callable[[Transaction], ResultT]) -> ResultT:
        """Run `work` in the next group and return its result after the commit."""
        return await self.submit(work)

    def submit(self, work: Callable[[Transaction], ResultT]) -> "asyncio.Future[ResultT]":
        """Run `work` after everything that was submitted before; the future has its result after the commit."""
        if self._closed:
            raise ServiceUnavailable("The server is stopping")
        loop = asyncio.get_running_loop()
        unit = Unit(work, loop.create_future())
        self._waiting.append(unit)
        if self._drain is None:
            self._drain = loop.create_task(self._commit_all(), name="database writer")
        return unit.future

    async def call(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        """Run `work` on the connection between two groups."""
        return await self._session.call(partial(self._counted, work))

    def _counted(self, work: Callable[[sqlite3.Connection], ResultT], connection: sqlite3.Connection) -> ResultT:
        try:
            return work(connection)
        finally:
            self.changes = connection.total_changes

    async def finish(self) -> None:
        """Take no more units and commit those that wait."""
        self._closed = True
        if self._drain is not None:
            await self._drain

    async def close(self) -> None:
        """Commit what waits and close the connection."""
        await self.finish()
        await self._session.close()

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._commit(group)
        finally:
            self._drain = None

    async def _commit(self, group: list[Unit]) -> None:
        try:
            self.commits += await self.call(partial(commit, group, self.events))
        except Exception as error:  # noqa: BLE001 - every caller gets it
            for unit in group:
                unit.fail(error)
        self.units += len(group)
        self.largest_group = max(self.largest_group, len(group))
        self.group_sizes[len(group)] += 1
        for unit in group:
            unit.settle(self._publish, self.events)


def commit(group: list[Unit], events: EventLog | None, connection: sqlite3.Connection) -> int:
    """Run and commit the units together, or alone if that fails; returns the number of commits."""
    try:
        return _commit(group, events, connection)
    finally:
        for unit in group:
            if unit.large:
                _forget(unit.large, connection)


def _commit(group: list[Unit], events: EventLog | None, connection: sqlite3.Connection) -> int:
    if len(group) > 1:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            for unit in group:
                unit.fail(error)
            return 0
        if _together(group, events, connection):
            return 1
    return sum(_alone(unit, events, connection) for unit in group)


def _forget(large: Nothing, connection: sqlite3.Connection) -> None:
    """Let go of large parameters; the units are done with, whatever comes of that."""
    try:
        let_go(large, connection)
    except sqlite3.Error:
        log.exception("large parameters of statements are still held")


def _together(group: list[Unit], events: EventLog | None, connection: sqlite3.Connection) -> bool:
    """Return whether the group was committed; if not, nothing of it was."""
    try:
        for unit in group:
            if not _in_savepoint(unit, connection):
                break
        else:
            _finish(group, events, connection)
            return True
    except sqlite3.Error as error:
        log.warning("committing %d units together failed (%s); trying one by one", len(group), error)
    _rollback(connection)
    return False


def _in_savepoint(unit: Unit, connection: sqlite3.Connection) -> bool:
    """Run a unit so that it can be undone alone; False if SQLite has rolled back the whole transaction."""
    connection.execute("SAVEPOINT unit")
    try:
        unit.run(connection)
    except BaseException as error:  # noqa: BLE001 - the caller gets it
        unit.fail(error)
        if connection.in_transaction:
            connection.execute("ROLLBACK TO unit")
    if not connection.in_transaction:
        return False
    connection.execute("RELEASE unit")
    return True


def _finish(group: list[Unit], events: EventLog | None, connection: sqlite3.Connection) -> None:
    """Store what was emitted, and commit."""
    if events is None:
        connection.execute("COMMIT")
        return
    events.append(group, connection)
    connection.execute("COMMIT")
    events.confirm()


def _alone(unit: Unit, events: EventLog | None, connection: sqlite3.Connection) -> int:
    unit.error = None
    try:
        connection.execute("BEGIN IMMEDIATE")
        unit.run(connection)
        _finish([unit], events, connection)
    except BaseException as error:  # noqa: BLE001 - the caller gets it
        unit.fail(error)
        _rollback(connection)
        return 0
    return 1


def _rollback(connection: sqlite3.Connection) -> None:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:
        log.exception("rolling back failed")
