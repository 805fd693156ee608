"""Which days of a month a cron expression means: the fields day and weekday together (``http-features.md`` §4.4)."""

import calendar
import re
from functools import lru_cache

from msgspec import Struct

from a_parallel_plugins.automations.cron.values import DAY, STARS, WEEKDAY, item_values, items

LAST = -1
"""Stands for the last occurrence of a weekday in its month."""

_SATURDAY, _SUNDAY = 5, 6  # as `calendar.weekday` counts
_NEAREST = re.compile(r"(\w+)W", re.ASCII)
_OCCURRENCE = re.compile(r"(?P<days>.+?)(?:#(?P<number>[1-5])|#?(?P<last>L))", re.IGNORECASE)


class DayField(Struct, frozen=True):
    """The third of five fields.

    Attributes:
        free: it is ``*``, so that it restricts nothing.
        dates: days by number.
        nearest: days whose nearest weekday in the same month is meant (``15W``).
        last: the last day of the month is meant too (``L``).
        last_weekday: the last day from Monday to Friday is meant too (``LW``).
    """

    free: bool
    dates: frozenset[int]
    nearest: frozenset[int]
    last: bool
    last_weekday: bool

    @classmethod
    def parse(cls, text: str) -> "DayField":
        """Read the field.

        Raises:
            ExpressionError: it is not understood.
        """
        dates: set[int] = set()
        nearest: set[int] = set()
        marks: set[str] = set()
        for item in items(DAY, text.upper()):
            if item in ("L", "LW"):
                marks.add(item)
            elif match := _NEAREST.fullmatch(item):
                nearest.add(DAY.value(match[1]))
            else:
                dates.update(item_values(DAY, item))
        return cls(text in STARS, frozenset(dates), frozenset(nearest), "L" in marks, "LW" in marks)

    def days(self, year: int, month: int) -> set[int]:
        """Return the days of a month that the field means."""
        length = calendar.monthrange(year, month)[1]
        found = {day for day in self.dates if day <= length}
        found |= {_nearest_weekday(year, month, day, length) for day in self.nearest if day <= length}
        if self.last:
            found.add(length)
        if self.last_weekday:
            found.add(_nearest_weekday(year, month, length, length))
        return found


class WeekdayField(Struct, frozen=True):
    """The last of five fields; Sunday is 0.

    Attributes:
        free: it is ``*``, so that it restricts nothing.
        weekly: weekdays of every week.
        monthly: weekdays with their number in the month, or `LAST`.
    """

    free: bool
    weekly: frozenset[int]
    monthly: frozenset[tuple[int, int]]

    @classmethod
    def parse(cls, text: str) -> "WeekdayField":
        """Read the field.

        Raises:
            ExpressionError: it is not understood.
        """
        weekly: set[int] = set()
        monthly: set[tuple[int, int]] = set()
        for item in items(WEEKDAY, text):
            match = _OCCURRENCE.fullmatch(item)
            if match is None:
                weekly.update(day % 7 for day in item_values(WEEKDAY, item))
                continue
            number = int(match["number"]) if match["number"] else LAST
            monthly.update((day % 7, number) for day in item_values(WEEKDAY, match["days"]))
        return cls(text in STARS, frozenset(weekly), frozenset(monthly))

    def days(self, year: int, month: int) -> set[int]:
        """Return the days of a month that the field means."""
        first, length = calendar.monthrange(year, month)
        return {day for day in range(1, length + 1) if self._means((first + day) % 7, day, length)}

    def _means(self, weekday: int, day: int, length: int) -> bool:
        return (
            weekday in self.weekly
            or (weekday, (day + 6) // 7) in self.monthly
            or (day + 7 > length and (weekday, LAST) in self.monthly)
        )


class Days(Struct, frozen=True):
    """Both fields.

    Attributes:
        day, weekday: the fields.
        both: a day must fit both of them (``+`` before the weekday); otherwise one of two restrictions is enough.
    """

    day: DayField
    weekday: WeekdayField
    both: bool

    @classmethod
    def parse(cls, day: str, weekday: str) -> "Days":
        """Read the fields.

        Raises:
            ExpressionError: one of them is not understood.
        """
        both = weekday.startswith("+")
        return cls(DayField.parse(day), WeekdayField.parse(weekday[1:] if both else weekday), both)

    @lru_cache(maxsize=1024)  # noqa: B019 - rules are values: equal ones share what was found
    def of(self, year: int, month: int) -> tuple[int, ...]:
        """Return the days of a month, ascending."""
        days, weekdays = self.day.days(year, month), self.weekday.days(year, month)
        if self.both or self.day.free or self.weekday.free:
            return tuple(sorted(days & weekdays))
        return tuple(sorted(days | weekdays))


def _nearest_weekday(year: int, month: int, day: int, length: int) -> int:
    """Return the day from Monday to Friday next to `day`, without leaving the month."""
    weekday = calendar.weekday(year, month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < length else day - 2
    return day
