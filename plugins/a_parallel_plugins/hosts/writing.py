"""The writing end of a child's standard input or of a pseudo-terminal, in the event loop."""

import asyncio
import contextlib
import errno
import os
from collections import deque
from collections.abc import Callable

CHUNK = 64 * 1024


class OutputStream:
    """What a child reads.

    Parameters:
        descriptor: to write to; becomes non-blocking.
        close: closes it.
    """

    def __init__(self, descriptor: int, close: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._close = close
        self._queue: deque[tuple[memoryview, asyncio.Future[None]]] = deque()
        self._closing = False
        self._open = True
        self._writing = False
        os.set_blocking(descriptor, False)

    async def write(self, data: bytes) -> None:
        """Write `data` after what waits, and return when it is taken; a cancelled write is completed too.

        Raises:
            BrokenPipeError: the other side is closed, or this one.
        """
        if self._closing:
            raise BrokenPipeError(errno.EPIPE, "standard input is closed")
        if not data:
            return
        taken: asyncio.Future[None] = self._loop.create_future()
        self._queue.append((memoryview(data), taken))
        if len(self._queue) == 1:
            self._send()
        await taken

    def finish(self) -> None:
        """Close after what waits."""
        self._closing = True
        if not self._queue:
            self.close()

    def close(self) -> None:
        """Close now; whoever waits gets a BrokenPipeError."""
        self._closing = True
        if self._open:
            self._stop_writing()
            self._open = False
            self._close()
        while self._queue:
            _, taken = self._queue.popleft()
            if not taken.done():
                taken.set_exception(BrokenPipeError(errno.EPIPE, "the process does not read its input any more"))

    def _send(self) -> None:
        """Write as much as goes in without waiting, but no more than one chunk before others have their turn."""
        data, taken = self._queue[0]
        try:
            count = os.write(self._descriptor, data[:CHUNK])
        except (BlockingIOError, InterruptedError):
            count = 0
        except OSError:
            self.close()
            return
        if count < len(data):
            self._queue[0] = (data[count:], taken)
        else:
            self._queue.popleft()
            if not taken.done():
                taken.set_result(None)
        self._continue()

    def _continue(self) -> None:
        if self._queue and not self._writing:
            self._loop.add_writer(self._descriptor, self._send)
            self._writing = True
        elif not self._queue:
            self._stop_writing()
            if self._closing:
                self.close()

    def _stop_writing(self) -> None:
        if self._writing:
            self._loop.remove_writer(self._descriptor)
            self._writing = False


async def feed(stream: OutputStream, data: bytes) -> None:
    """Write `data` and close; a child that does not want all of it is no error."""
    with contextlib.suppress(BrokenPipeError):
        await stream.write(data)
    stream.finish()
