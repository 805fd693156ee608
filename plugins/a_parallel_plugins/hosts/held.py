"""Processes and terminals in a holder."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from signal import SIGHUP

from a_parallel_contracts import FailedDependency
from a_parallel_plugins.hosts.ending import Census, Family, end
from a_parallel_plugins.hosts.lines import LineSplitter
from a_parallel_plugins.hosts.link import Link
from a_parallel_plugins.hosts.streams import HIGH_WATER
from a_parallel_plugins.hosts.terminal import bounded

SCROLLBACK = 128 * 1024
"""Bytes of a terminal's output that stay in the spool."""


class Kept:
    """What processes and terminals in a holder share.

    Parameters:
        name: under which it is held.
        link: to its holder.
        pid, started: of the program.
        mark: its marker's launch; None for terminals.
        census: shows processes.
    """

    def __init__(self, name: str, link: Link, pid: int, started: str, mark: str | None, census: Census) -> None:
        self.name = name
        self.pid = pid
        self.link = link
        self._started = started
        self._mark = mark
        self._census = census
        self._ending: asyncio.Task[int] | None = None
        self._force_at = float("inf")
        link.lost.add_done_callback(lambda _: self._forsaken())

    @property
    def returncode(self) -> int | None:
        """Exit status, or None while it runs."""
        return self.link.ended.result() if self.link.ended.done() and not self.link.left else None

    async def leave(self) -> None:
        """Let go of it without ending it."""
        await self.link.leave()

    async def end(self, grace: float) -> int:
        """End it, all its descendants and its holder; a second call with a shorter grace shortens the first one's."""
        self._force_at = min(self._force_at, asyncio.get_running_loop().time() + grace)
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end(), name=f"end {self.pid}")
        return await asyncio.shield(self._ending)

    def _forsaken(self) -> None:
        """The holder was killed: nobody can reach the program any more, so it ends too."""
        if not self.link.lost.cancelled():
            self._force_at = min(self._force_at, asyncio.get_running_loop().time())
            self._ending = self._ending or asyncio.create_task(self._end(), name=f"end {self.pid}")

    async def _end(self) -> int:
        foreground = await self.link.foreground() if self._mark is None else None
        family = Family(self.pid, self._started, self._mark, foreground=foreground)
        until = lambda: self._force_at  # noqa: E731
        if self._mark is None:
            survivors = await end(self._census, family, first=SIGHUP, until=until)
        else:
            survivors = await end(self._census, family, until=until)
        if survivors:
            raise FailedDependency(f"{survivors} of the processes of {self.pid} cannot be killed")
        self._force_at = float("inf")
        self.link.take_rest()
        try:
            return await self.link.wait()
        finally:
            await self.link.dismiss()


class LocalHeldProcess(Kept):
    """`a_parallel_contracts.hosts.HeldProcess` on this machine."""

    def __init__(self, name: str, link: Link, pid: int, started: str, census: Census, *, line_limit: int) -> None:
        super().__init__(name, link, pid, started, name, census)
        self._splitter = LineSplitter(line_limit)
        self._lines: deque[tuple[bytes, int]] = deque()
        self.position = link.begin

    @property
    def stderr_tail(self) -> str:
        """The last 8 KiB it wrote to standard error."""
        tail = self.link.tail.decode("utf-8", "replace")
        return f"{tail}\nThe process that held the agent was killed" if self.link.lost.done() else tail

    async def lines(self) -> AsyncIterator[bytes]:
        """Iterate over the lines of standard output; `position` is where each ends."""
        while True:
            while self._lines:
                line, self.position = self._lines.popleft()
                yield line
            before = self.link.position
            chunk = await self.link.read(HIGH_WATER)
            if chunk:
                self._lines.extend(zip(self._splitter.feed(chunk), _ends(chunk, before), strict=True))
            elif self.link.left:
                await asyncio.Event().wait()  # nobody may take this for the end of the program
            else:
                self._lines.extend((line, before) for line in self._splitter.finish())
                if not self._lines:
                    return

    def chunks(self, stream: str = "stdout") -> AsyncIterator[bytes]:
        """Iterate over what it writes."""
        return {"stdout": self.link.chunks, "stderr": self.link.error_chunks}[stream]()

    async def write(self, data: bytes) -> None:
        """Write to standard input and wait until the pipe has taken it."""
        await self.link.write(data)

    async def write_once(self, key: str, data: bytes) -> None:
        """Write unless that key is known."""
        await self.link.write(data, key)

    def accepted(self, key: str) -> bool:
        """Tell whether an earlier server has written under that key."""
        return key in self.link.keys

    def release(self, position: int) -> None:
        """Let go of the output before `position`."""
        self.link.release(position)

    async def close_stdin(self) -> None:
        """Send end of file after what was written."""
        self.link.finish()

    async def wait(self) -> int:
        """Return the exit status once it has ended and its output has been read."""
        return await self.link.wait()

    async def terminate(self, grace: float = 3.0) -> int:
        """End it and all its descendants."""
        return await self.end(grace)


class LocalHeldPty(Kept):
    """`a_parallel_contracts.hosts.HeldPty` on this machine."""

    def __init__(self, name: str, link: Link, pid: int, started: str, census: Census) -> None:
        super().__init__(name, link, pid, started, None, census)
        self._released = link.begin

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns, as of attaching."""
        return self.link.size

    @property
    def shown(self) -> int:
        """Bytes that an earlier server had taken."""
        return self.link.there - self.link.begin

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the output until the terminal is closed, at most 64 KiB at a time."""
        while data := await self.link.read():
            keep = self.link.position - SCROLLBACK
            if keep > self._released + SCROLLBACK // 2:
                self._released = keep
                self.link.release(keep)
            yield data
        if self.link.left:
            await asyncio.Event().wait()  # nobody may take this for the end of the program

    async def write(self, data: bytes) -> None:
        """Write keystrokes and wait until the terminal has taken them."""
        await self.link.write(data)

    def resize(self, rows: int, cols: int) -> None:
        """Set the window size."""
        self.link.resize(*bounded(rows, cols))

    async def wait(self) -> int:
        """Return the exit status once it has ended; 0 after a signal."""
        status = max(0, await self.link.wait())
        if not self.link.left:
            await self.link.dismiss()
        return status

    async def hang_up(self, grace: float = 3.0) -> None:
        """Hang up, and end its holder."""
        await self.end(grace)


def _ends(chunk: bytes, before: int) -> list[int]:
    """Return where each line ends, its newline included; the chunk begins at byte `before`."""
    ends, found = [], chunk.find(b"\n")
    while found >= 0:
        ends.append(before + found + 1)
        found = chunk.find(b"\n", found + 1)
    return ends
