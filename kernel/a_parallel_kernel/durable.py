"""Durable subscriptions: each has a cursor of its own, and handles every event at least once, in order."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from a_parallel_contracts.database import Transaction
from a_parallel_contracts.errors import ApiError
from a_parallel_contracts.events import Event
from a_parallel_kernel.config import EventSettings
from a_parallel_kernel.outbox import Outbox, Stored, kind_of, last_number, page, restored

log = logging.getLogger("a_parallel.events")
ResultT = TypeVar("ResultT")

LONGEST_WAIT = 60.0
"""Seconds between two attempts at most."""

ADVANCE_EVERY = 0.5
"""Seconds between two writes of the cursor: so much is handled again after a crash."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_REGISTER = """
INSERT INTO kernel_subscriptions (plugin, name, event, cursor, seen_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (plugin, name) DO UPDATE SET event = excluded.event, seen_at = excluded.seen_at"""
_ADVANCE = "UPDATE kernel_subscriptions SET cursor = ?, seen_at = ? WHERE plugin = ? AND name = ?"
_SET_ASIDE = """
INSERT INTO kernel_set_aside (plugin, name, seq, event, body, error, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (plugin, name, seq) DO UPDATE SET error = excluded.error, at = excluded.at"""
_TAKE_BACK = "DELETE FROM kernel_set_aside WHERE plugin = ? AND name = ? AND seq = ?"


class Store(Protocol):
    """What a subscription needs of the database."""

    async def run(self, query: Callable[[Any], ResultT]) -> ResultT:
        """Read."""
        ...

    async def write(self, unit: Callable[[Transaction], ResultT]) -> ResultT:
        """Write."""
        ...

    def submit(self, unit: Callable[[Transaction], ResultT]) -> "asyncio.Future[ResultT]":
        """Write after everything that was submitted before."""
        ...


class DurableSubscription:
    """One handler with its cursor.

    Parameters:
        db: holds the events and the cursor.
        outbox: stores the events.
        settings: how often to try.
        plugin, name: whose it is.
        event: class of the events.
        handler: called with one event after another.
        report: told about failures.

    Raises:
        ValueError: the name cannot be used.

    Attributes:
        error: why the event that is being tried has failed so far, or None.
    """

    def __init__(
        self,
        db: Store,
        outbox: Outbox,
        settings: EventSettings,
        *,
        plugin: str,
        name: str,
        event: type[Event],
        handler: Callable[[Any], Awaitable[None]],
        report: Callable[[BaseException | None], None],
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"durable={name!r}: a name is a lower-case word of letters, digits, - and _")
        self.plugin, self.name, self.event = plugin, name, event
        self.error: str | None = None
        self._db = db
        self._settings = settings
        self._handler = handler
        self._report = report
        self._again = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._closing = asyncio.Event()
        self._undo = outbox.subscribe(event, self._woken)
        # Submitted now: whatever is emitted from here on comes after it.
        registered = db.submit(partial(_register, plugin, name, kind_of(event)))
        self._task = asyncio.get_running_loop().create_task(self._consume(registered), name=f"{plugin}: {name}")

    def _woken(self) -> None:
        self._idle.clear()
        self._wake.set()

    def retry(self) -> None:
        """Try what was set aside once more, before anything else."""
        self._again = True
        self._woken()

    async def settled(self) -> None:
        """Return when nothing waits to be handled."""
        await self._idle.wait()

    async def close(self, deadline: float) -> None:
        """Begin no further event, and wait at most `deadline` seconds for the one that is being handled."""
        self._undo()
        self._closing.set()
        self._wake.set()
        if self._task is asyncio.current_task():
            return
        await asyncio.wait({self._task}, timeout=deadline)
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=1.0)
        self._idle.set()

    # --- the task -----------------------------------------------------------------------------------

    async def _consume(self, registered: "asyncio.Future[int]") -> None:
        cursor = await self._insist(lambda: registered, lambda: self._db.write(partial(_register, *self._key)))
        while not self._closing.is_set():
            try:
                cursor = await self._go_on(cursor)
            except Exception as error:
                log.exception("%s: %s cannot go on; it tries again", self.plugin, self.name)
                self._report(error)
                await self._stopped_within(1.0)

    async def _go_on(self, cursor: int) -> int:
        """Handle what there is, or wait for more; returns the new cursor."""
        self._wake.clear()
        if self._again:
            self._again = False
            await self._retry_all()
        rows = await self._db.run(partial(page, cursor, kind_of(self.event)))
        if rows:
            return await self._handle_all(rows, cursor)
        if not self._wake.is_set() and not self._closing.is_set():
            self._idle.set()
            await self._wake.wait()
        return cursor

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.plugin, self.name, kind_of(self.event)

    async def _handle_all(self, rows: list[Stored], cursor: int) -> int:
        """Handle a page; the cursor is written every half second, and when the plugin stops."""
        done, written, since = cursor, cursor, time.monotonic()
        try:
            for row in rows:
                if self._closing.is_set() or not await self._handle(row):
                    break
                done = row.seq
                if time.monotonic() - since > ADVANCE_EVERY:
                    await self._advance(done)
                    written, since = done, time.monotonic()
        finally:
            if done > written:
                await asyncio.shield(self._advance(done))
        return done

    async def _advance(self, cursor: int) -> None:
        await self._insist(lambda: self._db.write(partial(_advance, self.plugin, self.name, cursor)))

    async def _handle(self, row: Stored) -> bool:
        """Try an event until it is handled or set aside; False if the plugin stops before."""
        for attempt in range(self._settings.attempts):
            error = await self._attempt(row)
            if error is None:
                return True
            wait = min(self._settings.retry_after * 2**attempt, LONGEST_WAIT)
            if attempt + 1 < self._settings.attempts and await self._stopped_within(wait):
                return False
        log.error("%s: %s could not handle %s and sets it aside", self.plugin, self.name, row.event)
        failure, self.error = str(self.error), None
        await self._insist(lambda: self._db.write(partial(_set_aside, self.plugin, self.name, row, failure)))
        return True

    async def _attempt(self, row: Stored) -> BaseException | None:
        try:
            await self._handler(restored(row, self.event))
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._failed(row, error)
        except Exception as error:  # noqa: BLE001 - logged and reported by _failed; it is tried again
            return self._failed(row, error)
        self.error = None
        self._report(None)
        return None

    def _failed(self, row: Stored, error: BaseException) -> BaseException:
        self.error = f"{type(error).__name__}: {error}"
        log.warning("%s: %s failed to handle %s", self.plugin, self.name, row.event, exc_info=error)
        self._report(error)
        return error

    async def _retry_all(self) -> None:
        rows = await self._db.run(partial(_aside, self.plugin, self.name))
        for row in rows:
            if self._closing.is_set():
                return
            error = await self._attempt(row)
            self.error = None
            after = partial(_take_back, self.plugin, self.name, row.seq)
            if error is not None:
                after = partial(_set_aside, self.plugin, self.name, row, f"{type(error).__name__}: {error}")
            await self._insist(partial(self._db.write, after))

    async def _insist(self, *writes: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Do the first of `writes`, and the last again and again while the disk is full or the database locked."""
        remaining = list(writes)
        while True:
            try:
                return await remaining[0]()
            except ApiError as error:
                log.warning("%s: %s cannot keep its place: %s", self.plugin, self.name, error.message)
                if await self._stopped_within(1.0):
                    raise
            remaining = remaining[1:] or remaining

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        return self._closing.is_set()


def _now() -> int:
    return time.time_ns() // 1_000_000


def _register(plugin: str, name: str, kind: str, tx: Transaction) -> int:
    """Note a subscription; a new one begins with what is emitted from now on. Returns its cursor."""
    tx.execute(_REGISTER, (plugin, name, kind, last_number(tx), _now()))
    cursor = tx.value("SELECT cursor FROM kernel_subscriptions WHERE plugin = ? AND name = ?", (plugin, name))
    return int(cursor)


def _advance(plugin: str, name: str, cursor: int, tx: Transaction) -> None:
    tx.execute(_ADVANCE, (cursor, _now(), plugin, name))


def _set_aside(plugin: str, name: str, row: Stored, error: str, tx: Transaction) -> None:
    tx.execute(_SET_ASIDE, (plugin, name, *row, error, _now()))
    tx.execute(
        "UPDATE kernel_subscriptions SET cursor = max(cursor, ?) WHERE plugin = ? AND name = ?",
        (row.seq, plugin, name),
    )


def _take_back(plugin: str, name: str, seq: int, tx: Transaction) -> None:
    tx.execute(_TAKE_BACK, (plugin, name, seq))


def _aside(plugin: str, name: str, reader: Any) -> list[Stored]:
    sql = "SELECT seq, event, body FROM kernel_set_aside WHERE plugin = ? AND name = ? ORDER BY seq"
    return [Stored(*row) for row in reader.tuples(sql, (plugin, name))]
