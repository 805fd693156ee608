"""The reading end of a child's output, in the event loop, with backpressure on who writes.

``asyncio.StreamReader`` breaks on lines over its limit, and buffers whatever comes when that is raised.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable

CHUNK = 64 * 1024
HIGH_WATER = 1024 * 1024
"""Unread bytes at which reading pauses, so that the pipe fills and the writer waits."""

LOW_WATER = 256 * 1024
TAIL = 8 * 1024
PIPE_LIMIT = 1024 * 1024
"""The largest pipe that an ordinary user's program can make (pipe(7))."""


class InputStream:
    """What a child writes.

    Parameters:
        descriptor: to read from; becomes non-blocking.
        close: closes it.
        held: too many unread bytes pause reading; otherwise the older ones are dropped, until somebody begins
            to read.
        high_water: unread bytes that are too many.

    Attributes:
        ended: done when everything that will come has been read from the descriptor.
        closed: done when the descriptor is closed.
    """

    def __init__(
        self,
        descriptor: int,
        close: Callable[[], None],
        *,
        held: bool = True,
        high_water: int = HIGH_WATER,
        burst: int = 1,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._close = close
        self._held = held
        self._high_water = high_water
        self._burst = burst
        self._buffer = bytearray()
        self._tail = b""
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._open = True
        self._reading = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._resume()

    @property
    def tail(self) -> bytes:
        """The last bytes that were written up to now, read by anybody or not."""
        if not self._held:
            self._catch_up()
        return self._tail

    @property
    def unread(self) -> int:
        """Number of bytes that wait for whoever reads."""
        return len(self._buffer)

    @property
    def paused(self) -> bool:
        """Whether so much waits that nothing is read, and whoever writes has to wait."""
        return self._open and not self._reading

    async def read(self, limit: int = CHUNK) -> bytes:
        """Return at least one byte and at most `limit`; none at the end.

        Raises:
            RuntimeError: somebody else is reading.
        """
        if self._buffer:
            await asyncio.sleep(0)  # whoever reads a flood lets others have their turn
        while not self._buffer and not self.ended.done():
            await self._more()
        if len(self._buffer) <= limit:
            data, self._buffer = bytes(self._buffer), bytearray()
        else:
            data = bytes(self._buffer[:limit])
            del self._buffer[:limit]
        if len(self._buffer) < min(LOW_WATER, self._high_water):
            self._resume()
        return data

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over what comes; while somebody does, unread bytes are kept and pause reading."""
        before, self._held = self._held, True
        try:
            while data := await self.read():
                yield data
        finally:
            self._held = before
            if not before:
                self._resume()

    def finish(self, linger: float) -> None:
        """Take what a writer that has exited left behind, then end when all writers are gone or `linger` is over.

        Everything the writer wrote is in the pipe by now, so this reads it, whether anybody is waiting for
        it or not.

        Parameters:
            linger: seconds that others who hold the pipe may still be heard.
        """
        self._catch_up()
        if not self.ended.done():
            self._timer = self._loop.call_later(linger, self.cut)

    def cut(self) -> None:
        """End now; what still comes is thrown away, so that nobody who writes it is stopped or killed by that."""
        self._conclude()
        self._resume()

    def close(self) -> None:
        """End now and close the descriptor."""
        if self._open:
            self._pause()
            self._open = False
            self._close()
            self.closed.set_result(None)
        self._conclude()

    def _catch_up(self) -> None:
        """Take what is in the pipe now, but no more than a pipe holds: somebody may be writing on."""
        room = PIPE_LIMIT
        while self._open and room > 0 and (count := self._receive()):
            room -= count

    def _conclude(self) -> None:
        if self._timer:
            self._timer.cancel()
        if not self.ended.done():
            self.ended.set_result(None)
        self._wake()

    async def _more(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("somebody else is reading this stream")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _ready(self) -> None:
        room = self._burst
        while self._reading and room > 0 and (count := self._receive()):
            room -= count

    def _receive(self) -> int:
        """Read once and return the number of bytes; 0 when nothing is there now or ever again."""
        try:
            data = os.read(self._descriptor, CHUNK)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: nobody holds the other side of the terminal any more
                self.close()
                raise
            data = b""
        if data:
            self._take(data)
        else:
            self.close()
        return len(data)

    def _take(self, data: bytes) -> None:
        if self.ended.done():
            return
        self._tail = (self._tail + data)[-TAIL:]
        self._buffer += data
        if not self._held:
            del self._buffer[: -self._high_water]
        elif len(self._buffer) >= self._high_water:
            self._pause()
        self._wake()

    def _pause(self) -> None:
        if self._reading:
            self._loop.remove_reader(self._descriptor)
            self._reading = False

    def _resume(self) -> None:
        if self._open and not self._reading:
            self._loop.add_reader(self._descriptor, self._ready)
            self._reading = True


async def collect(stream: InputStream, limit: int | None) -> tuple[bytes, bool]:
    """Return everything that comes, and whether it was cut at `limit` bytes."""
    collected: list[bytes] = []
    size = 0
    while data := await stream.read(HIGH_WATER):
        collected.append(data)
        size += len(data)
        if limit is not None and size > limit:
            return b"".join(collected)[:limit], True
    return b"".join(collected), False
