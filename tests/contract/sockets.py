"""WebSocket clients that write down everything they receive."""

import asyncio
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import aiohttp

Event = Mapping[str, Any]
TIMEOUT = 30.0


class Listener:
    """One open socket and what arrived on it, in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[Event] = []
        self._arrived = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.events.append(json.loads(message.data))
            async with self._arrived:
                self._arrived.notify_all()
        async with self._arrived:
            self._arrived.notify_all()

    async def until(self, condition: Callable[[list[Event]], bool], what: str, timeout: float = TIMEOUT) -> None:
        """Return as soon as the events received so far satisfy `condition`; `what` names it in the failure."""
        try:
            async with asyncio.timeout(timeout), self._arrived:
                await self._arrived.wait_for(lambda: condition(self.events) or self.socket.closed)
        except TimeoutError:
            raise AssertionError(f"{what} did not happen within {timeout} s; received {self.events}") from None
        assert condition(self.events), f"the socket was closed ({self.socket.close_code}) before {what}"

    def of(self, subject: str) -> list[Event]:
        """Return the events about one thread."""
        return [event for event in self.events if event["threadId"] == subject]

    async def close(self) -> None:
        """Close the socket and stop reading."""
        await self.socket.close()
        await self._task


class Listeners:
    """Opens sockets to one server and closes them all at the end.

    Parameters:
        base_url: of the server.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.open_ones: dict[str, Listener] = {}
        self._session = aiohttp.ClientSession()

    async def open(self, name: str, path: str, headers: Mapping[str, str] | None = None) -> int:
        """Open a socket under `name` and return the status of the handshake."""
        try:
            socket = await self._session.ws_connect(self.base_url + path, headers=headers, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status
        self.open_ones[name] = Listener(socket)
        return 101

    async def __aenter__(self) -> "Listeners":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self.open_ones.values():
            await listener.close()
        await self._session.close()
