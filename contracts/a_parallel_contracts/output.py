"""What programs write, as text for browsers: whole characters, in messages of a bearable number and size."""

import asyncio
import codecs
from collections.abc import Callable

from a_parallel_contracts.topics import Sockets

INTERVAL = 0.01
"""Seconds between two messages of one program, unless it floods (``websocket.md`` §8)."""

SIZE = 32 * 1024
"""Bytes that go out at once."""

LARGEST = 64 * 1024
"""Bytes of one message at most, as long as nobody feeds more at a time."""


class TextOutput:
    """Turns the bytes that a program writes into texts.

    What comes after a pause goes out at once, so that an echo is not delayed; what follows closely is
    gathered. Multi-byte characters are never split; invalid bytes become U+FFFD.

    Parameters:
        emit: gets each text; none is empty.
        interval: seconds for which bytes are gathered.
        size: bytes that are not gathered any longer.
    """

    def __init__(self, emit: Callable[[str], None], *, interval: float = INTERVAL, size: int = SIZE) -> None:
        self._emit = emit
        self._interval = interval
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._gathered: list[bytes] = []
        self._length = 0
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Take what was written."""
        if self._length + len(data) > LARGEST:
            self.flush()
        self._gathered.append(data)
        self._length += len(data)
        if self._length >= self._size or self._loop.time() >= self._next:
            self.flush()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._next, self.flush)

    def flush(self) -> None:
        """Send what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._gathered:
            return
        text = self._decoder.decode(b"".join(self._gathered))
        self._gathered.clear()
        self._length = 0
        self._next = self._loop.time() + self._interval
        if text:
            self._emit(text)

    def finish(self) -> None:
        """Send what was gathered, and a replacement for a character that will not be completed."""
        self.flush()
        if rest := self._decoder.decode(b"", final=True):
            self._emit(rest)


async def room(sockets: Sockets, user_id: str, hurry: "asyncio.Future[None]") -> None:
    """Wait until the sockets of a user have taken what they were sent, so that whoever writes is slowed down.

    Parameters:
        sockets: the hub.
        user_id: who sees the output; nothing waits for somebody who is not connected.
        hurry: whoever sets it does not want to wait any longer.
    """
    if not sockets.congested(user_id):
        return
    drained = asyncio.ensure_future(sockets.drained(user_id))
    try:
        await asyncio.wait({drained, hurry}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        drained.cancel()
