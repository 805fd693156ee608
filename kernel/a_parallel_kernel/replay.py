"""Tells a browser that comes back what it missed: ``/ws?since=N``."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from a_parallel_contracts.database import Database, Reader
from a_parallel_contracts.services import Resources, ServiceKey
from a_parallel_kernel.encoding import encode
from a_parallel_kernel.eventlog import EventLog, Row, page
from a_parallel_kernel.frames import event_data, event_frame, numbered_frame
from a_parallel_kernel.sockets import Connection
from a_parallel_kernel.topics import MountedTopic, TopicTable

log = logging.getLogger("a_parallel.hub")

LATEST = "latest"
PAGE = 500
LONGEST = 20_000
"""Events that are told again; whoever missed more loads everything anew, which is less."""

AT_ONCE = 50
"""Things that are recalled together, since they may be large."""

TURNS = 4
"""Replays that read the database at once: a thousand pages that come back together must not keep requests from it."""

LOOK_BACK = 2_000
"""Entries before the last one known among which one may lie that was held back to be coalesced."""


# With max() the other columns are those of the row that has it (https://sqlite.org/lang_select.html#bareagg).
_LAST = """
SELECT max(seq), at, topic, subject, owner, reference, NULL FROM kernel_events WHERE seq > ? AND seq <= ?
GROUP BY subject HAVING reference IS NOT NULL"""


class _NotKept(Exception):
    """What the socket missed is not kept."""


class _Missed(NamedTuple):
    """An entry with the topic that is mounted now."""

    row: Row
    topic: MountedTopic


class Replays:
    """The hub's `opened`: answers the parameter ``since`` of a socket's URL.

    Live events of the socket wait until it has been told everything up to the last one published when it connected;
    those up to that number never come to it live. So there is neither a gap nor a repetition in between.

    Parameters:
        events: the log.
        db: where it is stored.
        table: topics of the plugins that run.
        resources: returns the service behind a topic's ``loads``, or None while nobody provides it.
    """

    def __init__(
        self,
        events: EventLog,
        db: Database,
        table: TopicTable,
        resources: Callable[[ServiceKey[Any]], Resources[Any] | None],
    ) -> None:
        self._events = events
        self._db = db
        self._table = table
        self._resources = resources
        self._turns = asyncio.Semaphore(TURNS)

    def opened(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Begin with a new socket, before the first event goes to it."""
        since = query.get("since")
        if since is None:
            return
        connection.numbered = True
        connection.known_until = until = self._events.published
        if since == LATEST:
            connection.in_front(_sync("ready", until))
        elif not since.isascii() or not since.isdecimal() or not 0 <= until - int(since) <= LONGEST:
            connection.in_front(_sync("reset", until))
        else:
            connection.hold()
            name = f"socket {connection.id}: replay"
            replay = self._replay(connection, int(since), until)
            connection.replay = asyncio.get_running_loop().create_task(replay, name=name)

    async def _replay(self, connection: Connection, since: int, until: int) -> None:
        outcome = "ready"
        try:
            await self._tell(connection, since, until)
        except _NotKept:
            outcome = "reset"
        except Exception:
            log.exception("socket %s cannot be told what it missed", connection.id)
            outcome = "reset"
        connection.replay = None
        connection.in_front(_sync(outcome, until))
        connection.release()

    async def _tell(self, connection: Connection, since: int, until: int) -> None:
        teller = _Teller(connection, self._table, self._resources, self._turns)
        async with self._turns:
            rows = await self._db.run(partial(_held_back, since))
        await _pass_on(connection, teller.frames([row for row in rows if self._coalesces(row)], since))
        position = since
        while not connection.closing:
            async with self._turns:
                found = await self._db.run(partial(page, position, until, PAGE))
            if found.pruned > position:
                raise _NotKept
            if not found.rows:
                return
            await _pass_on(connection, teller.frames(found.rows))
            position = found.rows[-1].seq

    def _coalesces(self, row: Row) -> bool:
        """Tell whether an entry's event may have waited; every other one was sent under its own number."""
        topic = self._table.logged(row.topic)
        return topic is not None and topic.topic.coalesce is not None


async def _pass_on(connection: Connection, frames: AsyncIterator[bytes]) -> None:
    """Send frames no faster than the client reads."""
    async for joined in frames:
        if connection.congested:
            await connection.written()
        connection.in_front(joined)


class _Teller:
    """Builds the frames for one socket: each thing that is kept as a reference once, as it is now."""

    def __init__(
        self,
        connection: Connection,
        table: TopicTable,
        resources: Callable[[ServiceKey[Any]], Resources[Any] | None],
        turns: asyncio.Semaphore,
    ) -> None:
        self._turns = turns
        self._actor = connection.actor
        self._also = connection.also
        self._table = table
        self._resources = resources
        self._owners: dict[tuple[str, str], str | None] = {}
        self._seen: set[tuple[str, str]] = set()

    async def frames(self, rows: list[Row], seq: int | None = None) -> AsyncIterator[bytes]:
        """Iterate over the frames of those `rows` that the socket may see, with `seq` or their own numbers.

        Some frames come joined: one write for each would cost more than building them.

        Raises:
            _NotKept: the log holds nothing of one of them.
        """
        missed = [
            _Missed(row, topic) for row in rows if (topic := self._table.logged(row.topic)) and self._asked(topic)
        ]
        fresh = list(self._unseen(missed))
        for start in range(0, len(fresh), AT_ONCE):
            chunk = fresh[start : start + AT_ONCE]
            now = await self._recalled(chunk)
            frames = []
            for row, topic in chunk:
                told = await self._told(row, topic, now)
                if told is not None:
                    frames.append(numbered_frame(row.topic, *told, row.seq if seq is None else seq))
            if frames:
                yield b"".join(frames)

    def _asked(self, topic: MountedTopic) -> bool:
        return not topic.topic.on_request or topic.topic.name in self._also

    async def _told(
        self, row: Row, topic: MountedTopic, now: dict[tuple[str, str], tuple[str, bytes]]
    ) -> tuple[str, bytes] | None:
        if row.reference is not None:
            return now.get((row.topic, row.reference))
        if not await self._visible(topic, row.subject, row.owner):
            return None
        if row.data is None:
            raise _NotKept
        return row.subject, row.data

    def _unseen(self, missed: list[_Missed]) -> Iterator[_Missed]:
        for one in missed:
            if one.row.reference is not None:
                key = (one.row.topic, one.row.reference)
                if key in self._seen:
                    continue
                self._seen.add(key)
            yield one

    async def _recalled(self, missed: list[_Missed]) -> dict[tuple[str, str], tuple[str, bytes]]:
        """Return subject and data by topic and reference of what there still is and the socket may see."""
        wanted: dict[str, tuple[MountedTopic, list[str]]] = {}
        for row, topic in missed:
            if row.reference is not None:
                wanted.setdefault(row.topic, (topic, []))[1].append(row.reference)
        found = {}
        for name, (topic, references) in wanted.items():
            if topic.topic.recall is None:
                raise _NotKept
            async with self._turns:
                recalled = await topic.topic.recall(references)
            for reference, event in recalled.items():
                subject = topic.subject(event)
                if await self._visible(topic, subject, topic.owner(event)):
                    found[name, reference] = subject, event_data(event, topic.hidden)
        return found

    async def _visible(self, topic: MountedTopic, subject: str, owner: str | None) -> bool:
        described = topic.topic
        if described.audience == "admins":
            return self._actor.role == "admin"
        if described.audience == "everyone" or self._actor.sees_all:
            return True
        if described.loads is not None and subject:
            owner = await self._owner(described.loads, subject)
        return self._actor.owns(owner)

    async def _owner(self, key: ServiceKey[Any], subject: str) -> str | None:
        known = (key.name, subject)
        if known not in self._owners:
            service = self._resources(key)
            self._owners[known] = None if service is None else await service.owner_of(subject)
        return self._owners[known]


def _held_back(since: int, reader: Reader) -> list[Row]:
    """Return the references that may have been held back when the socket was told number `since`.

    An event that waits to be coalesced gets its number first and is sent later. Whatever else concerns its subject
    is preceded by it, so only a subject whose last entry is a reference comes into question.
    """
    return [Row(*row) for row in reader.tuples(_LAST, (since - LOOK_BACK, since))]


def _sync(outcome: str, seq: int) -> bytes:
    return event_frame(f"sync:{outcome}", "", encode({"seq": seq}))
