"""Placeholders of the recordings: what they may stand for, and what they turned out to stand for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

PATTERNS: Mapping[str, str] = {
    "id": r"[A-Za-z0-9_-]{21}",
    "proj": r"[A-Za-z0-9_-]{21}",
    "thr": r"[A-Za-z0-9_-]{21}",
    "au": r"[A-Za-z0-9_-]{21}",
    "ts": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "sha": r"[0-9a-f]{40}",
    "shortsha": r"[0-9a-f]{7,40}",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "hex64": r"[0-9a-f]{64}",
    "token": r"[0-9a-f]{64}",
    "br": r"[^\s'\"]+?",
    "wt": r"/[^\s'\"]+?",
    "len": r"\d+",
    "date": r"[^\"]+?",
    "asset": r".+",
    "httpdate": r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
}
"""What each kind of placeholder may stand for (``database.md`` §4 for ids and timestamps)."""

ANONYMOUS = {"shortsha", "len", "date", "httpdate", "asset"}
"""Kinds without a number: each occurrence stands for itself."""

FOLDERS = ("work", "base", "hostport", "claude", "gone_dir", "asset_js", "asset_css", "dist")
"""Placeholders whose meaning the replay itself gives."""

TOKEN = re.compile(
    r"<(?:(id|ts|sha|uuid|hex64):\d+"
    r"|(proj|thr|au|br|wt)_\w+(?::base)?"
    rf"|(token|len|date|httpdate|shortsha|asset|{'|'.join(FOLDERS)}))>"
)


class Unbound(LookupError):
    """A placeholder is needed whose meaning is not known, because an earlier exchange went differently."""


@dataclass(slots=True)
class Bindings:
    """What the placeholders of one replay stand for.

    Attributes:
        values: placeholder with its angle brackets → value.
    """

    values: dict[str, str] = field(default_factory=dict)

    def bind(self, name: str, value: str) -> None:
        """Give a placeholder its meaning."""
        self.values[f"<{name}>"] = value

    def value(self, placeholder: str) -> str:
        """Return what a placeholder stands for.

        Raises:
            Unbound: nothing has given it a meaning yet.
        """
        if placeholder.endswith(":base>"):
            return PurePath(self.value(placeholder.removesuffix(":base>") + ">")).name
        if placeholder not in self.values:
            raise Unbound(placeholder)
        return self.values[placeholder]

    def fill(self, template: Any) -> Any:
        """Return a request's text or JSON with the placeholders replaced by what they stand for."""
        if isinstance(template, str):
            return TOKEN.sub(lambda found: self.value(found[0]), template)
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        if isinstance(template, dict):
            return {self.fill(key): self.fill(item) for key, item in template.items()}
        return template

    def match(self, expected: str, actual: str) -> bool:
        """Tell whether a recorded text fits a text of today, and learn the meaning of new placeholders."""
        names: dict[str, str] = {}
        found = re.fullmatch("".join(self._pieces(expected, names)), actual, re.DOTALL)
        if found is None:
            return False
        learned = {placeholder: found[group] for placeholder, group in names.items()}
        if any(self._taken(placeholder, value) for placeholder, value in learned.items()):
            return False
        self.values.update(learned)
        return True

    def _pieces(self, expected: str, names: dict[str, str]) -> Iterator[str]:
        """Translate a recorded text into pieces of a regular expression; fill `names` with its groups."""
        end = 0
        for found in TOKEN.finditer(expected):
            yield re.escape(expected[end : found.start()])
            yield self._piece(found[0], _kind(found), names)
            end = found.end()
        yield re.escape(expected[end:])

    def _piece(self, placeholder: str, kind: str, names: dict[str, str]) -> str:
        if kind in ANONYMOUS:
            return PATTERNS[kind]
        if placeholder in self.values or placeholder.endswith(":base>"):
            return re.escape(self.value(placeholder))
        if placeholder in names:
            return f"(?P={names[placeholder]})"
        if kind not in PATTERNS:
            raise Unbound(placeholder)
        names[placeholder] = f"g{len(names)}"
        return f"(?P<{names[placeholder]}>{PATTERNS[kind]})"

    def _taken(self, placeholder: str, value: str) -> bool:
        if re.match(r"<(?:id|proj|thr|au)[:_]", placeholder) is None:
            return False
        return value in self.values.values()

    def show(self, actual: Any) -> Any:
        """Return JSON of today with known values replaced by their placeholders, for people to read."""
        if isinstance(actual, str):
            return self._show_text(actual)
        if isinstance(actual, list):
            return [self.show(item) for item in actual]
        if isinstance(actual, dict):
            return {key: self.show(item) for key, item in actual.items()}
        return actual

    def _show_text(self, text: str) -> str:
        for placeholder, value in sorted(self.values.items(), key=lambda item: -len(item[1])):
            if len(value) > 3:
                text = text.replace(value, placeholder)
        return text


def _kind(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group)
