"""A child with pipes: its streams, its exit, and the order of the two."""

import asyncio
import contextlib
import os
import signal
import subprocess
from signal import Signals

from a_parallel_plugins.hosts import reaper
from a_parallel_plugins.hosts.ending import FORCE_LIMIT
from a_parallel_plugins.hosts.streams import InputStream
from a_parallel_plugins.hosts.writing import OutputStream

LINGER = 0.5
"""Seconds after a child's exit for which others who hold its pipes are listened to."""


class Child:
    """A running program and its pipes.

    Parameters:
        popen: just started.
        held: whether standard error waits to be read; see `InputStream`.

    Attributes:
        stdin: None if it is empty.
        returncode: None while it runs.
        ended: done after its exit and the end of its streams.
        closed: done when nobody holds its output any more, which may be later.
    """

    def __init__(self, popen: "subprocess.Popen[bytes]", *, held: bool) -> None:
        assert popen.stdout is not None
        assert popen.stderr is not None
        self.pid = popen.pid
        self.returncode: int | None = None
        self.stdin = OutputStream(popen.stdin.fileno(), popen.stdin.close) if popen.stdin else None
        self.stdout = InputStream(popen.stdout.fileno(), popen.stdout.close)
        self.stderr = InputStream(popen.stderr.fileno(), popen.stderr.close, held=held)
        self.closed = asyncio.gather(self.stdout.closed, self.stderr.closed)
        self._popen = popen
        self.ended = asyncio.create_task(self._follow(), name=f"process {popen.pid}")

    async def wait(self) -> int:
        """Return the exit status after the end of the streams, or of what can still come of them."""
        return await asyncio.shield(self.ended)

    def kill_group(self, number: Signals = signal.SIGKILL) -> None:
        """Signal its process group, unless the child is reaped and the group's number may mean others."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    async def destroy(self) -> None:
        """Kill its group, wait for its end (not for ever: it may hang in the kernel), and close everything."""
        self.kill_group()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FORCE_LIMIT):
                    await self.wait()
        finally:
            self.close()

    def close(self) -> None:
        """Close all pipes."""
        if self.stdin:
            self.stdin.close()
        self.stdout.close()
        self.stderr.close()

    async def _follow(self) -> int:
        status = await reaper.watch(self.pid)
        self.returncode = self._popen.returncode = status  # or else Popen would reap whoever has the pid next
        if self.stdin:
            self.stdin.close()
        self.stdout.finish(LINGER)
        self.stderr.finish(LINGER)
        await asyncio.wait({self.stdout.ended, self.stderr.ended})
        return status
