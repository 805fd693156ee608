"""Programs on pseudo-terminals."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

from a_parallel_contracts import FailedDependency
from a_parallel_plugins.hosts import reaper
from a_parallel_plugins.hosts.ending import Census, Family, end
from a_parallel_plugins.hosts.streams import CHUNK, InputStream
from a_parallel_plugins.hosts.writing import OutputStream

LINGER = 0.1
"""Seconds after the program's exit for which background jobs that hold the terminal are listened to."""

HIGH_WATER = 128 * 1024
"""Unread bytes at which reading pauses; small, so that an interrupt shows soon."""


class LocalPty:
    """`a_parallel_contracts.hosts.Pty` on this machine.

    Parameters:
        terminal: ptyprocess's object, which has done the fork; its own reading, waiting and closing sleep
            or block and are not used.
        started: when the program started; see `processes.Entry`.
        census: shows processes.

    Attributes:
        ended: done after its exit and the end of its output.
    """

    def __init__(self, terminal: Any, started: str, census: Census) -> None:
        self._terminal = terminal
        self._started = started
        self._census = census
        self._descriptor: int = terminal.fd
        self._input = OutputStream(self._descriptor, lambda: None)
        self._output = InputStream(self._descriptor, lambda: None, high_water=HIGH_WATER, burst=CHUNK)
        self._ending: asyncio.Task[None] | None = None
        self._force_at = float("inf")
        self.ended = asyncio.create_task(self._follow(), name=f"terminal {self.pid}")

    @property
    def pid(self) -> int:
        """Process id, which is its session's and group's too."""
        return int(self._terminal.pid)

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the output until the terminal is closed, at most 64 KiB at a time."""
        return self._output.chunks()

    async def write(self, data: bytes) -> None:
        """Write keystrokes and wait until the terminal has taken them."""
        await self._input.write(data)

    def resize(self, rows: int, cols: int) -> None:
        """Set the window size."""
        if not self._terminal.closed:
            with contextlib.suppress(OSError):  # macOS: nobody holds the other side any more
                self._terminal.setwinsize(*bounded(rows, cols))

    async def wait(self) -> int:
        """Return the exit status once it has ended and its output has been read; 0 after a signal."""
        return max(0, await asyncio.shield(self.ended))

    async def hang_up(self, grace: float = 3.0) -> None:
        """Hang up; a second call with a shorter grace shortens the first one's."""
        self._force_at = min(self._force_at, asyncio.get_running_loop().time() + grace)
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end(), name=f"hang up {self.pid}")
        await asyncio.shield(self._ending)

    def close(self) -> None:
        """Close the terminal."""
        self._input.close()
        self._output.close()
        self._terminal.terminated = True  # it is ours to reap, so that close neither waits nor signals
        self._terminal.delayafterclose = 0
        self._terminal.close()

    async def _end(self) -> None:
        family = Family(self.pid, self._started, None, foreground=self._foreground())
        survivors = await end(self._census, family, first=signal.SIGHUP, until=lambda: self._force_at)
        if survivors:
            raise FailedDependency(f"{survivors} of the processes of the terminal {self.pid} cannot be killed")
        self._force_at = float("inf")
        await self.wait()

    def _foreground(self) -> int | None:
        if self._terminal.closed:
            return None
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(self._descriptor)
        return None

    async def _follow(self) -> int:
        status = await reaper.watch(self.pid)
        self._input.close()
        self._output.finish(LINGER)
        await asyncio.wait({self._output.ended})
        self.close()
        return status


def bounded(rows: int, cols: int) -> tuple[int, int]:
    """Return a window size that the terminal can hold (tty_ioctl(4): unsigned shorts)."""
    return max(1, min(rows, 0xFFFF)), max(1, min(cols, 0xFFFF))
