"""Time ranges, counted back from now in UTC (``http-features.md`` §7)."""

import calendar
from datetime import UTC, datetime, timedelta

from a_parallel_contracts import iso
from a_parallel_plugins.analytics.models import TimeRange


def time_range(name: str, end: datetime) -> TimeRange:
    """Return the range that ends at `end`: a ``day``, a ``week``, ``all``, and a month for any other name."""
    return TimeRange(start=iso(_start(name, end.astimezone(UTC))), end=iso(end))


def _start(name: str, end: datetime) -> datetime:
    if name == "day":
        return end - timedelta(days=1)
    if name == "week":
        return end - timedelta(days=7)
    if name == "all":
        return datetime(1970, 1, 1, tzinfo=UTC)
    return _month_before(end)


def _month_before(end: datetime) -> datetime:
    """Return the same day of the month before, or that month's last day if it is shorter."""
    year, month = (end.year - 1, 12) if end.month == 1 else (end.year, end.month - 1)
    return end.replace(year=year, month=month, day=min(end.day, calendar.monthrange(year, month)[1]))
