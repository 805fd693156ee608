"""Asks one address over and over on several connections, in a process of its own: ``python -m bench.load URL TOKEN``.

Prints one JSON line with requests a second. It looks at nothing of an answer but where it ends, so that it does not
become the limit itself.
"""

import asyncio
import json
import sys
import time
from functools import partial
from urllib.parse import urlsplit

CONNECTIONS = 8
SECONDS = 2.0
WARM_UP = 0.5


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, request: bytes, status: bytes, closed: "asyncio.Future[None]") -> None:
        self._request = request
        self._status = status
        self._closed = closed
        self._buffer = bytearray()
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count a whole answer and ask again."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        if not self._complete(head):
            return
        if self._buffer[9:12] != self._status:
            self._closed.set_exception(AssertionError(bytes(self._buffer[:300])))
            self._transport.abort()
            return
        self._buffer.clear()
        self.answers += 1
        self._transport.write(self._request)

    def _complete(self, head: int) -> bool:
        if self._status == b"304":
            return True
        at = self._buffer[:head].lower().find(b"content-length:")
        if at < 0:
            return self._buffer.endswith(b"\r\n0\r\n\r\n")  # chunked (RFC 9112 §7.1); no JSON of ours has this
        size = int(self._buffer[at + 15 : self._buffer.index(b"\r\n", at)])
        return len(self._buffer) >= head + 4 + size

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so if it was too early."""
        if not self._closed.done():
            self._closed.set_exception(ConnectionError("the server closed a connection"))


def _same(asker: Asker) -> Asker:
    return asker


async def main(url: str, token: str, etag: str = "") -> None:
    """Ask, and print what was counted after the warm-up."""
    parts = urlsplit(url)
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"{condition}\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    closed: asyncio.Future[None] = loop.create_future()
    askers = [Asker(request, b"304" if etag else b"200", closed) for _ in range(CONNECTIONS)]
    for asker in askers:
        await loop.create_connection(partial(_same, asker), str(parts.hostname), parts.port or 80)
    await asyncio.wait((closed,), timeout=WARM_UP)
    before, began = sum(asker.answers for asker in askers), time.perf_counter()
    await asyncio.wait((closed,), timeout=SECONDS)
    if closed.done():
        closed.result()
    counted = sum(asker.answers for asker in askers) - before
    print(json.dumps({"rate": counted / (time.perf_counter() - began)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
