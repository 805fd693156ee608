"""When a schedule fires in a time zone, daylight saving included (``http-features.md`` §4.4)."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import product
from typing import Protocol

from msgspec import Struct

from a_parallel_plugins.automations.cron.days import Days

CYCLE = 400
"""Years after which the calendar repeats; what has not occurred by then never does."""

LAST_YEAR = 9998
_SECOND = timedelta(seconds=1)
_SHIFT = timedelta(hours=25)
"""For so long after clocks were put forward, a time that was skipped may still be due."""


class Schedule(Protocol):
    """Moments at which something is to be done."""

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the first moment after `moment`, in UTC, or None if there is none.

        Parameters:
            moment: aware.
            zone: whose clock the schedule means.
        """
        ...

    @property
    def within_a_minute(self) -> bool:
        """Whether it can fire more than once in a minute."""
        ...


class Once(Struct, frozen=True):
    """A single moment; without a zone of its own it is a time in the schedule's."""

    moment: datetime

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the moment unless it has passed."""
        own = self.moment.astimezone(UTC) if self.moment.tzinfo else to_instant(self.moment, zone)
        return own if own > moment else None

    @property
    def within_a_minute(self) -> bool:
        """It fires once."""
        return False


class Cron(Struct, frozen=True):
    """A cron expression.

    Attributes:
        seconds, minutes, hours, months: values, ascending.
        days: of each month.
        years: None for all.
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: frozenset[int] | None = None

    @property
    def within_a_minute(self) -> bool:
        """Whether it names more than one second."""
        return len(self.seconds) > 1

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the first moment after `moment`.

        Times are walked through as a clock on the wall shows them. One that is skipped in spring counts
        later by as much as was skipped, hence after times that follow it on the wall: the search goes on until the
        wall shows more than the best moment found. One that comes twice in autumn counts the first time.
        """
        best: datetime | None = None
        wall = moment.astimezone(zone).replace(tzinfo=None, microsecond=0) - _skipped_before(moment, zone)
        for local in self._walls(wall):
            if best is not None and local >= best.astimezone(zone).replace(tzinfo=None):
                break
            instant = to_instant(local, zone)
            if instant > moment and (best is None or instant < best):
                best = instant
        return best

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """Iterate over the times on the wall from `start` on, ascending."""
        for date in self._dates(start):
            for hour, minute in product(self.hours, self.minutes):
                if date.date() == start.date() and (hour, minute) < (start.hour, start.minute):
                    continue
                for second in self.seconds:
                    local = datetime.combine(date, time(hour, minute, second))
                    if local >= start:
                        yield local

    def _dates(self, start: datetime) -> Iterator[datetime]:
        for year in range(start.year, min(start.year + CYCLE, LAST_YEAR) + 1):
            if self.years is not None and year not in self.years:
                continue
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in self.days.of(year, month):
                    if (year, month, day) >= (start.year, start.month, start.day):
                        yield datetime(year, month, day)  # noqa: DTZ001 - a date on the wall


def to_instant(local: datetime, zone: tzinfo) -> datetime:
    """Return when the wall shows `local`: the first time if twice, and what is skipped later by as much."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _skipped_before(moment: datetime, zone: tzinfo) -> timedelta:
    """Return by how much clocks were put forward shortly before `moment`."""
    before = (moment - _SHIFT).astimezone(zone).utcoffset()
    now = moment.astimezone(zone).utcoffset()
    return max((now or timedelta()) - (before or timedelta()), timedelta())
