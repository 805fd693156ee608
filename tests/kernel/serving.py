"""A listening server with stand-ins for the rest of the kernel."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy

from a_parallel_contracts import LOCAL_ACTOR, Actor, Credentials, NotFound, ServiceKey, WireModel
from a_parallel_kernel.admission import HttpServices
from a_parallel_kernel.bus import Bus
from a_parallel_kernel.clients import HttpSettings
from a_parallel_kernel.server import HttpServer
from a_parallel_kernel.websocket import Hub

TOKEN = "t0ken"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Thing(WireModel):
    id: str
    owner_name: str


class Things:
    """A service with resources of two owners."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {"t1": "ann", "t2": "bob"}
        self.asked: list[str] = []
        self.loaded: list[str] = []
        self.gate: asyncio.Event | None = None

    async def load(self, actor: Actor, id: str) -> Thing:
        self.loaded.append(id)
        owner = self.owners.get(id)
        if owner is None or not actor.owns(owner):
            raise NotFound("Thing not found")
        return Thing(id=id, owner_name=owner)

    async def owner_of(self, id: str) -> str | None:
        self.asked.append(id)
        if self.gate is not None:
            await self.gate.wait()
        return self.owners.get(id)


THINGS = ServiceKey[Things]("things")


@dataclass
class Auth:
    """Knows its users by token, in the header or in the query of a socket."""

    mode: str = "local"
    actors: dict[str, Actor] = field(default_factory=lambda: {TOKEN: LOCAL_ACTOR})
    asked: list[Credentials] = field(default_factory=list)

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        self.asked.append(credentials)
        token = credentials.headers.get("authorization", "").removeprefix("Bearer ")
        if credentials.websocket:
            token = credentials.query.get("token", token)
        return self.actors.get(token)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Kernel:
    """What the server is attached to; tests change it while the server runs."""

    auth: Auth | None = field(default_factory=Auth)
    services: dict[str, Any] = field(default_factory=lambda: {"things": Things()})
    states: dict[str, str] = field(default_factory=dict)
    reports: list[tuple[str, BaseException | None]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    authorized: list[tuple[str, str, Any]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    bus: Bus = field(default_factory=Bus)
    changes: int = 0

    @property
    def things(self) -> Things:
        found: Things = self.services["things"]
        return found

    def report(self, plugin: str, error: BaseException | None, seconds: float) -> None:
        self.reports.append((plugin, error))

    async def authorize(self, actor: Actor, action: str, resource: Any) -> bool | None:
        self.authorized.append((actor.user_id, action, resource))
        return False if action in self.refused else None


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass
class Served:
    """A running server and a client for it."""

    kernel: Kernel
    server: HttpServer
    hub: Hub
    base: str
    session: aiohttp.ClientSession
    runner: web.BaseRunner

    @property
    def connections(self) -> int:
        """Connections that are open, as far as the server has noticed."""
        assert self.runner.server is not None
        return sum(connection.transport is not None for connection in self.runner.server.connections)

    async def call(
        self, method: str, path: str, *, auth: bool = True, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        """Make a request and read its answer."""
        sent = {**(BEARER if auth else {}), **(headers or {})}
        async with self.session.request(method, self.base + path, headers=sent, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def json(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Make a request and return status and decoded body."""
        response = await self.call(method, path, **options)
        return response.status, response.json()

    async def raw(self, text: str | bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes as they are, and return status, headers (lower case) and body of the answer."""
        host, port = self.base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(text.encode() if isinstance(text, str) else text)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().strip()
        status, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        writer.close()
        return int(status.split()[1]), headers, body

    async def get_raw(self, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
        """GET a path that no client library would send as it is."""
        host = [] if any(header.lower().startswith("host:") for header in headers) else ["Host: localhost"]
        lines = [f"GET {path} HTTP/1.1", *host, "Connection: close", *headers]
        return await self.raw("\r\n".join(lines) + "\r\n\r\n")

    async def ws(self, token: str = TOKEN, **headers: str) -> aiohttp.ClientWebSocketResponse:
        """Connect a socket, and return when the server knows it."""
        known = len(self.hub._connections)
        socket = await self.session.ws_connect(f"{self.base}/ws?token={token}", headers=headers, max_msg_size=0)
        await until(lambda: socket.closed or len(self.hub._connections) > known)
        return socket


async def until(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds, looking at it in every turn of the loop."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is looked at is the server's own state
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(
    settings: HttpSettings | None = None, kernel: Kernel | None = None, **hub_options: Any
) -> AsyncIterator[Served]:
    """Run a server on a free port of the loopback interface."""
    settings, kernel = settings or HttpSettings(), kernel or Kernel()
    hub = Hub(
        settings,
        authenticator=lambda: kernel.auth,
        resources=lambda key: kernel.services.get(key.name),
        publish=kernel.bus.publish,
        report=kernel.report,
        **hub_options,
    )
    kernel.bus.tap(hub.hear)
    services = HttpServices(
        authenticator=lambda: kernel.auth,
        resources=lambda key: kernel.services.get(key.name),
        plugin_state=lambda plugin: kernel.states.get(plugin, "running"),
        report=kernel.report,
        authorize=kernel.authorize,
        changes=lambda: kernel.changes,
    )
    server = HttpServer(settings, services, hub, kernel.clock)
    runner = server.runner(shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        try:
            yield Served(kernel, server, hub, f"http://127.0.0.1:{port}", session, runner)
        finally:
            await runner.cleanup()
