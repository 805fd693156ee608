"""Compares what was recorded with what is served today, and says where they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.placeholders import Bindings

ABSENT = "<absent>"
"""Stands for a key, header, element or event that is not there."""

FRAMING_HEADERS = {"date", "content-length", "connection", "keep-alive", "transfer-encoding"}
"""Headers that say how an answer is transported, not what it says."""

TELLING_HEADERS = {"server", "x-powered-by", "set-cookie", "cache-control", "content-security-policy", "location"}
"""Headers that must be named as a difference when they are there although the recording has none."""

FIXED_TEXTS = {
    "Unauthorized",
    "Too many requests",
    "Project not found",
    "Thread not found",
    "Command not found",
    "name is required",
    "path is required",
    "label is required",
    "command is required",
    "prompt is required",
    "title is required",
    "content is required",
    "toolName is required",
    "message is required",
    "schedule is required",
    "baseBranch is required",
    "projectId is required",
    "projectId required",
    "projectIds must not be empty",
    "paths must not be empty",
    "Claude CLI not installed",
    "Failed to generate commit message",
}
"""Error texts in code font (``http-core.md`` §0: keep them); every other wording is free."""

FIXED_PARTS = ("Not a git repository", "Invalid path: ", "Failed to start agent")
"""Beginnings of recorded texts that must stand in today's text too (``http-core.md`` §5.2, §6.2, §7.1)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where an answer or event of today is not what was recorded.

    Attributes:
        path: where: ``status``, ``headers.vary``, ``json.messages[1].content``, ``agent:status.data.stage``.
        was: as recorded, with placeholders; `ABSENT` for what was not there.
        now: as served, with known values as placeholders.
    """

    path: str
    was: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.path}: {_short(self.was)} → {_short(self.now)}"


def compare_json(was: Any, now: Any, bindings: Bindings, path: str) -> Iterator[Difference]:
    """Yield the places where two JSON values differ, learning placeholders on the way."""
    if isinstance(was, dict) and isinstance(now, dict):
        yield from _compare_objects(was, now, bindings, path)
    elif isinstance(was, list) and isinstance(now, list):
        yield from _compare_arrays(was, now, bindings, path)
    elif not _same(was, now, bindings):
        yield Difference(path, was, bindings.show(now))


def _compare_objects(
    was: Mapping[str, Any], now: Mapping[str, Any], bindings: Bindings, path: str
) -> Iterator[Difference]:
    for key in was:
        if key in now:
            yield from compare_json(was[key], now[key], bindings, f"{path}.{key}")
        else:
            yield Difference(f"{path}.{key}", was[key], ABSENT)
    for key in now:
        if key not in was:
            yield Difference(f"{path}.{key}", ABSENT, bindings.show(now[key]))


def _compare_arrays(was: list[Any], now: list[Any], bindings: Bindings, path: str) -> Iterator[Difference]:
    for index in range(max(len(was), len(now))):
        place = f"{path}[{index}]"
        if index >= len(now):
            yield Difference(place, was[index], ABSENT)
        elif index >= len(was):
            yield Difference(place, ABSENT, bindings.show(now[index]))
        else:
            yield from compare_json(was[index], now[index], bindings, place)


def _same(was: Any, now: Any, bindings: Bindings) -> bool:
    if isinstance(was, str) and isinstance(now, str):
        return bindings.match(was, now)
    if isinstance(was, bool) or isinstance(now, bool):
        return was is now
    return bool(was == now)


def compare_error(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield differences of an error's body, whose wording is free unless a document fixes it."""
    for key in was.keys() | now.keys():
        if key not in now or key not in was:
            yield Difference(f"json.{key}", was.get(key, ABSENT), now.get(key, ABSENT))
        elif not (isinstance(now[key], str) and now[key].strip()):
            yield Difference(f"json.{key}", was[key], now[key])
        elif key == "error" and not wording_fits(was[key], now[key]):
            yield Difference("json.error", was[key], now[key])


def wording_fits(was: str, now: str) -> bool:
    """Tell whether an error's text may stand in place of the recorded one."""
    if was in FIXED_TEXTS:
        return now == was
    return all(part in now for part in FIXED_PARTS if was.startswith(part))


def is_error(body: Any) -> bool:
    """Tell whether a body has the shape of an error (``http-core.md`` §2.8)."""
    return isinstance(body, dict) and "error" in body and body.keys() <= {"error", "message", "details"}


def compare_headers(was: Mapping[str, str], now: Mapping[str, str], bindings: Bindings) -> Iterator[Difference]:
    """Yield differences of the headers of interest; both mappings have names in lower case."""
    for name in was.keys() - FRAMING_HEADERS:
        if name not in now:
            yield Difference(f"headers.{name}", was[name], ABSENT)
        elif not bindings.match(_normal(name, was[name]), _normal(name, now[name])):
            yield Difference(f"headers.{name}", was[name], now[name])
    for name in (now.keys() & (TELLING_HEADERS | _families(now))) - was.keys():
        yield Difference(f"headers.{name}", ABSENT, now[name])


def _families(headers: Mapping[str, str]) -> set[str]:
    return {name for name in headers if name.startswith(("access-control-", "cross-origin-", "x-"))}


def _normal(name: str, value: str) -> str:
    if name == "vary":
        return ", ".join(sorted(part.strip().lower() for part in value.split(",")))
    if name == "content-type":
        return ";".join(part.strip() for part in value.lower().split(";"))
    return value


def _short(value: Any) -> str:
    text = ABSENT if value == ABSENT else repr(value)
    return text if len(text) <= 160 else f"{text[:150]}… ({len(text)} characters)"
