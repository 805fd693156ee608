"""The recordings of the reference server: what was asked, answered and sent (``golden/README.md``)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parent / "golden"

ORDER = ("s01_meta", "s02_projects", "s04_threads_basic", "s08_git", "s12_automations")
"""The scenarios in the order in which they were recorded, on one data directory."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One line of a recording.

    Attributes:
        index: number of the line, from 0.
        kind: ``http``, ``ws-open``, ``ws-send``, ``bind`` or ``note``.
        name: of the exchange; some were normalised to ``<id:N>`` and are told apart by their number.
        line: the whole line.
    """

    index: int
    kind: str
    name: str
    line: Mapping[str, Any]

    @property
    def raw(self) -> bool:
        """The request is bytes for the socket."""
        return bool(self.line.get("raw"))

    @property
    def status(self) -> int:
        """Status of the recorded answer."""
        return int(self.line["status"])

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the recorded answer; none if it was not an HTTP exchange."""
        return dict(self.line.get("resp_headers", {}))

    @property
    def body(self) -> dict[str, Any]:
        """The recorded body under ``json`` or ``text``; raw answers in JSON are parsed."""
        if "json" in self.line:
            return {"json": self.line["json"]}
        text = self.line.get("text", "")
        if self.raw and self.headers.get("content-type", "").startswith("application/json"):
            return {"json": json.loads(text)}
        return {"text": text}

    @property
    def request_body(self) -> Any:
        """Text of the request's body with placeholders; None without one."""
        if "req_text" in self.line:
            return self.line["req_text"]
        if "req_json" in self.line:
            return self.line["req_json"]
        return None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One frame that a client received."""

    client: str
    subject: str
    event: Mapping[str, Any]

    @property
    def type(self) -> str:
        """Name of the topic."""
        return str(self.event["type"])


@dataclass(frozen=True, slots=True)
class Recording:
    """One scenario.

    Attributes:
        name: of the scenario.
        exchanges: in the order in which they happened.
        events: in the order of their arrival, without those that tell of a socket's end.
    """

    name: str
    exchanges: list[Exchange] = field(default_factory=list)
    events: list[RecordedEvent] = field(default_factory=list)

    def subjects(self, client: str) -> dict[str, list[Mapping[str, Any]]]:
        """Return the events of one client by their subject, each list in order."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for event in self.events:
            if event.client == client:
                found.setdefault(event.subject, []).append(event.event)
        return found


@cache
def load(scenario: str) -> Recording:
    """Read one scenario and its events."""
    return Recording(
        scenario,
        [_exchange(index, line) for index, line in enumerate(_lines(f"{scenario}.jsonl"))],
        [event for line in _lines(f"{scenario}.ws.jsonl") if (event := _event(line)).type != "__close__"],
    )


def _exchange(index: int, line: Mapping[str, Any]) -> Exchange:
    name = line["text"] if line["kind"] == "note" else line.get("name") or f"{line['kind']}-{index}"
    return Exchange(index, line["kind"], name, line)


def _event(line: Mapping[str, Any]) -> RecordedEvent:
    return RecordedEvent(line["client"], line["subject"], line["event"])


def _lines(name: str) -> list[Mapping[str, Any]]:
    file = DIRECTORY / name
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
