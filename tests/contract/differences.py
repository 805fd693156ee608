"""The intended differences from the recordings, each with the row or decision that it follows."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.contract.compare import ABSENT, Difference

FILE = Path(__file__).parent / "differences.toml"
NULL = "<null>"
"""Stands for JSON's null, which TOML does not have."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place in which an exchange is allowed, and expected, to differ.

    Attributes:
        path: pattern for `Difference.path`.
        was: recorded value, or None for any.
        now: value of today; None for any.
        now_like: regular expression that the whole of today's text must match.
    """

    path: str
    was: Any = None
    now: Any = None
    now_like: str | None = None

    def covers(self, difference: Difference) -> bool:
        """Tell whether this is the difference that was meant."""
        if not fnmatchcase(difference.path, _literal_brackets(self.path)):
            return False
        if self.was is not None and not _equal(self.was, difference.was):
            return False
        if self.now_like is not None:
            return isinstance(difference.now, str) and bool(re.fullmatch(self.now_like, difference.now, re.DOTALL))
        return self.now is None or _equal(self.now, difference.now)


@dataclass(frozen=True, slots=True)
class Entry:
    """Changes that follow from one row of a document or one decision.

    Attributes:
        scenarios, exchanges: patterns; an exchange is named as in the recording, or by its number (``#13``),
            a stream of events ``events:<subject>``.
        source: document and section.
        row: beginning of the row's or decision's text.
        changes: what differs in those exchanges.
    """

    scenarios: tuple[str, ...]
    exchanges: tuple[str, ...]
    source: str
    row: str
    changes: tuple[Change, ...]

    def concerns(self, scenario: str, names: tuple[str, ...]) -> bool:
        """Tell whether the entry is about an exchange known under `names`."""
        return any(fnmatchcase(scenario, pattern) for pattern in self.scenarios) and any(
            fnmatchcase(name, pattern) for name in names for pattern in self.exchanges
        )


@dataclass(slots=True)
class Judge:
    """Tells intended differences from faults, and remembers which of the intended ones occurred.

    Attributes:
        entries: what is intended.
        rules: names of the stream rules that apply, with source and row.
    """

    entries: list[Entry]
    rules: dict[str, tuple[str, str]] = field(default_factory=dict)
    seen: Counter[tuple[int, int, str]] = field(default_factory=Counter)

    def unexplained(self, scenario: str, names: tuple[str, ...], differences: list[Difference]) -> list[Difference]:
        """Return those differences of one exchange that no entry names."""
        return [difference for difference in differences if not self._explain(scenario, names, difference)]

    def _explain(self, scenario: str, names: tuple[str, ...], difference: Difference) -> bool:
        explained = False
        for number, entry in enumerate(self.entries):
            if not entry.concerns(scenario, names):
                continue
            for place, change in enumerate(entry.changes):
                if change.covers(difference):
                    self._remember(number, place, names)
                    explained = True
        return explained

    def _remember(self, number: int, place: int, names: tuple[str, ...]) -> None:
        for pattern in self.entries[number].exchanges:
            if any(fnmatchcase(name, pattern) for name in names):
                self.seen[number, place, pattern] += 1

    def vanished(self, scenario: str) -> list[str]:
        """Return the intended differences of `scenario` that did not occur, each as a line for people."""
        return [
            f"{entry.source}, “{entry.row}”: {pattern} {change.path} no longer differs"
            for number, entry in enumerate(self.entries)
            if any(fnmatchcase(scenario, pattern) for pattern in entry.scenarios)
            for place, change in enumerate(entry.changes)
            for pattern in entry.exchanges
            if not self.seen[number, place, pattern]
        ]


def load_judge(file: Path = FILE) -> Judge:
    """Read the file of intended differences."""
    document = tomllib.loads(file.read_text())
    rules = {rule["name"]: (rule["source"], rule["row"]) for rule in document.get("rule", [])}
    return Judge([_entry(table) for table in document.get("difference", [])], rules)


def _entry(table: Mapping[str, Any]) -> Entry:
    unknown = table.keys() - {"scenarios", "exchanges", "source", "row", "changes"}
    assert not unknown, f"unknown keys in {FILE.name}: {unknown}"
    return Entry(
        tuple(table["scenarios"]),
        tuple(table["exchanges"]),
        table["source"],
        table["row"],
        tuple(Change(**change) for change in table["changes"]),
    )


def _equal(listed: Any, found: Any) -> bool:
    if listed == NULL:
        return found is None
    if isinstance(listed, bool) or isinstance(found, bool):
        return listed is found
    if isinstance(listed, dict) and isinstance(found, dict):
        return listed.keys() == found.keys() and all(_equal(listed[key], found[key]) for key in listed)
    return bool(listed == found)


def _literal_brackets(pattern: str) -> str:
    """Let ``[1]`` in a pattern mean itself, since paths are full of it."""
    return pattern.replace("[", "[[]")


__all__ = ["ABSENT", "NULL", "Change", "Entry", "Judge", "load_judge"]
