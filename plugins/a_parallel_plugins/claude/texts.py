"""Puts together what the assistant says: from deltas, from finished blocks, or from growing snapshots."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from a_parallel_contracts.agents import TextProduced, ThinkingProduced
from a_parallel_plugins.claude.lines import Abandoned, Delta, Kind, Prose, Said, Started

REMEMBERED = 32
"""Messages whose text is kept to be added to; later lines only ever belong to the newest ones."""

KEPT = 4
"""Messages that are kept for another server."""

Produced = TextProduced | ThinkingProduced


class _Block(Struct):
    """A block of text or thinking; `kind` is None for any other. While it streams, `pieces` are its deltas."""

    kind: Kind | None
    pieces: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def text(self) -> str:
        if len(self.pieces) > 1:
            self.pieces = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


class _Message:
    """The blocks of one message, by index."""

    def __init__(self) -> None:
        self.blocks: dict[int, _Block] = {}
        self.streamed = False

    @property
    def memory(self) -> dict[str, Any]:
        """Its blocks as JSON."""
        blocks = [(index, block.kind, block.text, block.finished) for index, block in self.blocks.items()]
        return {"streamed": self.streamed, "blocks": blocks}

    @classmethod
    def restored(cls, memory: Mapping[str, Any]) -> "_Message":
        """Return the message that `memory` tells of."""
        message = cls()
        message.streamed = memory["streamed"]
        message.blocks = {
            index: _Block(kind, [text], finished=finished) for index, kind, text, finished in memory["blocks"]
        }
        return message

    def text(self, kind: Kind) -> str:
        """Return all text of `kind`: blocks joined by blank lines."""
        blocks = [self.blocks[index] for index in sorted(self.blocks)] if len(self.blocks) > 1 else self.blocks.values()
        return "\n\n".join([text for block in blocks if block.kind == kind and (text := block.text)])

    def start(self, index: int, kind: Kind | None) -> None:
        """Begin a streamed block."""
        self.streamed = True
        self.blocks[index] = _Block(kind)

    def finish(self, kind: Kind | None, text: str) -> bool:
        """Take the final text of the streamed block that is not finished yet; False if there is none."""
        waiting = (block for block in self.blocks.values() if block.kind == kind and not block.finished)
        block = next(waiting, None)
        if block is None:
            return False
        block.pieces, block.finished = [text], True
        return True

    def merge(self, kind: Kind, texts: list[str]) -> None:
        """Take blocks that were not streamed.

        Older CLIs send the whole message so far each time, newer ones each block once
        (``agent-lifecycle.md`` §4): what extends the last block replaces it, what is known is left out.
        """
        known = [block for block in self.blocks.values() if block.kind == kind]
        if _is_snapshot([block.text for block in known], texts):
            for block, text in zip(known, texts, strict=False):
                block.pieces = [text]
            texts = texts[len(known) :]
        elif known and len(texts) == 1 and texts[0].startswith(known[-1].text):
            known[-1].pieces, texts = [texts[0]], []
        seen = {block.text for block in known}
        for text in texts:
            if text not in seen:
                self.blocks[max(self.blocks, default=-1) + 1] = _Block(kind, [text], finished=True)

    def drop(self, index: int) -> set[Kind]:
        """Take back unfinished blocks from `index` on and return of which kinds they were."""
        dropped = [number for number, block in self.blocks.items() if number >= index and not block.finished]
        return {kind for number in dropped if (kind := self.blocks.pop(number).kind)}


def _is_snapshot(known: list[str], texts: list[str]) -> bool:
    """Tell whether `texts` repeat all of `known`, the last of which may have grown."""
    if not known or len(texts) < len(known):
        return False
    return texts[: len(known) - 1] == known[:-1] and texts[len(known) - 1].startswith(known[-1])


class Texts:
    """The texts of a session's messages: turns lines into events that each hold the whole text so far."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, _Message] = OrderedDict()
        self._grown: dict[tuple[str, Kind], None] = {}

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON: the newest messages alone can still grow."""
        newest = list(self._messages)[-KEPT:]
        return {
            "messages": {id: self._messages[id].memory for id in newest},
            "grown": [key for key in self._grown if key[0] in newest],
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`."""
        self._messages = OrderedDict((id, _Message.restored(kept)) for id, kept in memory["messages"].items())
        self._grown = dict.fromkeys((id, kind) for id, kind in memory["grown"])

    def started(self, line: Started) -> None:
        """Take note of a streamed block."""
        self._message(line.message_id).start(line.index, line.kind)

    def grow(self, line: Delta) -> None:
        """Take a piece of a streamed block; `partial` has what grew."""
        message = self._message(line.message_id)
        if line.index not in message.blocks:
            message.start(line.index, line.kind)
        message.blocks[line.index].pieces.append(line.text)
        self._grown[line.message_id, line.kind] = None

    def partial(self) -> list[Produced]:
        """Return the texts that have grown since they were last told."""
        grown, self._grown = list(self._grown), {}
        return [self._event(*key, partial=True) for key in grown if key[0] in self._messages]

    @property
    def has_grown(self) -> bool:
        """Whether `partial` would return anything."""
        return bool(self._grown)

    def said(self, line: Said) -> list[Produced]:
        """Take finished blocks and return the texts of the message that have changed."""
        message = self._message(line.message_id)
        told: list[Produced] = []
        for kind in _KINDS:
            texts = [block.text for block in line.blocks if isinstance(block, Prose) and block.kind == kind]
            if any(texts):
                text = self._merge(line.message_id, message, kind, [text for text in texts if text])
                told += [_PRODUCED[kind](line.message_id, text, False)] if text is not None else []
        return told

    def _merge(self, message_id: str, message: _Message, kind: Kind, texts: list[str]) -> str | None:
        """Add finished blocks and return the whole text, or None if there is nothing new to say."""
        before = message.text(kind)
        if not (message.streamed and len(texts) == 1 and message.finish(kind, texts[0])):
            message.merge(kind, texts)
        self._grown.pop((message_id, kind), None)
        after = message.text(kind)
        return after if message.streamed or after != before else None

    def abandoned(self, line: Abandoned) -> list[Produced]:
        """Take back what a broken stream left unfinished and return the corrected texts."""
        kinds = self._message(line.message_id).drop(line.index)
        for kind in kinds:
            self._grown.pop((line.message_id, kind), None)
        return [self._event(line.message_id, kind, partial=False) for kind in sorted(kinds)]

    def _event(self, message_id: str, kind: Kind, *, partial: bool) -> Produced:
        return _PRODUCED[kind](message_id, self._messages[message_id].text(kind), partial)

    def _message(self, message_id: str) -> _Message:
        message = self._messages.get(message_id)
        if message is None:
            message = self._messages[message_id] = _Message()
        self._messages.move_to_end(message_id)
        while len(self._messages) > REMEMBERED:
            self._messages.popitem(last=False)
        return message


_KINDS: tuple[Kind, ...] = ("thinking", "text")
_PRODUCED: dict[Kind, type[TextProduced] | type[ThinkingProduced]] = {
    "text": TextProduced,
    "thinking": ThinkingProduced,
}
