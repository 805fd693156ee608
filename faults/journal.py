"""What a client knows for sure: writes that were acknowledged, and events that it has seen."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"#[a-z0-9-]+#")
"""Marks a prompt, so that it is found again wherever it has gone."""


@dataclass
class Journal:
    """Everything that must still be there afterwards.

    Attributes:
        threads: token of each acknowledged creation → the thread's id.
        messages: token of each acknowledged message → the thread's id.
        pins: thread → the last value that was acknowledged.
        uncertain: tokens of requests to which no answer ever came, and those that were refused.
        refused: answers other than success, by status.
        seen: how often each numbered frame was received.
        kinds: its type.
        first, last: numbers between which every frame must have been received.
        contents: newest content of each message that was told, by its id.
        references: ids that frames with references have told, by topic.
        resets: how often the server said that it could not tell everything.
    """

    threads: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    pins: dict[str, bool] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    seen: Counter[int] = field(default_factory=Counter)
    kinds: dict[int, str] = field(default_factory=dict)
    first: int | None = None
    last: int = 0
    contents: dict[str, str] = field(default_factory=dict)
    references: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    resets: int = 0

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged."""
        return len(self.threads) + len(self.messages) + len(self.pins)

    def frame(self, frame: dict[str, Any]) -> None:
        """Note a frame of a socket that asked for numbers."""
        kind, data = frame["type"], frame["data"]
        if kind in ("sync:ready", "sync:reset"):
            self._synced(kind, int(data["seq"]))
        if "seq" not in frame:
            return
        self.seen[frame["seq"]] += 1
        self.kinds[frame["seq"]] = kind
        self.last = max(self.last, frame["seq"])
        if kind == "agent:message":
            self.contents[data["messageId"]] = data["content"]
            self.references[kind].add(data["messageId"])
        elif kind == "threads:message":
            self.references[kind].add(data["messageId"])
        elif "toolCallId" in data:
            self.references[kind].add(data["toolCallId"])

    def _synced(self, kind: str, number: int) -> None:
        if self.first is None:
            self.first = number
        elif kind == "sync:reset":
            self.resets += 1
        self.last = max(self.last, number)
