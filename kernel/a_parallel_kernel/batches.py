"""Collects the frames of one turn of the event loop: a commit publishes many events at once."""

import asyncio
from collections.abc import Callable
from typing import Any

from a_parallel_kernel.sockets import Connection

_NONE = 1 << 63


class Batches:
    """Hands each socket what came for it in one turn of the loop as one piece, in the order in which it came.

    What goes to another audience ends the batch, so the order holds for every socket.

    Attributes:
        plain: sockets of the audience that get frames as they are.
        numbered: those that get the events' numbers, too.
    """

    def __init__(self) -> None:
        self.plain: list[Connection] = []
        self.numbered: list[Connection] = []
        self._key: Any = None
        self._frames: list[bytes] = []
        self._with_numbers: list[tuple[int, bytes]] = []

    def audience(self, key: Any, find: Callable[[], list[Connection]]) -> bool:
        """Turn to the audience called `key`, found anew at most once in a batch; tell whether there is anybody."""
        if not (self._frames or self._with_numbers) or key != self._key:
            self.flush()
            found = find()
            self._key = key
            self.numbered = [connection for connection in found if connection.numbered]
            self.plain = [connection for connection in found if not connection.numbered] if self.numbered else found
        return bool(self.plain or self.numbered)

    def add(self, frame: bytes) -> None:
        """Add a frame for those that get no numbers."""
        self._begin()
        self._frames.append(frame)

    def add_numbered(self, seq: int, frame: bytes) -> None:
        """Add a frame for the others; `seq` is 0 for an event that is not in the log."""
        self._begin()
        self._with_numbers.append((seq, frame))

    def _begin(self) -> None:
        if not (self._frames or self._with_numbers):
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Hand over what there is."""
        frames, self._frames = self._frames, []
        if frames:
            joined = b"".join(frames)
            for connection in self.plain:
                connection.offer(joined)
        numbered, self._with_numbers = self._with_numbers, []
        if numbered:
            joined = b"".join([frame for _, frame in numbered])
            lowest = min((seq for seq, _ in numbered if seq), default=_NONE)
            for connection in self.numbered:
                connection.offer_numbered(numbered, joined, lowest)
