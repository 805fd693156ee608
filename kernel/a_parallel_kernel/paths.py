"""Paths of requests and patterns of routes, cut into segments."""

import re
from functools import cached_property, lru_cache
from urllib.parse import unquote_to_bytes

from msgspec import Struct

_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_PARAMETER = re.compile(r"\{([A-Za-z_]\w*)(:path)?\}")

DOTS = frozenset({".", ".."})
RESERVED = frozenset({"api", "ws"})
"""First segments that only a literal matches: a catch-all never answers for the API (``http-core.md`` §2.11)."""


class RouteError(ValueError):
    """A route cannot be mounted; the text says which one and what to change."""


@lru_cache(512)  # pages ask for the same few paths again and again
def segments_of(raw: str) -> tuple[str, ...] | None:
    """Return the decoded segments of a percent-encoded path, or None if it has no meaning as UTF-8 text.

    Cutting comes before decoding (RFC 3986 §2.2), so an encoded slash stays inside its segment. A path
    that ends in a slash has an empty last segment.
    """
    parts = raw.removeprefix("/").split("/")
    if "%" not in raw and "\0" not in raw and raw.isascii():
        return tuple(parts)
    if _BAD_ESCAPE.search(raw):
        return None
    try:
        decoded = tuple(unquote_to_bytes(part).decode() for part in parts)
    except UnicodeError:
        return None
    return None if any("\0" in part for part in decoded) else decoded


class Segment(Struct, frozen=True):
    """One segment of a pattern: a literal `text`, or a parameter of that name, or the rest of the path."""

    text: str
    parameter: bool = False
    tail: bool = False

    @property
    def shape(self) -> str:
        """What two patterns must share to match the same paths; no literal contains a brace."""
        return ("{*}" if self.tail else "{}") if self.parameter else self.text


class Pattern(Struct, frozen=True, dict=True):
    """A route's path, taken apart."""

    path: str
    segments: tuple[Segment, ...]

    @cached_property
    def shape(self) -> tuple[str, ...]:
        """The pattern without the names of its parameters."""
        return tuple(segment.shape for segment in self.segments)

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters, in order."""
        return [segment.text for segment in self.segments if segment.parameter]

    def values(self, found: tuple[str, ...]) -> dict[str, str]:
        """Return the parameters' values in a path that matches."""
        values = {}
        for index, segment in enumerate(self.segments):
            if segment.parameter:
                values[segment.text] = "/".join(found[index:]) if segment.tail else found[index]
        return values


def parse_pattern(path: str) -> Pattern:
    """Take a route's path apart.

    Raises:
        RouteError: it is none, or lies where routes of plugins cannot.
    """
    parts = path[1:].split("/")
    problem = _problem(path, parts)
    if problem:
        raise RouteError(f"{path}: {problem}")
    segments = tuple(_segment(part) for part in parts)
    names = [segment.text for segment in segments if segment.parameter]
    if len(set(names)) < len(names):
        raise RouteError(f"{path}: a parameter's name occurs twice")
    if any(segment.tail for segment in segments[:-1]):
        raise RouteError(f"{path}: only the last segment can be the rest of the path")
    return Pattern(path, segments)


def _problem(path: str, parts: list[str]) -> str | None:
    if not path.startswith("/"):
        return "a path begins with a slash"
    if path != "/" and "" in parts:
        return "empty segments and a slash at the end match nothing"
    if parts[0] == "ws" or (parts[0] == "plugins" and len(parts) > 1):
        return "the paths /ws and /plugins/… are the server's own"
    if parts[0] == "api" and path.endswith(":path}"):
        return "no rest of the path below /api; pass it in the query string, or encoded as one segment"
    return None


def _segment(part: str) -> Segment:
    match = _PARAMETER.fullmatch(part)
    if match:
        return Segment(match[1], parameter=True, tail=bool(match[2]))
    if "{" in part or "}" in part or part in DOTS:
        raise RouteError(f"{part}: a segment is either literal text or {{name}} as a whole")
    return Segment(part)
