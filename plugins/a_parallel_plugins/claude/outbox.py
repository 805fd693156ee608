"""What a session has to tell, until its consumer takes it: bounded, so that a slow consumer slows the CLI down."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from a_parallel_contracts.agents import AgentEvent, Checkpoint, Exited, TextProduced, ThinkingProduced

MAX_EVENTS = 512
MAX_BYTES = 8 * 1024 * 1024
"""Bounds of what waits; the weight of an event is that of the line it came from."""


class Outbox:
    """A queue of events, ended by `Exited`. Producers await `room` before they read on."""

    def __init__(self) -> None:
        self._events: deque[tuple[AgentEvent, int, Checkpoint | None]] = deque()
        self._bytes = 0
        self._unbounded = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, event: AgentEvent, weight: int = 0) -> None:
        """Add an event; an update of a text takes the place of one that still waits at the end."""
        if self._events and _updates(self._events[-1][0], event):
            self._bytes -= self._events.pop()[1]
        self._events.append((event, weight, None))
        self._bytes += weight
        self._filled.set()
        self._measure()

    def mark(self, checkpoint: Checkpoint) -> None:
        """Let `checkpoint` follow what waits, in the place of an earlier one there."""
        if self._events and not isinstance(self._events[-1][0], Exited):
            event, weight, _ = self._events.pop()
            kept = (checkpoint, 0, None) if isinstance(event, Checkpoint) else (event, weight, checkpoint)
            self._events.append(kept)
        elif not self._events:
            self.put(checkpoint)

    @property
    def has_room(self) -> bool:
        """Whether more may be put at once."""
        return self._room.is_set()

    async def room(self) -> None:
        """Return when more may be put."""
        await self._room.wait()

    @contextmanager
    def unbounded(self) -> Iterator[None]:
        """Let more be put than the bounds allow, while the consumer itself waits for what is still to be read."""
        self._unbounded += 1
        self._measure()
        try:
            yield
        finally:
            self._unbounded -= 1
            self._measure()

    def lift(self) -> None:
        """Give up the bounds: what is still to come is little, and must not wait for a consumer."""
        self._unbounded += 1
        self._measure()

    async def events(self) -> AsyncIterator[AgentEvent]:
        """Iterate over the events until `Exited`."""
        while True:
            while not self._events:
                self._filled.clear()
                await self._filled.wait()
            event, weight, checkpoint = self._events.popleft()
            self._bytes -= weight
            self._measure()
            yield event
            if checkpoint is not None:
                yield checkpoint
            if isinstance(event, Exited):
                return

    def _measure(self) -> None:
        if self._unbounded or (len(self._events) < MAX_EVENTS and self._bytes < MAX_BYTES):
            self._room.set()
        else:
            self._room.clear()


def _updates(old: AgentEvent, new: AgentEvent) -> bool:
    """Tell whether `new` says all that `old` said: both are the text of one message."""
    if isinstance(old, TextProduced) and isinstance(new, TextProduced):
        return old.message_id == new.message_id
    if isinstance(old, ThinkingProduced) and isinstance(new, ThinkingProduced):
        return old.message_id == new.message_id
    return False
