"""What stands behind the fixtures of `a_parallel_kernel.testing`."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
from msgspec import Struct

from a_parallel_contracts.auth import AUTHENTICATOR, LOCAL_ACTOR, Actor, Credentials
from a_parallel_contracts.plugin import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.services import ServiceKey
from a_parallel_kernel.app import Kernel
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate, find_candidates

LOCAL_TOKEN = "local"  # noqa: S105 - known to everybody, and only to the stand-in authenticator


class AnswerError(AssertionError):
    """The server did not answer with success."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"answered {status}: {body}")
        self.status = status
        self.error = body.get("error") if isinstance(body, dict) else None


class Answer(Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class WebSocket:
    """A connected page: `frames` holds everything received so far."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []

    async def send(self, name: str, data: Mapping[str, Any]) -> None:
        """Send a message."""
        await self.socket.send_json({"type": name, "data": data})

    async def receive(self, name: str | None = None, /, *, timeout: float = 20.0, **data: Any) -> dict[str, Any]:
        """Return the next frame called `name` whose data holds `data`; others are kept in `frames`.

        Raises:
            TimeoutError: none came within `timeout` seconds.
        """
        while True:
            frame: dict[str, Any] = await self.socket.receive_json(timeout=timeout)
            self.frames.append(frame)
            if (name in (None, frame["type"])) and data.items() <= frame["data"].items():
                return frame


class Client:
    """Calls a running kernel.

    Parameters:
        running: the kernel.
        token: bearer token for the stand-in authenticator.
    """

    def __init__(self, running: "RunningKernel", token: str | None = LOCAL_TOKEN) -> None:
        self.kernel = running
        self._token = token

    def acting_as(self, user_id: str | None, role: str = "user") -> "Client":
        """Return a client that acts as another user, or as nobody."""
        return Client(self.kernel, None if user_id is None else f"{role}:{user_id}")

    async def answer(self, method: str, path: str, *, json: Any = None, **options: Any) -> Answer:
        """Send a request and return the answer, whatever its status."""
        headers = {**self._headers, **options.pop("headers", {})}
        options |= {"json": json} if json is not None else {}
        call = self.kernel.session.request(method, f"{self.kernel.url}{path}", headers=headers, **options)
        async with call as response:
            return Answer(response.status, response.headers, await response.read())

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return the parsed body.

        Raises:
            AnswerError: the status is no success.
        """
        answer = await self.answer(method, path, **options)
        if answer.status >= 400:
            raise AnswerError(answer.status, answer.json if answer.body else None)
        return answer.json

    async def get(self, path: str, **options: Any) -> Any:
        """GET and return the parsed body."""
        return await self.call("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Any:
        """POST and return the parsed body."""
        return await self.call("POST", path, **options)

    async def put(self, path: str, **options: Any) -> Any:
        """PUT and return the parsed body."""
        return await self.call("PUT", path, **options)

    async def patch(self, path: str, **options: Any) -> Any:
        """PATCH and return the parsed body."""
        return await self.call("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> Any:
        """DELETE and return the parsed body."""
        return await self.call("DELETE", path, **options)

    @asynccontextmanager
    async def websocket(self, **query: str) -> AsyncIterator[WebSocket]:
        """Connect to ``/ws`` with further parameters of its query, such as ``since``."""
        asked = {**({"token": self._token} if self._token else {}), **query}
        connecting = self.kernel.session.ws_connect(f"{self.kernel.url}/ws", headers=self._headers, params=asked)
        async with connecting as socket:
            yield WebSocket(socket)


class StandInAuthenticator:
    """Believes what the bearer token says: ``local``, or ``<role>:<user id>``."""

    mode = "local"

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        """Return the actor that the token names."""
        token = credentials.headers.get("authorization", "").removeprefix("Bearer ") or credentials.query.get("token")
        if token == LOCAL_TOKEN:
            return LOCAL_ACTOR
        role, separator, user_id = (token or "").partition(":")
        if not separator:
            return None
        return Actor(user_id, "admin" if role == "admin" else "user", session=token)


def stand_in_plugin(services: Mapping[ServiceKey[Any], Any]) -> type[Plugin]:
    """Return a plugin that provides `services`."""

    class StandIns(Plugin):
        """Stand-in services."""

        manifest = Manifest(api="1.0", provides=tuple(services))

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            for key, service in services.items():
                ctx.provide(key, service)
            yield

    return StandIns


class RunningKernel:
    """A kernel in this process, on a free port."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.client = Client(self)
        self.session: aiohttp.ClientSession

    @classmethod
    async def start(
        cls,
        plugins: Mapping[str, type[Plugin]],
        data_directory: Path,
        *,
        installed: tuple[str, ...] = (),
        services: Mapping[ServiceKey[Any], Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        authenticate: bool = True,
        candidates: Iterable[Candidate] = (),
    ) -> Self:
        """Start one; the parameters are those of `a_parallel_kernel.testing.KernelFactory`."""
        stand_ins = dict(services or {})
        if authenticate and AUTHENTICATOR not in stand_ins and "auth" not in {*plugins, *installed}:
            stand_ins[AUTHENTICATOR] = StandInAuthenticator()
        chosen = {**plugins, "standins": stand_in_plugin(stand_ins)}
        flags = {"server.data_directory": data_directory, "server.port": 0, "server.rate_limit": 0, **(settings or {})}
        running = cls(Kernel(Config(flags), [*_candidates(chosen), *_installed(installed), *candidates]))
        await running.kernel.start()
        running.session = aiohttp.ClientSession()
        return running

    async def stop(self) -> None:
        """Stop the kernel and close the client."""
        if not self.session.closed:
            await self.session.close()
            await self.kernel.stop()

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.kernel.url

    async def settled(self) -> None:
        """Return when every published event has been handled and every frame has been written."""
        await self.kernel.settled()

    def state(self, id: str) -> str:
        """Return the state of a plugin."""
        return self.kernel.supervisor.state_of(id)

    def expect_running(self, id: str) -> None:
        """Fail with the plugin's own error unless it runs."""
        record = self.kernel.supervisor.records[id]
        assert record.state == "running", f"plugin {id} is {record.state} ({record.phase}): {record.error}"

    def service(self, key: ServiceKey[Any]) -> Any:
        """Return a provided service."""
        return self.kernel.services[key.name]


def _candidates(plugins: Mapping[str, type[Plugin]]) -> Iterator[Candidate]:
    for id, plugin in plugins.items():
        yield Candidate(id, lambda plugin=plugin: plugin, "under test", "0")  # type: ignore[misc]


def _installed(ids: tuple[str, ...]) -> list[Candidate]:
    found = [candidate for candidate in find_candidates() if candidate.id in ids]
    missing = set(ids) - {candidate.id for candidate in found}
    assert not missing, f"not installed: {sorted(missing)}"
    return found
