"""Asks several addresses over and over in turns, from a process of its own: ``python -m bench.load QUESTIONS``.

QUESTIONS is JSON: a list of objects with ``url``, ``token`` and ``etag``. Prints one JSON line: for each round the
requests a second of each question, in the order of the questions. A machine is now faster and now slower, so the
rounds are short and neighbours are compared. It looks at nothing of an answer but where it ends, so that it does not
become the limit itself.
"""

import asyncio
import json
import sys
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 8
ROUNDS = 32
SECONDS = 0.25
"""How long each question is asked in each round; what was asked by then is waited for."""
PATIENCE = 30.0
"""Seconds after which an answer will not come any more."""


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, until it is told to stop."""

    def __init__(self, request: bytes, status: bytes) -> None:
        self._request = request
        self._status = status
        self._buffer = bytearray()
        self._until = 0.0
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, until: float) -> "asyncio.Future[None]":
        """Begin to ask; what is returned is done with the first answer after `until` (of `time.perf_counter`)."""
        self._until, self.answers = until, 0
        self._quiet: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        return self._quiet

    def data_received(self, data: bytes) -> None:
        """Count a whole answer and ask again."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        if not self._complete(head):
            return
        if self._buffer[9:12] != self._status:
            self._quiet.set_exception(AssertionError(bytes(self._buffer[:300])))
            self._transport.abort()
            return
        self._buffer.clear()
        self.answers += 1
        if time.perf_counter() < self._until:
            self._transport.write(self._request)
        else:
            self._quiet.set_result(None)

    def _complete(self, head: int) -> bool:
        if self._status == b"304":
            return True
        at = self._buffer[:head].lower().find(b"content-length:")
        if at < 0:
            return self._buffer.endswith(b"\r\n0\r\n\r\n")  # chunked (RFC 9112 §7.1); no JSON of ours has this
        size = int(self._buffer[at + 15 : self._buffer.index(b"\r\n", at)])
        return len(self._buffer) >= head + 4 + size

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so if somebody waits."""
        if not self._quiet.done():
            self._quiet.set_exception(ConnectionError("the server closed a connection"))


def _same(asker: Asker) -> Asker:
    return asker


async def _askers(url: str, token: str, etag: str) -> list[Asker]:
    parts = urlsplit(url)
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"{condition}\r\n"
    ).encode()
    askers = [Asker(request, b"304" if etag else b"200") for _ in range(CONNECTIONS)]
    for asker in askers:
        loop = asyncio.get_running_loop()
        await loop.create_connection(partial(_same, asker), str(parts.hostname), parts.port or 80)
    return askers


async def _rate(askers: list[Asker]) -> float:
    """Ask for a while and return the answers a second, the last one included."""
    began = time.perf_counter()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(asker.ask(began + SECONDS) for asker in askers))
    return sum(asker.answers for asker in askers) / (time.perf_counter() - began)


async def main(questions: list[dict[str, Any]]) -> None:
    """Ask everything once to warm up, then in rounds, and print what was counted."""
    everybody = [await _askers(**question) for question in questions]
    for askers in everybody:
        await _rate(askers)
    print(json.dumps([await _round(everybody, back=number % 2 > 0) for number in range(ROUNDS)]), flush=True)


async def _round(everybody: list[list[Asker]], *, back: bool) -> list[float]:
    """Ask everything, every other time from the last to the first, so that no place is better than another."""
    rates = [await _rate(askers) for askers in (everybody[::-1] if back else everybody)]
    return rates[::-1] if back else rates


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
