"""What programs write, as text for browsers: whole characters, in messages of a bearable number and size."""

import asyncio
import codecs
from collections import deque
from collections.abc import Callable

from a_parallel_contracts.topics import Sockets

INTERVAL = 0.01
"""Seconds between two messages of one program, unless it floods (``websocket.md`` §8)."""

SIZE = 32 * 1024
"""Bytes that go out at once."""

LARGEST = 64 * 1024
"""Bytes of one message at most, as long as nobody feeds more at a time."""

RECENT = 64 * 1024
"""Characters that are kept for who looks later: a screenful, with its colours."""


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


class Recent:
    """The end of what a program has written, for pages that look later: at least the last `limit` characters.

    Parameters:
        limit: characters; not much more is held.
    """

    def __init__(self, limit: int = RECENT) -> None:
        self._limit = limit
        self._texts: deque[str] = deque()
        self._length = 0
        self._cut = False

    def add(self, text: str) -> None:
        """Take what was written."""
        self._texts.append(text)
        self._length += len(text)
        while self._length - len(self._texts[0]) >= self._limit:
            self._length -= len(self._texts.popleft())
            self._cut = True

    @property
    def cut(self) -> bool:
        """Whether `text` lacks something that was written earlier."""
        return self._cut or self._length > self._limit

    @property
    def text(self) -> str:
        """At most `limit` characters; if something is left out, whole lines, so that no control sequence is cut."""
        whole = "".join(self._texts)
        if not self.cut:
            return whole
        end = whole[-self._limit :]
        return end[end.find("\n") + 1 :]
