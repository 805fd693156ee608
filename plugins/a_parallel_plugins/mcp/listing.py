"""Reads what ``claude mcp list`` prints (``http-features.md`` §1.2)."""

import re
from collections.abc import Iterator

from msgspec import Struct

from a_parallel_plugins.mcp.models import Kind, McpServer, Status

_GLYPHS = "✔✓✘✗!⏸⚠◯○"
_STATUS = re.compile(rf"^(?P<server>.+) - (?P<glyph>[{_GLYPHS}])\s*(?P<text>.*)$")  # greedy: the last " - ✔"
_REMOTE = re.compile(r"^(?P<url>\S+) \((?P<type>HTTP|SSE|WS)\)$", re.IGNORECASE)
_KINDS: dict[str, Kind] = {"HTTP": "http", "SSE": "sse", "WS": "http"}
_NEEDS_AUTH = ("needs auth", "authentication", "http 401", "authorization header", "unauthorized")


class Line(Struct, frozen=True):
    """What the CLI says about a server.

    Attributes:
        name: of the server.
        value: address with type, or command line.
        status: how it is; None where the CLI did not ask it.
    """

    name: str
    value: str
    status: Status | None

    @property
    def server(self) -> McpServer:
        """The server, as well as the line tells; arguments with spaces in them fall apart."""
        remote = _REMOTE.match(self.value)
        if remote is not None:
            kind = _KINDS[remote["type"].upper()]
            return McpServer(name=self.name, type=kind, url=remote["url"], status=self.status)
        command, *args = self.value.split() or [""]
        return McpServer(name=self.name, type="stdio", command=command, args=tuple(args), status=self.status)


def read_listing(text: str) -> Iterator[Line]:
    """Yield the lines that name a server. A name may hold colons, but none that a blank follows."""
    for line in text.splitlines():
        found = _STATUS.match(line.strip())
        name, separator, value = found["server"].partition(": ") if found else ("", "", "")
        if found and separator:
            yield Line(name, value.strip(), _status(found["glyph"], found["text"].lower()))


def _status(glyph: str, text: str) -> Status | None:
    if any(words in text for words in _NEEDS_AUTH):
        return "needs_auth"
    if glyph in "✔✓" or text.startswith("connected"):
        return "ok"
    return "error" if glyph in "✘✗" or "failed" in text or "error" in text else None
