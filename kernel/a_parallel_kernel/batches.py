"""Collects the frames of one turn of the event loop: a commit publishes many events at once."""

import asyncio
from collections.abc import Callable
from typing import Any

from a_parallel_kernel.sockets import Connection


class Batches:
    """Hands each socket what came for it in one turn of the loop as one piece, in the order in which it came.

    What goes to another audience ends the batch, so the order holds for every socket.
    """

    def __init__(self) -> None:
        self._key: Any = None
        self._audience: list[Connection] = []
        self._frames: list[bytes] = []

    def audience(self, key: Any, find: Callable[[], list[Connection]]) -> list[Connection]:
        """Return the audience called `key`, found anew at most once in a batch."""
        if not self._frames or key != self._key:
            self.flush()
            self._key, self._audience = key, find()
        return self._audience

    def add(self, frame: bytes) -> None:
        """Add a frame for the audience that was asked for last."""
        if not self._frames:
            asyncio.get_running_loop().call_soon(self.flush)
        self._frames.append(frame)

    def flush(self) -> None:
        """Hand over what there is."""
        frames, self._frames = self._frames, []
        if frames:
            joined = b"".join(frames)
            for connection in self._audience:
                connection.offer(joined)
