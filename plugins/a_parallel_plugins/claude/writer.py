"""Writes to the CLI's standard input, one line after another, without making anybody wait for the pipe.

Each line has a key, under which a holder takes it once only: what may not have come through is just written again.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from a_parallel_contracts.hosts import HeldProcess, Process


class Writer:
    """A queue of lines for one process.

    Parameters:
        process: reads them.
        held: the same one, if a holder keeps it.
    """

    def __init__(self, process: Process, held: HeldProcess | None = None) -> None:
        self._process = process
        self._held = held
        self._lines: deque[tuple[str, bytes]] = deque()
        self._filled = asyncio.Event()
        self._closing = False
        self._broken = False

    @property
    def open(self) -> bool:
        """Whether a line put now may still be read."""
        return not (self._closing or self._broken)

    @property
    def waiting(self) -> list[tuple[str, str]]:
        """Keys and texts of the lines that the process may not have."""
        return [(key, line.decode()) for key, line in self._lines]

    def restore(self, waiting: Iterable[tuple[str, str]]) -> None:
        """Write what an earlier server may not have written."""
        for key, line in waiting:
            self.put(line.encode(), key)

    def put(self, line: bytes, key: str) -> bool:
        """Queue a line; False if the pipe is closed."""
        if not self.open:
            return False
        self._lines.append((key, line))
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
                await self._write(*self._lines[0])
                self._lines.popleft()
            await self._process.close_stdin()
        except (BrokenPipeError, ConnectionError):
            pass  # the CLI is gone; its end of standard output tells about it
        finally:
            self._broken = True
            self._lines.clear()

    async def _write(self, key: str, line: bytes) -> None:
        if self._held is not None:
            await self._held.write_once(key, line)
        else:
            await self._process.write(line)

    async def _next(self) -> bool:
        """Wait for a line; False if there will be none."""
        while not self._lines and not self._closing:
            self._filled.clear()
            await self._filled.wait()
        return bool(self._lines)
