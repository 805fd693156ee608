"""A network that can be cut: passes TCP on to the server, until it is told not to."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets the connection, as a router that forgot it does."""


class Proxy:
    """Listens on a port of its own.

    Parameters:
        target: tells the address of the server.
    """

    def __init__(self, target: Callable[[], str]) -> None:
        self._target = target
        self._pairs: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.url = ""

    async def start(self) -> None:
        """Begin to pass on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """End everything."""
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> int:
        """Reset all connections and return how many there were."""
        count = len(self._pairs)
        for writer in list(self._pairs):
            raw: socket.socket = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        return count

    def freeze(self) -> None:
        """Pass nothing on, and accept nothing, without closing anything."""
        self._open.clear()

    def thaw(self) -> None:
        """Go on."""
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        parts = urlsplit(self._target())
        try:
            there, back = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            writer.transport.abort()
            return
        self._pairs |= {writer, back}
        try:
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        finally:
            self._pairs -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
