"""The event log over HTTP, for admins: what was told, to whom it concerned, in order."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import orjson
from pydantic import Field

from a_parallel_contracts.database import Database
from a_parallel_contracts.http import Request, Route, get
from a_parallel_contracts.models import WireModel
from a_parallel_kernel.eventlog import EventLog, Row, page


class EventQuery(WireModel):
    """Which part of the log: entries after number `since`, at most `limit` of them."""

    since: int = Field(default=0, ge=0)
    limit: int = Field(default=200, ge=1, le=1000)


class LoggedEvent(WireModel):
    """One entry; `at` is in milliseconds since the epoch. A `reference` stands for rows that are read anew.

    Administrators see what was told to whom; `data` is there for what belongs to themselves or to nobody.
    """

    seq: int
    at: int
    type: str
    subject: str
    owner: str | None
    reference: str | None
    data: Any


class EventPage(WireModel):
    """Answer of ``GET /api/kernel/events``; entries up to number `pruned` are not kept, `latest` is the last one."""

    pruned: int
    latest: int
    events: list[LoggedEvent]


class EventRoutes:
    """Serves the log.

    Parameters:
        events: the log.
        db: where it is stored.
    """

    def __init__(self, events: EventLog, db: Database) -> None:
        self._events = events
        self._db = db

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        return [get("/api/kernel/events", self.events, access="admin", scope="read")]

    async def events(self, request: Request[None, None, EventQuery]) -> EventPage:
        """Page through the event log."""
        latest = self._events.published
        found = await self._db.run(partial(page, request.query.since, latest, request.query.limit))
        events = [_shown(row, readable=request.actor.owns(row.owner or request.actor.user_id)) for row in found.rows]
        return EventPage(pruned=found.pruned, latest=latest, events=events)


def _shown(row: Row, *, readable: bool) -> LoggedEvent:
    return LoggedEvent(
        seq=row.seq,
        at=row.at,
        type=row.topic,
        subject=row.subject,
        owner=row.owner,
        reference=row.reference,
        data=orjson.loads(row.data) if row.data is not None and readable else None,
    )
