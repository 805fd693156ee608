"""The assistant's rows: one until a tool call, a result or a user message intervenes (``websocket.md`` §5)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from a_parallel_contracts import new_id
from a_parallel_plugins.agents.changes import TextAdded, TextChanged, ThinkingAdded
from a_parallel_plugins.agents.recent import keep

Changes = list[TextAdded | TextChanged | ThinkingAdded]

UPDATE_INTERVAL = 0.2
"""Seconds between two updates of a row whose text is still streaming."""
FRAME_GAP = 0.1
"""Seconds between two rows with no tool call between them: the client keeps the last of one frame only."""
LARGE_TEXT = 16 * 1024
"""Characters from which whole messages are throttled like streaming ones, since each update sends it all."""
KEPT_MESSAGES = 64
"""Messages whose row is remembered, for tool calls that follow."""
KEPT_TEXTS = 4
"""Messages whose text is remembered after its row has ended, since the rest may follow a tool call."""

SEPARATOR = "\n\n"


class OpenRow(Struct):
    """The row that text goes to at present.

    Attributes:
        id: of the message.
        parts: text by the provider's message id.
        streaming: ids of messages of which more is on its way.
        size: characters, roughly.
        inserted: the row exists.
        dirty: the text has changed since it was written.
        urgent: a whole message is among what has changed.
        not_before: time until which it is not written unless something else follows.
        last_chance: it ends with the message that is streaming.
    """

    id: str
    not_before: float
    parts: dict[str, str] = field(default_factory=dict)
    streaming: set[str] = field(default_factory=set)
    size: int = 0
    inserted: bool = False
    dirty: bool = False
    urgent: bool = False
    last_chance: bool = False

    def put(self, message_id: str, text: str, *, partial: bool) -> None:
        """Take over the text of a message.

        What does not extend the finished text of a message is another block of it, and follows it.
        """
        known = self.parts.get(message_id, "")
        if message_id in self.parts and message_id not in self.streaming and not text.startswith(known):
            text = known + SEPARATOR + text
        (self.streaming.add if partial else self.streaming.discard)(message_id)
        if text != known:
            self.parts[message_id] = text
            self.size += len(text) - len(known)
            self.dirty = True
            self.urgent = self.urgent or not partial

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        return {**asdict(self), "streaming": sorted(self.streaming), "not_before": 0.0}

    @property
    def content(self) -> str:
        """The whole text."""
        return SEPARATOR.join(part for part in self.parts.values() if part)


class TextRows:
    """Turns text and thinking into rows. Times are those of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.silent = False
        self.last_row: str | None = None
        self._row: OpenRow | None = None
        self._rows: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._written_at = 0.0
        self._barrier = True
        self._thought: dict[str, str] = {}
        self._thinking: dict[str, str] = {}
        self._streaming_thinking: dict[str, str] = {}

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        return {
            "silent": self.silent,
            "last_row": self.last_row,
            "row": self._row.memory if self._row is not None else None,
            "rows": dict(self._rows),
            "said": dict(self._said),
            "barrier": self._barrier,
            "thought": dict(self._thought),
            "thinking": dict(self._thinking),
            "streaming_thinking": dict(self._streaming_thinking),
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`; its clock was another one."""
        self.silent, self.last_row, self._barrier = memory["silent"], memory["last_row"], memory["barrier"]
        row = memory["row"]
        self._row = OpenRow(**{**row, "streaming": set(row["streaming"])}) if row is not None else None
        self._rows, self._said = dict(memory["rows"]), dict(memory["said"])
        self._thought, self._thinking = dict(memory["thought"]), dict(memory["thinking"])
        self._streaming_thinking = dict(memory["streaming_thinking"])

    def text(self, message_id: str, text: str, *, partial: bool, at: float) -> Changes:
        """Take over the text of a message; written by `flush`, `close` or `parent`."""
        text = _rest(self._said, message_id, text)
        changes: Changes = []
        row = self._row
        if row is not None and message_id not in row.parts and row.last_chance:
            changes = self.close(at)
            row = None
        if row is None:
            if not text:
                return changes
            row = self._open(at)
        row.put(message_id, text, partial=partial)
        keep(self._rows, message_id, row.id, KEPT_MESSAGES)
        if row.last_chance and not row.streaming:
            changes += self.close(at)
        return changes

    def thinking(self, message_id: str, text: str, *, partial: bool) -> None:
        """Take over the thinking of a message; written with the row that follows or is open."""
        if partial:
            self._streaming_thinking[message_id] = text
            return
        self._streaming_thinking.pop(message_id, None)
        self._thinking[message_id] = text

    def parent(self, message_id: str, at: float) -> tuple[str, Changes]:
        """Return the row that a tool call of a message belongs to, and what has to be written before it."""
        row_id = self._row.id if self._row is not None else self._rows.get(message_id)
        if row_id is None:
            self._row = self._open(at)
            row_id = self._row.id
        changes = self.close(at, barrier=True)
        keep(self._rows, message_id, row_id, KEPT_MESSAGES)
        return row_id, changes

    def user_message(self, at: float) -> Changes:
        """End the row, but let a message that is streaming come to its end first."""
        if self._row is not None and self._row.streaming:
            self._row.last_chance = True
            return []
        return self.close(at)

    def finish(self, at: float) -> Changes:
        """End the row and keep thinking that never came to its end, since the turn is over."""
        self._thinking |= self._streaming_thinking
        self._streaming_thinking.clear()
        return self.close(at, barrier=True)

    def flush(self, at: float) -> Changes:
        """Write what may be written by now."""
        due = self.due
        return self._write(at) if due is not None and due <= at else []

    @property
    def due(self) -> float | None:
        """When `flush` is to be called again."""
        row = self._row
        if row is None or not row.dirty:
            return None
        if not row.inserted:
            return row.not_before
        return self._written_at if row.urgent and row.size < LARGE_TEXT else self._written_at + UPDATE_INTERVAL

    def close(self, at: float, *, barrier: bool = False) -> Changes:
        """Write everything and end the row; `barrier` if a tool call or a result follows."""
        changes: Changes = []
        row = self._row
        if row is not None:
            changes = self._write(at) if row.dirty or not row.inserted else []
            for message_id, text in row.parts.items():
                keep(self._said, message_id, self._said.get(message_id, "") + text, KEPT_TEXTS)
            self._row = None
        self._barrier = self._barrier or barrier
        return changes + self._attach()

    def _open(self, at: float) -> OpenRow:
        not_before = at if self._barrier else max(at, self._written_at + FRAME_GAP)
        self._barrier = False
        self._row = OpenRow(new_id(), not_before)
        return self._row

    def _write(self, at: float) -> Changes:
        row = self._row
        if row is None:
            return []
        change = (TextChanged if row.inserted else TextAdded)(row.id, row.content, self.silent)
        row.inserted, row.dirty, row.urgent = True, False, False
        self.last_row = row.id
        self._written_at = at
        return [change, *self._attach()]

    def _attach(self) -> Changes:
        """Write the thinking that has no row yet beside the last one."""
        if self.last_row is None or not self._thinking:
            return []
        new = [_rest(self._thought, message_id, text) for message_id, text in self._thinking.items()]
        for message_id, text in self._thinking.items():
            keep(self._thought, message_id, text, KEPT_TEXTS)
        self._thinking.clear()
        joined = SEPARATOR.join(text for text in new if text)
        return [ThinkingAdded(self.last_row, joined)] if joined else []


def _rest(known: Mapping[str, str], message_id: str, text: str) -> str:
    """Return what a message's whole text adds to what was taken of it before."""
    before = known.get(message_id)
    return text[len(before) :].lstrip("\n") if before and text.startswith(before) else text
