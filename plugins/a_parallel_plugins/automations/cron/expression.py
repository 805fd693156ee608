"""Reads schedules as people write them (``http-features.md`` §4.4)."""

import re
from datetime import datetime
from functools import lru_cache

from a_parallel_plugins.automations.cron.days import Days
from a_parallel_plugins.automations.cron.schedule import Cron, Once, Schedule
from a_parallel_plugins.automations.cron.values import HOUR, MINUTE, MONTH, SECOND, STARS, YEAR, ExpressionError, values

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MAX_LENGTH = 1000
"""Characters of a schedule; a list of every second is shorter."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


@lru_cache(maxsize=256)
def parse(text: str) -> Schedule:
    """Return the schedule that `text` means: a nickname, an ISO date-time, or 5 to 7 fields.

    Raises:
        ExpressionError: it means none.
    """
    words = text.strip()
    if len(words) > MAX_LENGTH:
        raise ExpressionError("it is too long")
    if _MOMENT.fullmatch(words):
        return Once(_moment(words))
    fields = NICKNAMES.get(words.lower(), words).split()
    if not 5 <= len(fields) <= 7:
        raise ExpressionError(f"5 to 7 fields are needed, not {len(fields)}")
    return _cron(fields if len(fields) > 5 else ["0", *fields])


def _moment(text: str) -> datetime:
    """Return an ISO date-time, to the millisecond as timestamps are stored."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExpressionError(str(error)) from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _cron(fields: list[str]) -> Cron:
    second, minute, hour, day, month, weekday = fields[:6]
    year = fields[6] if len(fields) > 6 else "*"
    return Cron(
        seconds=values(SECOND, second),
        minutes=values(MINUTE, minute),
        hours=values(HOUR, hour),
        days=Days.parse(day, weekday),
        months=values(MONTH, month),
        years=None if year in STARS else frozenset(values(YEAR, year)),
    )
