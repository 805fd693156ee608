"""One connected browser page: its queue, its writer, its end."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from pydantic import BaseModel

from a_parallel_contracts.auth import Actor, Credentials
from a_parallel_kernel.encoding import encode, encode_fields
from a_parallel_kernel.frames import envelope, text_frame

log = logging.getLogger("a_parallel.hub")

CHUNK = 64 * 1024
"""Bytes of frames that go to the transport in one write."""

SLOW = 1013
GOODBYE = 2.0
"""Seconds that a client has to answer a close frame."""

PATIENCE = 10.0
"""Seconds for a slow one: it must first read what is on its way."""

_numbers = itertools.count(1)


class Connection:
    """A socket of ``/ws``; implements the contract's `Socket`.

    Frames wait in a queue that is bounded in bytes. Whoever lets it fill up is closed with 1013 and loads
    everything anew when it comes back (``websocket.md`` §1.3, §1.4).

    Parameters:
        websocket, request, writer: of aiohttp, after the handshake.
        actor: who it acts as.
        credentials: what proved that.
        limit: bytes that may wait; one more frame, however large, is always taken.
        moved: called when the queue has become shorter.
        earlier: called before a frame for this socket alone, to queue what was published before it.

    Attributes:
        also: names of the topics on request that it asked for.
        numbered: it asked for the numbers of events, so that it can go on from there.
        known_until: events up to this number do not go to it as they are published.
        replay: sends what it missed; while there is one, everything else waits.
    """

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        request: web.BaseRequest,
        writer: AbstractStreamWriter,
        actor: Actor,
        credentials: Credentials,
        limit: int,
        moved: Callable[[], None],
        earlier: Callable[[], None] = lambda: None,
    ) -> None:
        if request.transport is None:
            raise ConnectionResetError("the client is gone")
        self.id = f"s{next(_numbers)}"
        self.actor = actor
        self.credentials = credentials
        self.ignored = 0
        self.also: frozenset[str] = frozenset()
        self.numbered = False
        self.known_until = 0
        self.replay: asyncio.Task[None] | None = None
        self._held: list[bytes] | None = None
        self._held_size = 0
        self._released = asyncio.Event()
        self._released.set()
        self._websocket = websocket
        self._transport = request.transport
        self._writer = writer
        self._limit = limit
        self._moved = moved
        self._earlier = earlier
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._writing = False
        self._closing: asyncio.Task[None] | None = None
        self.closed_with: int | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        # Low enough that a full transport shows as congestion before the queue itself is half full.
        self._transport.set_write_buffer_limits(high=min(CHUNK, limit // 4))
        self._pump = asyncio.get_running_loop().create_task(self._write_on(), name=f"socket {self.id}")

    @property
    def backlog(self) -> int:
        """Bytes that wait, here and in the transport."""
        return self._size + (0 if self._transport.is_closing() else self._transport.get_write_buffer_size())

    @property
    def congested(self) -> bool:
        """Whether more than half of the queue is full. One that is closing holds nobody up."""
        return not self.closing and self.backlog > self._limit // 2

    @property
    def closing(self) -> bool:
        """Whether it takes no more frames."""
        return self._closing is not None or self._transport.is_closing()

    def send(self, name: str, data: BaseModel | dict[str, Any], subject: str = "") -> None:
        """Queue one frame for this socket alone."""
        body = encode_fields(data) if isinstance(data, BaseModel) else encode(data)
        self._earlier()
        self.offer(text_frame(envelope(name, subject, body)))

    def hold(self) -> None:
        """Let everything that is offered wait for `release`; what is put `in_front` goes at once."""
        self._held = []
        self._released.clear()

    def release(self) -> None:
        """Queue what has waited."""
        held, self._held, self._held_size = self._held or [], None, 0
        self._released.set()
        if held:
            self.offer(b"".join(held))

    def offer_numbered(self, frames: list[tuple[int, bytes]], joined: bytes, lowest: int) -> None:
        """Queue frames with their numbers, but for those that the socket has been told already.

        Parameters:
            frames: number, or 0 for none, and frame.
            joined: all of them.
            lowest: the smallest number.
        """
        if lowest > self.known_until:
            self.offer(joined)
            return
        unknown = [frame for seq, frame in frames if seq == 0 or seq > self.known_until]
        if unknown:
            self.offer(b"".join(unknown))

    def offer(self, frame: bytes) -> None:
        """Queue a frame, or close the socket if too much waits already."""
        if self._held is None:
            self.in_front(frame)
        elif self._held_size > self._limit:
            log.warning("socket %s of %s missed more than it can be told and is closed", self.id, self.actor.user_id)
            self.close_soon(SLOW, "too slow", PATIENCE)
        else:
            self._held.append(frame)
            self._held_size += len(frame)

    def in_front(self, frame: bytes) -> None:
        """Queue a frame before everything that is held; the same bound holds."""
        if self.closing:
            return
        if not (self._frames or self._writing or self._transport.get_write_buffer_size()):
            self._write_at_once(frame)
            return
        if self.backlog > self._limit and not self._make_room():
            log.warning("socket %s of %s is too slow and is closed", self.id, self.actor.user_id)
            self._clear()
            self.close_soon(SLOW, "too slow", PATIENCE)
            return
        self._frames.append(frame)
        self._size += len(frame)
        self._idle.clear()
        self._wake.set()

    def _write_at_once(self, frame: bytes) -> None:
        """Write a frame that nothing is in front of: queue and task would cost several times as much."""
        self._transport.write(frame)
        if self._transport.get_write_buffer_size():
            self._idle.clear()
            self._wake.set()

    def _make_room(self) -> bool:
        # After a burst within one turn of the loop the writer has had no chance yet: that is not the client's fault.
        if self._writing:
            return False
        while self._frames and self._transport.get_write_buffer_size() == 0:
            self._transport.write(self._take())
        return self.backlog <= self._limit

    def _take(self) -> bytes:
        taken, size = [], 0
        while self._frames and size < CHUNK:
            taken.append(self._frames.popleft())
            size += len(taken[-1])
        self._size -= size
        return taken[0] if len(taken) == 1 else b"".join(taken)

    async def _write_on(self) -> None:
        while self._closing is None or self._frames:
            await self._wake.wait()
            self._wake.clear()
            self._writing = True
            await self._drain()
            while self._frames:
                self._transport.write(self._take())
                await self._drain()
                self._moved()
            self._moved()
            self._writing = False
            self._idle.set()

    async def _drain(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError:
            self._clear()
        if self._transport.is_closing():
            self._clear()

    def _clear(self) -> None:
        self._frames.clear()
        self._size = 0

    async def written(self) -> None:
        """Return when everything that is not held is written, or the socket takes no more."""
        await self._idle.wait()

    async def settled(self) -> None:
        """Return when everything is written, or the socket takes no more."""
        await self._released.wait()
        await self._idle.wait()

    @property
    def quiet(self) -> bool:
        """Whether nothing waits."""
        return self._idle.is_set() and self._released.is_set()

    def close_soon(self, code: int, reason: str, patience: float = GOODBYE) -> "asyncio.Task[None]":
        """Begin to close with `code`; frames that wait go first. After `patience` seconds the line is cut."""
        if self._closing is None:
            self.closed_with = code
            self._closing = asyncio.get_running_loop().create_task(self._close(code, reason, patience))
            self._moved()
        return self._closing

    async def _close(self, code: int, reason: str, patience: float) -> None:
        self._wake.set()
        try:
            async with asyncio.timeout(patience):
                # The pump is not cancelled: aiohttp lets all who drain wait for one future, which would go with it.
                await asyncio.wait({self._pump})
                await self._websocket.close(code=code, message=reason.encode()[:123])
        except TimeoutError:
            log.info("socket %s did not say goodbye in time", self.id)
        finally:
            self._idle.set()
            self._transport.abort()

    async def gone(self) -> None:
        """Let go of everything; called once when the connection has ended."""
        self._pump.cancel()
        if self.replay is not None:
            self.replay.cancel()
        self._held, self._held_size = None, 0
        self._released.set()
        self._idle.set()
        self._clear()
        self._moved()
        if self._closing is not None:
            await asyncio.wait({self._closing}, timeout=GOODBYE)
