"""Writes to the CLI's standard input, one line after another, without making anybody wait for the pipe."""

import asyncio
from collections import deque

from a_parallel_contracts.hosts import Process


class Writer:
    """A queue of lines for one process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lines: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._closing = False
        self._broken = False

    @property
    def open(self) -> bool:
        """Whether a line put now may still be read."""
        return not (self._closing or self._broken)

    def put(self, line: bytes) -> bool:
        """Queue a line; False if the pipe is closed."""
        if not self.open:
            return False
        self._lines.append(line)
        self._filled.set()
        return True

    def close(self) -> None:
        """Send end of file after what waits."""
        self._closing = True
        self._filled.set()

    async def run(self) -> None:
        """Write until the pipe is closed on either side."""
        try:
            while await self._next():
                await self._process.write(self._lines.popleft())
            await self._process.close_stdin()
        except (BrokenPipeError, ConnectionError):
            pass  # the CLI is gone; its end of standard output tells about it
        finally:
            self._broken = True
            self._lines.clear()

    async def _next(self) -> bool:
        """Wait for a line; False if there will be none."""
        while not self._lines and not self._closing:
            self._filled.clear()
            await self._filled.wait()
        return bool(self._lines)
