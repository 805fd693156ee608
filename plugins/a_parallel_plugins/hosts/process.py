"""Long-lived children with pipes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from a_parallel_contracts import FailedDependency
from a_parallel_plugins.hosts.child import Child
from a_parallel_plugins.hosts.ending import Census, Family, end
from a_parallel_plugins.hosts.lines import LineSplitter
from a_parallel_plugins.hosts.streams import HIGH_WATER


class LocalProcess:
    """`a_parallel_contracts.hosts.Process` on this machine.

    Parameters:
        child: just started, with a standard input.
        family: who ends with it.
        census: shows processes.
        program: its name in messages.
        line_limit: see `a_parallel_contracts.hosts.Host.spawn`.
    """

    def __init__(self, child: Child, family: Family, census: Census, program: str, line_limit: int) -> None:
        self._child = child
        self._family = family
        self._census = census
        self._program = program
        self._splitter = LineSplitter(line_limit)
        self._lines: deque[bytes] = deque()
        self._ending: asyncio.Task[int] | None = None
        self._force_at = float("inf")

    @property
    def pid(self) -> int:
        """Process id, which is its group's too."""
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Exit status, or None while it runs."""
        return self._child.returncode

    @property
    def stderr_tail(self) -> str:
        """The last 8 KiB it wrote to standard error."""
        return self._child.stderr.tail.decode("utf-8", "replace")

    async def lines(self) -> AsyncIterator[bytes]:
        """Iterate over the lines of standard output."""
        while True:
            while self._lines:
                yield self._lines.popleft()
            chunk = await self._child.stdout.read(HIGH_WATER)
            self._lines.extend(self._splitter.feed(chunk) if chunk else self._splitter.finish())
            if not chunk and not self._lines:
                return

    def chunks(self, stream: str = "stdout") -> AsyncIterator[bytes]:
        """Iterate over what it writes to ``stdout`` or ``stderr``."""
        return {"stdout": self._child.stdout, "stderr": self._child.stderr}[stream].chunks()

    async def write(self, data: bytes) -> None:
        """Write to standard input and wait until the pipe has taken it."""
        assert self._child.stdin is not None
        await self._child.stdin.write(data)

    async def close_stdin(self) -> None:
        """Send end of file after what was written."""
        assert self._child.stdin is not None
        self._child.stdin.finish()

    async def wait(self) -> int:
        """Return the exit status once it has ended and its output has been read."""
        return await self._child.wait()

    async def terminate(self, grace: float = 3.0) -> int:
        """End it and all its descendants; a second call with a shorter grace shortens the first one's."""
        self._force_at = min(self._force_at, asyncio.get_running_loop().time() + grace)
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end(), name=f"end {self._program} {self.pid}")
        return await asyncio.shield(self._ending)

    async def _end(self) -> int:
        survivors = await end(self._census, self._family, until=lambda: self._force_at)
        if survivors:
            raise FailedDependency(f"{survivors} of the processes of {self._program} ({self.pid}) cannot be killed")
        self._force_at = float("inf")
        try:
            return await self.wait()
        finally:
            self._child.close()
