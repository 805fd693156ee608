"""The server's end of a holder's socket."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from errno import EPIPE
from pathlib import Path

from a_parallel_contracts import FailedDependency
from a_parallel_plugins.hosts.holder.wire import SIZE, frame, frames

LONGEST_ADDRESS = 100
"""Bytes of a socket's path (unix(7): 108, 104 on macOS)."""

GREETING_LIMIT = 10.0
"""Seconds that a holder gets to answer."""

LOST = -9
"""Exit status of a program whose holder was killed."""

EVERYTHING = 1 << 62
"""A byte of the output that is never reached."""

CHUNK = 64 * 1024
TAIL = 8 * 1024


@contextmanager
def address(path: Path) -> Iterator[str]:
    """Give an address for a socket that is short enough."""
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    directory = Path(tempfile.mkdtemp(prefix="a-parallel-"))
    try:
        (directory / "d").symlink_to(path.parent)
        yield str(directory / "d" / path.name)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Link:
    """A connection to a holder.

    Parameters:
        reader, writer: the socket's.
        window: bytes of output that may wait here; not reading them makes the program wait.

    Attributes:
        begin: byte of the output at which this server began; `there` is how far an earlier one had come.
        keys: of writes that were accepted by then.
        size: of the terminal's window.
        position: bytes of output that were read here.
        tail: the end of standard error.
        left: this server has let go of it.
        ended: done with the exit status once all output has come.
        lost: done if the holder has gone without a word.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, window: int) -> None:
        loop = asyncio.get_running_loop()
        self._reader = reader
        self._writer = writer
        self._window = window
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._numbers = iter(range(1, 1 << 62))
        self._writes: dict[int, asyncio.Future[None]] = {}
        self._questions: list[asyncio.Future[int]] = []
        self._finishing = False
        self._told = 0
        self.begin = self.there = self.position = 0
        self.keys: set[str] = set()
        self.size = (0, 0)
        self.tail = b""
        self.left = False
        self.errors: asyncio.Queue[bytes] | None = None
        self.ended: asyncio.Future[int] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._greeted: asyncio.Future[None] = loop.create_future()
        self._task = loop.create_task(self._receive(), name="holder")

    @classmethod
    async def open(cls, path: Path, *, position: int | None, window: int) -> "Link":
        """Connect and say which output is wanted.

        Raises:
            FailedDependency: nobody answers.
        """
        try:
            with address(path) as short:
                link = cls(*await asyncio.open_unix_connection(short), window)
        except OSError as error:
            raise FailedDependency(f"The holder of {path.stem} does not answer: {error}") from None
        link._send(b"h", 0, json.dumps({"from": position, "window": window}).encode())
        try:
            await asyncio.wait_for(asyncio.shield(link._greeted), GREETING_LIMIT)
        except TimeoutError:
            await link.leave()
            raise FailedDependency(f"The holder of {path.stem} does not answer in time") from None
        return link

    # --- output -----------------------------------------------------------------------------------

    async def read(self, limit: int = CHUNK) -> bytes:
        """Return at least one byte of output; none at the end."""
        if self._buffer:
            await asyncio.sleep(0)  # whoever reads a flood lets others have their turn
        while not self._buffer and not self.ended.done():
            self._news.clear()
            await self._news.wait()
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self.position += len(data)
        if self.position - self._told >= self._window // 2:
            self._told = self.position
            self._send(b"t", self.position)
        return data

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the output."""
        while data := await self.read():
            yield data

    async def error_chunks(self) -> AsyncIterator[bytes]:
        """Iterate over standard error from now on."""
        self.errors = queue = asyncio.Queue[bytes]()
        while data := await queue.get():
            yield data

    def take_rest(self) -> None:
        """Let all output come, read or not: the program is over, and its exit status follows its output."""
        self._told = EVERYTHING
        self._send(b"t", EVERYTHING)

    def release(self, position: int) -> None:
        """Let go of the output before `position`."""
        self._send(b"a", position)

    # --- input ------------------------------------------------------------------------------------

    async def write(self, data: bytes, key: str = "") -> None:
        """Write and wait until the program's pipe has taken it; a cancelled write is completed too.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        if self._finishing or self.ended.done() or self.left:
            raise BrokenPipeError(EPIPE, "standard input is closed")
        number = next(self._numbers)
        written = self._writes[number] = asyncio.get_running_loop().create_future()
        name = key.encode()
        self._send(b"w", number, bytes([len(name)]) + name + data)
        await written

    def finish(self) -> None:
        """Send end of file."""
        self._finishing = True
        self._send(b"e")

    def resize(self, rows: int, cols: int) -> None:
        """Set the size of the terminal's window."""
        self._send(b"r", 0, SIZE.pack(rows, cols))

    async def foreground(self) -> int | None:
        """Return the process group in the foreground of the terminal."""
        if self.ended.done() or self.left:
            return None
        question: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._questions.append(question)
        self._send(b"f")
        with suppress(TimeoutError):
            return await asyncio.wait_for(question, 1.0) or None
        return None

    # --- end --------------------------------------------------------------------------------------

    async def wait(self) -> int:
        """Return the exit status once the output has come."""
        return await asyncio.shield(self.ended)

    async def leave(self) -> None:
        """Close the connection; the holder goes on."""
        self.left = True
        self._task.cancel()
        await asyncio.wait({self._task})

    async def dismiss(self) -> None:
        """Tell the holder that nobody wants to know any more, and return when it has understood."""
        self.left = True
        self._send(b"b")
        await asyncio.wait({self._task}, timeout=GREETING_LIMIT)
        await self.leave()

    def _send(self, kind: bytes, number: int = 0, payload: bytes = b"") -> None:
        if not self._writer.is_closing():
            self._writer.write(frame(kind, number, payload))

    async def _receive(self) -> None:
        received = bytearray()
        try:
            while data := await self._reader.read(4 * CHUNK):
                received += data
                for kind, number, payload in frames(received):
                    self._take(kind, number, payload)
        except OSError:
            pass  # the holder is gone, as at the end of the stream
        finally:
            self._writer.close()
            self._conclude()

    def _take(self, kind: bytes, number: int, payload: bytes) -> None:  # noqa: C901 - one case each
        match kind:
            case b"H":
                self._greet(json.loads(payload))
            case b"O":
                self._buffer += payload
                self._news.set()
            case b"E":
                self.tail = (self.tail + payload)[-TAIL:]
                if self.errors is not None:
                    self.errors.put_nowait(payload)
            case b"D" | b"B":
                self._written(number, broken=kind == b"B")
            case b"F" if self._questions:
                question = self._questions.pop(0)
                if not question.done():
                    question.set_result(number)
            case b"X":
                self._end(json.loads(payload))

    def _greet(self, told: dict[str, object]) -> None:
        begin, there, keys, size = told["from"], told["sent"], told["keys"], told["size"]
        assert isinstance(begin, int) and isinstance(there, int) and isinstance(keys, list) and isinstance(size, list)
        self.begin = self.position = self._told = begin
        self.there, self.keys, self.size = there, set(keys), (size[0], size[1])
        if not self._greeted.done():
            self._greeted.set_result(None)

    def _written(self, number: int, *, broken: bool) -> None:
        written = self._writes.pop(number, None)
        if written is None or written.done():
            return
        if broken:
            written.set_exception(BrokenPipeError(EPIPE, "the process does not read its input any more"))
        else:
            written.set_result(None)

    def _end(self, status: int) -> None:
        if not self.ended.done():
            self.ended.set_result(status)
        self._news.set()
        if self.errors is not None:
            self.errors.put_nowait(b"")

    def _conclude(self) -> None:
        """The connection is closed, by this side or that."""
        if not (self.left or self.ended.done() or self.lost.done()):
            self.lost.set_result(None)
        self._end(LOST)
        for number in list(self._writes):
            self._written(number, broken=True)
