"""One terminal, from the first sign of life to its exit."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from a_parallel_contracts import ApiError, Event, Sockets, now
from a_parallel_contracts.hosts import HeldPty, Pty
from a_parallel_contracts.output import Recent, TextOutput, room
from a_parallel_contracts.pty import PtyAttached, PtyData
from a_parallel_plugins.pty.attendance import Attendance
from a_parallel_plugins.pty.models import TerminalInfo

INPUT_LIMIT = 16 * 1024 * 1024
"""Bytes that may wait for a program that does not read; what is typed beyond that is lost."""

RECONNECT = 30.0
"""Seconds in which pages come back after the server was replaced."""

FAILED = 1
GRACE = 3.0
"""Seconds between SIGHUP and SIGKILL."""


class Terminal:
    """A terminal that is being opened, or open.

    Parameters:
        owner, id: the user, and the page's name for it.
        cwd, size: as sent; rows and columns.
        opening: opens it with the size of that moment.
        attendance: whose pages it is on.
        sockets: told about the owner's: nothing is read while they are congested.
        publish: publishes events.
        ended: called with the exit code after everything has been shown.
        created_at: when it was opened; now by default.

    Attributes:
        muted: nobody is told about its exit, since its id means another terminal by now.
    """

    def __init__(
        self,
        owner: str,
        id: str,
        cwd: str,
        size: tuple[int, int],
        *,
        opening: Callable[[int, int], Awaitable[Pty]],
        attendance: Attendance,
        sockets: Sockets,
        publish: Callable[[Event], None],
        ended: Callable[["Terminal", int], None],
        created_at: str | None = None,
    ) -> None:
        self.owner = owner
        self.id = id
        self.cwd = cwd
        self.attendance = attendance
        self.muted = False
        self._size = size
        self._created_at = created_at or now()
        self._opening = opening
        self._sockets = sockets
        self._publish = publish
        self._ended = ended
        self._recent = Recent()
        self._keys: asyncio.Queue[bytes] = asyncio.Queue()
        self._waiting = 0
        self._pty: Pty | HeldPty | None = None
        self._left = False
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(), name=f"terminal {id}")

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by."""
        return self.owner, self.id

    @property
    def info(self) -> TerminalInfo:
        """How its owner's pages see it."""
        rows, cols = self._size
        return TerminalInfo(pty_id=self.id, cwd=self.cwd, rows=rows, cols=cols, created_at=self._created_at)

    def attached(self, socket_id: str) -> PtyAttached:
        """Return what a page is told that picks it up."""
        rows, cols = self._size
        return PtyAttached(
            owner=self.owner,
            socket_id=socket_id,
            pty_id=self.id,
            cwd=self.cwd,
            rows=rows,
            cols=cols,
            created_at=self._created_at,
        )

    @property
    def recent(self) -> str:
        """The end of what it has shown."""
        return self._recent.text

    def write(self, data: bytes) -> bool:
        """Queue keystrokes, so that nobody waits for a program that does not read; tell whether they are taken."""
        if self._waiting and self._waiting + len(data) > INPUT_LIMIT:
            return False
        self._waiting += len(data)
        self._keys.put_nowait(data)
        return True

    def resize(self, rows: int, cols: int) -> None:
        """Set the window size, now or when it is open."""
        self._size = rows, cols
        if self._pty is not None:
            self._pty.resize(rows, cols)

    async def hang_up(self) -> None:
        """Show nothing more, hang up, and return after its end.

        Raises:
            FailedDependency: a process of it cannot be killed.
        """
        self.attendance.close()
        if not self._over.done():
            self._over.set_result(None)
        if self._pty is not None:
            await self._pty.hang_up(GRACE)
        await asyncio.wait({self._task})

    @property
    def held(self) -> bool:
        """Whether it can outlive the server."""
        return isinstance(self._pty, HeldPty)

    async def leave(self) -> None:
        """Let go of it: another server goes on with it."""
        self._left = True
        self._task.cancel()
        await asyncio.wait({self._task})
        if isinstance(self._pty, HeldPty):
            await self._pty.leave()

    async def _live(self) -> None:
        code = FAILED
        try:
            code = await self._run()
        except ApiError as error:
            self._show(f"\r\n{error.message}\r\n")
        finally:
            self.attendance.close()
            if not self._left:
                self._ended(self, code)

    async def _run(self) -> int:
        size = self._size
        pty = self._pty = await self._opening(*size)
        if self._size != size:
            pty.resize(*self._size)
        typing = asyncio.create_task(self._type(pty), name=f"keys of terminal {self.id}")
        try:
            if self._over.done():
                await pty.hang_up(GRACE)
            await self._read(pty)
            return await pty.wait()
        finally:
            typing.cancel()

    async def _read(self, pty: Pty) -> None:
        output = TextOutput(self._show)
        shown = pty.shown if isinstance(pty, HeldPty) else 0
        async for chunk in pty.chunks():
            if shown:  # by an earlier server
                self._recent.add(chunk[:shown].decode("utf-8", "replace"))
                chunk, shown = chunk[shown:], max(0, shown - len(chunk))
                if not shown:
                    await self._wait_for_pages()
            if chunk:
                output.feed(chunk)
            await room(self._sockets, self.owner, self._over)
        output.finish()

    async def _wait_for_pages(self) -> None:
        """Wait a while for the pages that have to reconnect, so that they miss nothing."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECONNECT):
                while not (self._sockets.connected(self.owner) or self._over.done()):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.05)

    async def _type(self, pty: Pty) -> None:
        while True:
            data = await self._keys.get()
            try:
                await pty.write(data)
            except BrokenPipeError:
                return
            finally:
                self._waiting -= len(data)

    def _show(self, text: str) -> None:
        if not self._over.done():
            self._recent.add(text)
            self._publish(PtyData(owner=self.owner, pty_id=self.id, data=text))
