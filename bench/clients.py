"""Counts WebSocket frames on many sockets, in a process of its own.

``python -m bench.clients URL COUNT ENDS END BEGIN`` prints ``connected``, then, when every socket has seen so many
frames with END, one JSON line. The time begins with the first frame that has BEGIN: what comes before it is threads
and agents that start, which is another matter. It reads frames by their lengths alone, so that it does not become the
limit itself.
"""

import asyncio
import base64
import json
import os
import sys
import time
from functools import partial
from urllib.parse import urlsplit

STAMP = b"t="
"""What stands before the time at which the agent wrote a text; see `bench.agent`."""


class Counter(asyncio.Protocol):
    """One socket (RFC 6455), as a client that only listens."""

    def __init__(
        self, target: str, host: str, ends: int, end: bytes, begin: bytes, done: "asyncio.Future[None]"
    ) -> None:
        self._hello = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._ends = ends
        self._end = end
        self._begin = begin
        self._done = done
        self._buffer = bytearray()
        self.open: asyncio.Future[None] = done.get_loop().create_future()
        self.frames = 0
        self.bytes = 0
        self.first = self.last = 0.0
        self.delays: list[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._hello.encode())

    def data_received(self, data: bytes) -> None:
        """Count what is complete."""
        self._buffer += data
        if not self.open.done():
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            assert b" 101 " in head, head
            self.open.set_result(None)
            self._buffer = bytearray(rest)
        self._count()

    def _count(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) >= at + 2:
            size, head = buffer[at + 1] & 127, 2
            if size >= 126:
                head = 4 if size == 126 else 10
                if len(buffer) < at + head:
                    break
                size = int.from_bytes(buffer[at + 2 : at + head], "big")
            if len(buffer) < at + head + size:
                break
            if buffer[at] & 15 == 1:
                self._frame(buffer, at + head, size)
            at += head + size
        del buffer[:at]

    def _frame(self, buffer: bytearray, start: int, size: int) -> None:
        now = time.perf_counter()
        if not self.first and buffer.find(self._begin, start, start + min(size, 96)) >= 0:
            self.first = now
        self.last = now
        self.frames += 1
        self.bytes += size
        if self.delays is not None:
            at = buffer.find(STAMP, start, start + size)
            if at >= 0:
                self.delays.append(time.monotonic_ns() - int(buffer[at + len(STAMP) : at + len(STAMP) + 20]))
        if buffer.find(self._end, start, start + min(size, 96)) >= 0:
            self._ends -= 1
            if self._ends == 0 and not self._done.done():
                self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so if it was too early."""
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server closed a socket"))


def _same(counter: Counter) -> Counter:
    return counter


async def main(url: str, count: int, ends: int, end: str, begin: str) -> None:
    """Connect, wait for all ends, print the figures."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    counters: list[Counter] = []
    waiting = []
    for _ in range(count):
        done: asyncio.Future[None] = loop.create_future()
        counter = Counter(f"{parts.path}?{parts.query}", parts.netloc, ends, end.encode(), begin.encode(), done)
        await loop.create_connection(partial(_same, counter), str(parts.hostname), parts.port or 80)
        await counter.open
        if not counters:
            counter.delays = []  # of one socket alone: looking into every frame of all would make this the limit
        counters.append(counter)
        waiting.append(done)
    print("connected", flush=True)
    await asyncio.gather(*waiting)
    first = min(counter.first for counter in counters if counter.first)
    last = max(counter.last for counter in counters)
    frames = [counter.frames for counter in counters]
    counted = {"seconds": last - first, "frames": frames, "bytes": counters[0].bytes, "delays": counters[0].delays}
    print(json.dumps(counted), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]))
