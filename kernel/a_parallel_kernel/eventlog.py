"""The log of what browsers were told: written in the transaction of the rows that it tells about."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from msgspec import Struct

from a_parallel_contracts.database import Reader
from a_parallel_contracts.events import Event
from a_parallel_kernel.frames import event_data
from a_parallel_kernel.outbox import Outbox
from a_parallel_kernel.topics import MountedTopic

log = logging.getLogger("a_parallel.events")

_INSERT = "INSERT INTO kernel_events (seq, at, topic, subject, owner, reference, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
_PAGE = (
    "SELECT seq, at, topic, subject, owner, reference, data FROM kernel_events WHERE seq > ? AND seq <= ?"
    " ORDER BY seq LIMIT ?"
)

LARGEST = 1024 * 1024
"""Bytes of an event's fields that are kept; whoever missed a larger one loads everything anew."""

PAGE_BYTES = 1024 * 1024
"""Bytes of fields after which a page ends."""


class Entry(NamedTuple):
    """Where an event stands in the log.

    Attributes:
        seq: its number; they grow, and are never used again.
        data: its fields, encoded, or None where the log holds none of them.
    """

    seq: int
    data: bytes | None


Entries = dict[str, Entry]
"""The entries of one event by the names of its topics."""


class Row(NamedTuple):
    """One entry as it is stored.

    Attributes:
        at: milliseconds since the epoch.
        reference: what is recalled instead of `data`.
        data: fields as JSON; without them and without a reference the event was too large to be kept.
    """

    seq: int
    at: int
    topic: str
    subject: str
    owner: str | None
    reference: str | None
    data: bytes | None


class Page(Struct, frozen=True):
    """Entries in their order.

    Attributes:
        pruned: highest number that is no longer kept.
        rows: the entries.
    """

    pruned: int
    rows: list[Row]


class Emitting(Protocol):
    """A unit of work that ran: its events, and their entries once there are some."""

    error: Exception | None
    events: list[Event]
    entries: list[Entries]


class EventLog:
    """Numbers and stores what units of work emit. `append` and `confirm` belong to the writer's thread.

    Parameters:
        last: highest number used so far, see `last_number`.
        topics: returns the topics of an event.
        tell: publishes an event with its entries, on the event loop, after the commit.
        outbox: keeps them for durable subscriptions.

    Attributes:
        published: number of the last entry whose event was published; for the event loop.
    """

    def __init__(
        self,
        last: int,
        topics: Callable[[Event], tuple[MountedTopic, ...]],
        tell: Callable[[Event, Entries], None],
        outbox: Outbox,
    ) -> None:
        self.published = last
        self._topics = topics
        self._tell = tell
        self._outbox = outbox
        self._confirmed = self._appended = last

    def append(self, units: Iterable[Emitting], connection: sqlite3.Connection) -> None:
        """Store the events of those `units` that did not fail, inside the open transaction.

        Raises:
            sqlite3.Error: they cannot be stored.
        """
        self._appended = self._confirmed
        rows: list[Row] = []
        now = time.time_ns() // 1_000_000
        told = [unit for unit in units if unit.error is None and unit.events]
        for unit in told:
            unit.entries = [self._enter(event, now, rows) for event in unit.events]
        if rows:
            connection.executemany(_INSERT, rows)
        self._outbox.append((event for unit in told for event in unit.events), connection)

    def _enter(self, event: Event, now: int, rows: list[Row]) -> Entries:
        entries: Entries = {}
        for mounted in self._topics(event):
            if not mounted.logged(event):
                continue
            reference = mounted.reference(event)
            try:
                data = None if reference is not None else event_data(event, mounted.hidden)
            except Exception:
                log.exception("%s of plugin %s cannot be encoded and is not kept", mounted.topic.name, mounted.plugin)
                continue
            self._appended += 1
            name, kept = mounted.topic.name, None if data is None or len(data) > LARGEST else data
            row = Row(self._appended, now, name, mounted.subject(event), mounted.owner(event), reference, kept)
            rows.append(row)
            entries[name] = Entry(self._appended, data)
        return entries

    def confirm(self) -> None:
        """Note that the transaction of the last `append` is committed."""
        self._confirmed = self._appended
        self._outbox.confirm()

    def publish(self, event: Event, entries: Entries) -> None:
        """Publish an event whose transaction is committed."""
        for entry in entries.values():
            self.published = entry.seq
        self._tell(event, entries)
        self._outbox.published(event)


def last_number(reader: Reader) -> int:
    """Return the highest number that was ever used."""
    newest = reader.value("SELECT max(seq) FROM kernel_events") or 0
    return max(int(newest), pruned_number(reader))


def pruned_number(reader: Reader) -> int:
    """Return the highest number that is no longer kept."""
    return int(reader.value("SELECT seq FROM kernel_events_pruned WHERE id = 1") or 0)


def page(after: int, until: int, limit: int, reader: Reader) -> Page:
    """Return at most `limit` entries after the number `after`, `until` included; fewer if they are large."""
    rows: list[Row] = []
    size = 0
    for values in reader.tuples(_PAGE, (after, until, limit)):
        row = Row(*values)
        rows.append(row)
        size += len(row.data or b"")
        if size > PAGE_BYTES:
            break
    return Page(pruned_number(reader), rows)
