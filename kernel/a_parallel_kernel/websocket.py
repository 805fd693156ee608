"""The hub behind ``/ws``: sends events to the browsers that may see them, and takes messages from browsers."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from a_parallel_contracts.auth import Actor, Authenticator, Credentials
from a_parallel_contracts.errors import ApiError
from a_parallel_contracts.events import Event
from a_parallel_contracts.services import Resources, ServiceKey
from a_parallel_contracts.topics import Inbound, SocketClosed, SocketOpened, Topic
from a_parallel_kernel.answers import text_answer
from a_parallel_kernel.batches import Batches
from a_parallel_kernel.clients import Client, ClientGate, HttpSettings, credentials_of
from a_parallel_kernel.coalescing import Coalescer
from a_parallel_kernel.deliveries import Deliveries
from a_parallel_kernel.eventlog import Entries, Entry
from a_parallel_kernel.figures import SocketFigures
from a_parallel_kernel.frames import event_data, event_frame, numbered_frame
from a_parallel_kernel.inbox import Inbox
from a_parallel_kernel.sockets import GOODBYE, Connection
from a_parallel_kernel.topics import MountedInbound, MountedTopic, TopicTable

log = logging.getLogger("a_parallel.hub")

PING_EVERY = 25.0
LARGEST_MESSAGE = 16 * 1024 * 1024
QUEUE = 4 * 1024 * 1024
"""Bytes that may wait for one socket."""

LOG_OUT = 4001
GOING_AWAY = 1001


class Opened(Protocol):
    """Called with a new socket and the query of its URL, before the first event goes to it."""

    def __call__(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Queue what the socket gets first."""


class Hub:
    """All sockets, topics and incoming messages; implements the contract's `Sockets`.

    Parameters:
        settings: of the server.
        authenticator: returns the running auth mode, or None.
        resources: returns the service behind a topic's ``loads``, or None while nobody provides it.
        publish: publishes `SocketOpened` and `SocketClosed`.
        report: told plugin, error (or None) and seconds of each message handled.
        queue: bytes that may wait for one socket before it is closed with 1013.
        opened: the place where a replay of missed events may begin.

    Attributes:
        table: everything that plugins have mounted.
        opened: see above; it may be set as long as there is no socket.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        authenticator: Callable[[], Authenticator | None],
        resources: Callable[[ServiceKey[Any]], Resources[Any] | None],
        publish: Callable[[Event], None],
        report: Callable[[str, BaseException | None, float], None],
        queue: int = QUEUE,
        opened: Opened | None = None,
    ) -> None:
        self._gate = ClientGate(settings)
        self._authenticator = authenticator
        self._publish = publish
        self._report = report
        self._limit = queue
        self.opened = opened
        self.table = TopicTable()
        self._inbox = Inbox(self.table, report)
        self._connections: dict[str, Connection] = {}
        self._deliveries = Deliveries(resources, self._owners_matter, self._send)
        self._coalescer = Coalescer(self._deliveries.submit)
        self._batches = Batches()
        self._moved: list[asyncio.Future[None]] = []
        self.figures = SocketFigures()
        self._shut = False

    # --- what plugins mount, and what they publish ------------------------------------------------

    def mount(self, plugin: str, topics: Iterable[Topic | Inbound]) -> None:
        """Mount all `topics` of a plugin, or none of them.

        Raises:
            TopicError: a name is taken, or a topic names a field that its event lacks.
        """
        self.table.mount(plugin, topics)

    def unmount(self, plugin: str) -> None:
        """Take all topics and incoming messages of a plugin away."""
        self.table.unmount(plugin)

    def topics(self) -> list[MountedTopic]:
        """Return everything that is mounted, by name."""
        return self.table.topics()

    def messages(self) -> list[MountedInbound]:
        """Return all messages that plugins receive, by name."""
        return self.table.messages()

    def hear(self, event: Event, entries: Entries | None = None) -> None:
        """Send `event` to those who may see it; to be tapped into the bus.

        Parameters:
            event: what was published.
            entries: where it stands in the log, if it does.
        """
        if self._connections:
            for topic in self.table.of(event):
                self._coalescer.offer(topic, event, entries.get(topic.topic.name) if entries else None)

    def _owners_matter(self) -> bool:
        return any(not connection.actor.sees_all for connection in self._connections.values())

    def _send(self, topic: MountedTopic, event: Event, entry: Entry | None, owner: str | None) -> None:
        only = topic.socket(event)
        key = (topic.topic.audience, owner, only, topic.topic.name if topic.topic.on_request else None)
        batches = self._batches
        if not batches.audience(key, lambda: list(self._audience(topic.topic, owner, only))):
            return
        name, subject = topic.topic.name, topic.subject(event)
        data = entry.data if entry is not None else None
        try:
            data = event_data(event, topic.hidden) if data is None else data
        except Exception as error:
            log.exception("%s of plugin %s cannot be encoded", name, topic.plugin)
            self._report(topic.plugin, error, 0.0)
            return
        if batches.plain:
            batches.add(event_frame(name, subject, data))
        if batches.numbered and entry is not None:
            batches.add_numbered(entry.seq, numbered_frame(name, subject, data, entry.seq))
        elif batches.numbered:
            batches.add_numbered(0, event_frame(name, subject, data))

    def _audience(self, topic: Topic, owner: str | None, only: str | None) -> Iterator[Connection]:
        for connection in self._connections.values():
            actor = connection.actor
            if only not in (None, connection.id) or (topic.on_request and topic.name not in connection.also):
                continue
            if topic.audience == "everyone" or (actor.owns(owner) if topic.audience == "owner" else _rules(actor)):
                yield connection

    # --- connections ------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request for ``/ws`` and serve the socket until it ends (``websocket.md`` §1)."""
        client = self._gate.identify(request)
        refused = self._refused(client)
        if refused:
            return text_answer(403, refused)
        credentials = credentials_of(request, client, websocket=True)
        authenticator = self._authenticator()
        try:
            actor = await authenticator.authenticate(credentials) if authenticator else None
        except ApiError as error:
            return text_answer(error.status, error.message)
        websocket = web.WebSocketResponse(heartbeat=PING_EVERY, max_msg_size=LARGEST_MESSAGE, compress=False)
        upgrade = websocket.can_prepare(request).ok
        if actor is None or actor.role == "anonymous":
            # In a mode with a login page a plain 401 makes the page try again every 2 s for ever (§1.3).
            log_out = authenticator is not None and authenticator.mode != "local" and upgrade
            return await _log_out(request, websocket) if log_out else text_answer(401, "Unauthorized")
        if actor.scopes is not None and "read" not in actor.scopes:
            return text_answer(403, "This access token lacks the scope read")
        if not upgrade or self._shut:
            return text_answer(400, "WebSocket upgrade failed")
        await self._serve(request, websocket, actor, credentials)
        return websocket

    def _refused(self, client: Client) -> str | None:
        if not client.host_allowed:
            return "This server is not called by that name; see allowed_hosts in the section [server]"
        if not client.origin_allowed:
            return "Pages of that origin may not connect; see cors_origins in the section [server]"
        return None

    async def _serve(
        self, request: web.BaseRequest, websocket: web.WebSocketResponse, actor: Actor, credentials: Credentials
    ) -> None:
        writer = await websocket.prepare(request)
        self._batches.flush()
        connection = Connection(
            websocket, request, writer, actor, credentials, self._limit, self._shorter, self._batches.flush
        )
        connection.also = frozenset(name for names in request.query.getall("also", ()) for name in names.split(","))
        if self.opened is not None:
            self.opened(connection, request.query)
        self._connections[connection.id] = connection
        self.figures.opened += 1
        self._publish(SocketOpened(socket_id=connection.id, user_id=actor.user_id))
        try:
            async for message in websocket:
                if message.type is not WSMsgType.ERROR:
                    await self._inbox.receive(connection, message)
        finally:
            del self._connections[connection.id]
            self.figures.ended(connection.closed_with, connection.ignored)
            await connection.gone()
            self._publish(SocketClosed(socket_id=connection.id, user_id=actor.user_id))

    # --- the service ------------------------------------------------------------------------------

    def _of(self, user_id: str) -> list[Connection]:
        return [connection for connection in self._connections.values() if connection.actor.user_id == user_id]

    @property
    def backlogs(self) -> list[int]:
        """Bytes that wait, for each socket."""
        return [connection.backlog for connection in self._connections.values()]

    def connected(self, user_id: str) -> bool:
        """Tell whether a socket of the user is open."""
        return bool(self._of(user_id))

    def congested(self, user_id: str) -> bool:
        """Tell whether a socket of the user has more than half of its queue waiting."""
        return any(connection.congested for connection in self._of(user_id))

    async def drained(self, user_id: str) -> None:
        """Return when no socket of the user is congested."""
        while self.congested(user_id):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._moved.append(waiter)
            await waiter

    def _shorter(self) -> None:
        waiters, self._moved = self._moved, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def close(self, *, session: str | None = None, user_id: str | None = None, code: int, reason: str) -> int:
        """Close the sockets of a session, or of a user, with `code` and return how many there were."""
        self._batches.flush()
        chosen = [
            connection
            for connection in self._connections.values()
            if (session or user_id)
            and session in (None, connection.actor.session)
            and user_id in (None, connection.actor.user_id)
        ]
        await _all(connection.close_soon(code, reason) for connection in chosen)
        return len(chosen)

    async def recheck(self) -> int:
        """Ask the auth mode anew about every socket, and log out those it no longer knows; return how many.

        To be called every few minutes: sessions also expire by themselves (``websocket.md`` §8).
        """
        ended = []
        for connection in list(self._connections.values()):
            authenticator = self._authenticator()
            if authenticator is None or authenticator.mode == "local":
                continue
            actor = await _known(authenticator, connection.credentials)
            if actor is None or actor.user_id != connection.actor.user_id:
                ended.append(connection.close_soon(LOG_OUT, "the session has ended"))
            else:
                connection.actor = actor
        await _all(ended)
        return len(ended)

    async def close_all(self, code: int = GOING_AWAY, reason: str = "the server is going away") -> None:
        """Take no further sockets and close those that are open; what waits for them goes first."""
        self._shut = True
        self._coalescer.flush()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                await self._deliveries.settled()
        self._batches.flush()
        await _all(connection.close_soon(code, reason) for connection in self._connections.values())
        self._coalescer.close()
        self._deliveries.close()

    async def settled(self) -> None:
        """Return when all that was published is written to the sockets that may see it, or they are closing."""
        self._batches.flush()
        while not self._quiet():
            await self._coalescer.settled()
            await self._deliveries.settled()
            self._batches.flush()
            for connection in list(self._connections.values()):
                await connection.settled()

    def _quiet(self) -> bool:
        sockets = self._connections.values()
        return self._coalescer.quiet and self._deliveries.quiet and all(socket.quiet for socket in sockets)


def _rules(actor: Actor) -> bool:
    return actor.administers


async def _known(authenticator: Authenticator, credentials: Credentials) -> Actor | None:
    try:
        return await authenticator.authenticate(credentials)
    except ApiError:  # an account that was banned since, for example
        return None


async def _log_out(request: web.BaseRequest, websocket: web.WebSocketResponse) -> web.StreamResponse:
    await websocket.prepare(request)
    await websocket.close(code=LOG_OUT, message=b"not signed in")
    return websocket


async def _all(tasks: Iterable["asyncio.Task[None]"]) -> None:
    pending = list(tasks)
    if pending:
        await asyncio.wait(pending)
