"""Reads the fields of a cron expression that are lists of numbers (``http-features.md`` §4.4)."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

STARS = ("*", "?")
"""What stands for every value; the two mean the same."""

_ITEM = re.compile(r"(?:(?P<star>[*?])|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d{1,4}))?", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)


class ExpressionError(ValueError):
    """A schedule that is not written as it should be; the text says where."""


class Kind(Struct, frozen=True):
    """What a field may hold.

    Attributes:
        name: for messages.
        low, high: smallest and largest value.
        last: largest value that ``*`` stands for; `high` by default.
        names: words for values, in upper case.
    """

    name: str
    low: int
    high: int
    last: int | None = None
    names: Mapping[str, int] = field(default_factory=dict)

    @property
    def every(self) -> range:
        """All values that ``*`` stands for."""
        return range(self.low, (self.high if self.last is None else self.last) + 1)

    def value(self, text: str) -> int:
        """Return the number that `text` is or names.

        Raises:
            ExpressionError: it is none, or out of bounds.
        """
        number = int(text) if _NUMBER.fullmatch(text) else self.names.get(text.upper(), -1)
        if not self.low <= number <= self.high:
            raise ExpressionError(f"{self.name}: {text!r} is not a value from {self.low} to {self.high}")
        return number


MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

SECOND = Kind("second", 0, 59)
MINUTE = Kind("minute", 0, 59)
HOUR = Kind("hour", 0, 23)
DAY = Kind("day", 1, 31)
MONTH = Kind("month", 1, 12, names={name: number for number, name in enumerate(MONTHS, 1)})
WEEKDAY = Kind("weekday", 0, 7, last=6, names={name: number for number, name in enumerate(DAYS)})
YEAR = Kind("year", 0, 9999)


def items(kind: Kind, text: str) -> Iterator[str]:
    """Iterate over the items of a list.

    Raises:
        ExpressionError: one of them is empty.
    """
    for item in text.split(","):
        if not item:
            raise ExpressionError(f"{kind.name}: an item of {text!r} is empty")
        yield item


def values(kind: Kind, text: str) -> tuple[int, ...]:
    """Return the values of a whole field, ascending."""
    return tuple(sorted({value for item in items(kind, text) for value in item_values(kind, item)}))


def item_values(kind: Kind, item: str) -> range:
    """Return the values of one item: ``*``, ``a``, ``a-b``, ``*/n`` or ``a-b/n``.

    Raises:
        ExpressionError: it is none of these, descends, or its step is 0 or larger than the field.
    """
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ExpressionError(f"{kind.name}: {item!r} is not understood")
    step = _step(kind, match["step"])
    if match["star"]:
        return kind.every[::step]
    low = kind.value(match["low"])
    if match["high"] is None:
        if match["step"] is not None:
            raise ExpressionError(f"{kind.name}: a step needs * or a range before it, not {match['low']!r}")
        return range(low, low + 1)
    return range(low, _upper(kind, low, match["high"]) + 1, step)


def _upper(kind: Kind, low: int, text: str) -> int:
    """Return the end of a range; a week that ends on SUN ends on 7."""
    high = kind.value(text)
    if kind is WEEKDAY and text.upper() == "SUN":
        high = 7
    if high < low:
        raise ExpressionError(f"{kind.name}: a range ascends, unlike one from {low} to {text}")
    return high


def _step(kind: Kind, text: str | None) -> int:
    step = 1 if text is None else int(text)
    if not 1 <= step <= len(kind.every):
        raise ExpressionError(f"{kind.name}: the step {text} is not between 1 and {len(kind.every)}")
    return step
