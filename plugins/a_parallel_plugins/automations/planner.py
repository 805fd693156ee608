"""Which times of a schedule are to be dealt with, and which have been missed. Pure."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from a_parallel_contracts.automations import MissedPolicy
from a_parallel_plugins.automations.cron import Schedule

MAX_CAUGHT_UP = 100
"""Missed times that get a run each; the newest count."""

_TICK = timedelta(microseconds=1)
_LOOKS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366))
"""How far to look back, one after another, so that a year of minutes is never walked through."""


class Slot(Struct, frozen=True):
    """A time that is to be dealt with.

    Attributes:
        moment: in UTC.
        late: it was missed, and is caught up with.
    """

    moment: datetime
    late: bool


def slots(
    schedule: Schedule, zone: tzinfo, first: datetime, now: datetime, *, policy: MissedPolicy, on_time_since: datetime
) -> list[Slot]:
    """Return the times from `first` until `now` that are to be dealt with, oldest first.

    Parameters:
        schedule, zone: what fires.
        first: the time that was planned.
        now: until when.
        policy: what is done about missed times.
        on_time_since: earlier times have been missed.
    """
    found = list(_between(schedule, zone, max(first, on_time_since), now))
    if policy == MissedPolicy.ALL:
        found = newest(schedule, zone, first, now, MAX_CAUGHT_UP)
    elif policy == MissedPolicy.ONE and not found:
        found = newest(schedule, zone, first, now, 1)
    return [Slot(moment, late=moment < on_time_since) for moment in found]


def newest(schedule: Schedule, zone: tzinfo, first: datetime, now: datetime, count: int) -> list[datetime]:
    """Return the newest `count` times from `first` until `now`, oldest first."""
    found: deque[datetime] = deque(maxlen=count)
    for begin in _begins(first, now):
        found.clear()
        found.extend(_between(schedule, zone, begin, now))
        if len(found) == count or begin == first:
            break
    return list(found)


def _begins(first: datetime, now: datetime) -> Iterator[datetime]:
    yield from (now - look for look in _LOOKS if now - look > first)
    yield first


def _between(schedule: Schedule, zone: tzinfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    moment = schedule.next_after(begin - _TICK, zone)
    while moment is not None and moment <= end:
        yield moment
        moment = schedule.next_after(moment, zone)
