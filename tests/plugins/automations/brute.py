"""Fire times of cron expressions worked out the slow way, to compare with.

Nothing is shared with the plugin: each field is a predicate on numbers, each day is asked by itself, and what
a wall clock shows is found by asking for the wall time of moments, never by converting a wall time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
HOUR = timedelta(hours=1)


def number(text: str, words: list[str], first: int) -> int:
    return int(text) if text.isdigit() else words.index(text.upper()) + first


def fits(text: str, value: int, low: int, high: int, words: list[str] = [], first: int = 0) -> bool:  # noqa: B006
    """Tell whether a plain field (numbers, words, lists, ranges, steps) admits a value."""
    for item in text.split(","):
        span, _, step = item.partition("/")
        start, _, end = span.partition("-")
        if start in "*?":
            begin, finish = low, high
        else:
            begin = number(start, words, first)
            finish = number(end, words, first) if end else begin
        if value in list(range(begin, finish + 1))[:: int(step or 1)]:
            return True
    return False


def weekday_of(day: date) -> int:
    return (day.weekday() + 1) % 7


@cache
def month_of(year: int, month: int) -> tuple[list[date], list[date]]:
    """Return all days of a month, and those from Monday to Friday."""
    days = [one for one in (date(year, month, 1) + timedelta(n) for n in range(31)) if one.month == month]
    return days, [one for one in days if one.weekday() < 5]


def day_fits(text: str, day: date) -> bool:
    """Tell whether the field of days admits a date."""
    month, working = month_of(day.year, day.month)
    for item in text.upper().split(","):
        if item == "L":
            admitted = [month[-1]]
        elif item == "LW":
            admitted = [working[-1]]
        elif item.endswith("W"):
            meant = [one for one in month if one.day == int(item[:-1])]
            admitted = [min(working, key=lambda one: (abs(one - meant[0]), one))] if meant else []
            if meant and meant[0].weekday() == 6 and (later := meant[0] + timedelta(1)) in month:
                admitted = [later]
        else:
            admitted = [one for one in month if fits(item, one.day, 1, 31)]
        if day in admitted:
            return True
    return False


def weekday_fits(text: str, day: date) -> bool:
    """Tell whether the field of weekdays admits a date."""
    same = [day + timedelta(7 * n) for n in range(-5, 6) if (day + timedelta(7 * n)).month == day.month]
    for item in text.upper().split(","):
        span, _, nth = item.partition("#")
        if not nth and span.endswith("L"):
            span, nth = span[:-1], "L"
        if nth and day != (same[-1] if nth == "L" else same[int(nth) - 1] if int(nth) <= len(same) else None):
            continue
        if any(fits(span, value, 0, 6, DAYS) for value in {weekday_of(day), weekday_of(day) or 7}):
            return True
    return False


@cache
def date_fits(fields: tuple[str, ...], day: date) -> bool:
    """Tell whether day, month, weekday and year together admit a date."""
    _, _, _, days, months, weekdays, years = fields
    if not fits(months, day.month, 1, 12, MONTHS, 1) or not fits(years, day.year, 0, 9999):
        return False
    both, weekdays = weekdays.startswith("+"), weekdays.removeprefix("+")
    by_day, by_weekday = day_fits(days, day), weekday_fits(weekdays, day)
    if both or days in "*?" or weekdays in "*?":
        return by_day and by_weekday
    return by_day or by_weekday


@cache
def offsets(zone: str, year: int, month: int) -> frozenset[timedelta]:
    """Return the offsets from UTC that a zone has had in a month and around it."""
    begin = datetime(year, month, 1, tzinfo=UTC) - timedelta(days=2)
    moments = [begin + timedelta(hours=12 * count) for count in range(72)]
    return frozenset(moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for moment in moments)


def showing(wall: datetime, zone: str) -> list[datetime]:
    """Return the moments at which clocks of a zone show `wall`, earliest first."""
    candidates = [(wall - offset).replace(tzinfo=UTC) for offset in offsets(zone, wall.year, wall.month)]
    return sorted(one for one in candidates if one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall)


def instant(wall: datetime, zone: str, skipped: timedelta = HOUR) -> datetime:
    """Return when something planned for `wall` happens: the first time, or later if clocks never show it."""
    shown = showing(wall, zone)
    return shown[0] if shown else showing(wall + skipped, zone)[0]


def fires(expression: str, zone: str, begin: date, end: date, skipped: timedelta = HOUR) -> list[datetime]:
    """Return all moments planned for the dates from `begin` until before `end`, ascending, each once."""
    return sorted({instant(wall, zone, skipped) for wall in walls(expression, begin, end)})


def walls(expression: str, begin: date, end: date) -> Iterator[datetime]:
    """Iterate over the wall times of an expression."""
    fields = expression.split()
    fields = ["0", *fields] if len(fields) == 5 else fields
    fields = [*fields, "*"] if len(fields) == 6 else fields
    seconds, minutes, hours = (admitted(text, high) for text, high in zip(fields, (59, 59, 23), strict=False))
    for offset in range((end - begin).days):
        day = begin + timedelta(offset)
        if date_fits(tuple(fields), day):
            for hour in hours:
                for minute in minutes:
                    for second in seconds:
                        yield datetime.combine(day, time(hour, minute, second))


def admitted(text: str, high: int) -> list[int]:
    return [value for value in range(high + 1) if fits(text, value, 0, high)]
