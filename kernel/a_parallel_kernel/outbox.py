"""Events for durable subscriptions: stored in the transaction that emits them, until everybody has handled them."""

import importlib
import logging
import sqlite3
from collections.abc import Callable, Iterable
from typing import NamedTuple

from a_parallel_contracts.database import Database, Reader
from a_parallel_contracts.events import Event
from a_parallel_kernel.encoding import encode

log = logging.getLogger("a_parallel.events")

BATCH = 500
"""Rows that one transaction removes."""

PAGE = 100

_INSERT = "INSERT INTO kernel_outbox (seq, event, kinds, body) VALUES (?, ?, ?, ?)"
_PAGE = "SELECT seq, event, body FROM kernel_outbox WHERE seq > ? AND instr(kinds, ?) > 0 ORDER BY seq LIMIT ?"
_HANDLED = """
SELECT seq FROM kernel_outbox AS o WHERE NOT EXISTS (
  SELECT 1 FROM kernel_subscriptions AS s WHERE s.cursor < o.seq AND instr(o.kinds, ' ' || s.event || ' ') > 0
) ORDER BY seq LIMIT ?"""


class Stored(NamedTuple):
    """An event that waits to be handled."""

    seq: int
    event: str
    body: bytes


def kind_of(event: type[Event]) -> str:
    """Return the name under which a class of events is stored."""
    return f"{event.__module__}:{event.__qualname__}"


class Outbox:
    """Stores what somebody subscribed to. `append` and `confirm` belong to the writer's thread.

    Parameters:
        last: highest number used so far, see `last_number`.
        wanted: classes that somebody subscribed to, also if the plugin does not run now, see `subscribed`.
    """

    def __init__(self, last: int, wanted: Iterable[str]) -> None:
        self._confirmed = self._appended = last
        self._wanted = frozenset(wanted)
        self._kinds: dict[type[Event], str] = {}
        self._wakers: dict[type[Event], tuple[Callable[[], None], ...]] = {}

    def subscribe(self, event: type[Event], wake: Callable[[], None]) -> Callable[[], None]:
        """Store such events from now on and call `wake` after each commit; return what ends the calls."""
        self.want(self._wanted | {kind_of(event)})
        self._wakers[event] = (*self._wakers.get(event, ()), wake)

        def undo() -> None:
            self._wakers[event] = tuple(one for one in self._wakers[event] if one is not wake)

        return undo

    def want(self, kinds: Iterable[str]) -> None:
        """Store events of these classes alone."""
        self._wanted, self._kinds = frozenset(kinds), {}

    def append(self, events: Iterable[Event], connection: sqlite3.Connection) -> None:
        """Store those of `events` that are wanted, inside the open transaction."""
        self._appended = self._confirmed
        rows = []
        for event in events:
            kinds = self._kinds_of(type(event))
            if kinds:
                self._appended += 1
                rows.append((self._appended, kind_of(type(event)), kinds, encode(event)))
        if rows:
            connection.executemany(_INSERT, rows)

    def _kinds_of(self, event: type[Event]) -> str:
        """Return the wanted classes among an event's bases, each between spaces; empty if there is none."""
        found = self._kinds.get(event)
        if found is None:
            names = [kind_of(base) for base in event.__mro__ if issubclass(base, Event)]
            wanted = [name for name in names if name in self._wanted]
            found = self._kinds[event] = f" {' '.join(wanted)} " if wanted else ""
        return found

    def confirm(self) -> None:
        """Note that the transaction of the last `append` is committed."""
        self._confirmed = self._appended

    def published(self, event: Event) -> None:
        """Wake the subscriptions that an event concerns; on the event loop, after the commit."""
        for base, wakers in self._wakers.items():
            if wakers and isinstance(event, base):
                for wake in wakers:
                    wake()


def last_number(reader: Reader) -> int:
    """Return the highest number that was ever used."""
    sources = ("kernel_outbox", "kernel_set_aside")
    found = [reader.value(f"SELECT max(seq) FROM {table}") or 0 for table in sources]  # noqa: S608 - constants
    return max(*found, reader.value("SELECT max(cursor) FROM kernel_subscriptions") or 0)


def subscribed(reader: Reader) -> list[str]:
    """Return the classes that somebody subscribed to."""
    return [row["event"] for row in reader.all("SELECT DISTINCT event FROM kernel_subscriptions")]


def page(after: int, kind: str, reader: Reader) -> list[Stored]:
    """Return the next events of a class after the number `after`."""
    return [Stored(*row) for row in reader.tuples(_PAGE, (after, f" {kind} ", PAGE))]


async def prune(db: Database) -> bool:
    """Remove one batch of what everybody has handled; tells whether there may be more."""
    handled = await db.run(lambda reader: list(reader.tuples(_HANDLED, (BATCH,))))
    if handled:
        await db.write(lambda tx: tx.executemany("DELETE FROM kernel_outbox WHERE seq = ?", handled))
    return len(handled) == BATCH


class ClassIsGone(LookupError):
    """An event's class is not installed any more."""


def restored(stored: Stored, base: type[Event]) -> Event:
    """Return the event again.

    Raises:
        ClassIsGone: nobody has that class.
        ValueError: the class has other fields now.
    """
    found = _find(stored.event, base)
    if found is None:
        try:
            importlib.import_module(stored.event.partition(":")[0])
        except ImportError as error:
            raise ClassIsGone(f"{stored.event} cannot be imported: {error}") from error
        found = _find(stored.event, base)
    if found is None:
        raise ClassIsGone(f"{stored.event} is not there any more")
    return found.model_validate_json(stored.body)


def _find(kind: str, base: type[Event]) -> type[Event] | None:
    """Return the class of that name among `base` and what derives from it, the newest one first."""
    if kind_of(base) == kind:
        return base
    return next((found for sub in reversed(base.__subclasses__()) if (found := _find(kind, sub))), None)
