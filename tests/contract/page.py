"""A browser page of the unmodified client: `Screen` holds what it shows, this is the transport around it.

Boot calls, bearer header, JSON content type on every call, ``/ws?token=``, reconnect with a reload
(``http-core.md`` §10, ``websocket.md`` §6).
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from tests.contract.api import Api, Reply
from tests.contract.circuit import Circuit
from tests.contract.screen import Screen
from tests.contract.shown import Breach, Shown

FRAME = 0.016


class Page:
    """One browser page.

    Parameters:
        base_url: of the server.
        reconnect_delay: seconds between a closed socket and the next attempt; 2 in the real client.
        reload_delay: seconds between a result and the reload of the list; 0.5 in the real client.
    """

    def __init__(self, base_url: str, *, reconnect_delay: float = 0.05, reload_delay: float = 0.02) -> None:
        self.base_url = base_url
        self.reconnect_delay = reconnect_delay
        self.reload_delay = reload_delay
        self.screen = Screen()
        self.setup: dict[str, Any] = {}
        self.connections = 0
        self._sent = 0
        self.breach: Breach | None = None
        self.api = Api(base_url)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._closing = False

    @property
    def circuit(self) -> Circuit:
        """Whether the "server unavailable" overlay covers the page."""
        return self.api.circuit

    # --- one page --------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return await self.boot()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()
        if error is None and self.breach is not None:
            raise self.breach

    async def boot(self) -> Self:
        """Load the page: mode and token, setup, projects with their threads and git states, then the socket."""
        self._closing = False
        mode = await self.api.call("GET", "/api/auth/mode", token=False)
        if mode.ok and mode.body["mode"] == "local":
            self.api.token = (await self.api.call("GET", "/api/auth/token", token=False)).body["token"]
        setup = await self.api.call("GET", "/api/setup/status")
        self.setup = setup.body if setup.ok else {}
        await self.load_projects()
        self._start(self._stay_connected())
        await self.until(lambda screen: self.connections > 0, "the first connection")
        return self

    async def leave(self) -> None:
        """Close the page."""
        self._closing = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        await self.api.http.close()

    async def reload(self) -> Self:
        """Press F5: nothing on the page survives."""
        await self.leave()
        self.screen, self.connections = Screen(), 0
        self.api = Api(self.base_url)
        return await self.boot()

    # --- HTTP ------------------------------------------------------------------------------------

    async def act(self, method: str, path: str, body: Any = None) -> Reply:
        """Send a call that a person caused; a failure becomes a toast."""
        reply = await self.api.call(method, path, body)
        if not reply.ok:
            self.screen.toasts.append(reply.error)
        return reply

    async def load_projects(self) -> None:
        """Load the projects, and of each its threads and git states."""
        reply = await self.api.call("GET", "/api/projects")
        if reply.ok:
            self.screen.show_projects(reply.body)
        for project in self.screen.projects:
            await self.load_threads(project["id"])
            states = await self.api.call("GET", f"/api/git/status?projectId={project['id']}")
            if states.ok:
                self.screen.show_git(states.body["statuses"])

    async def load_threads(self, project_id: str) -> None:
        """Load the list of one project."""
        reply = await self._fresh(f"/api/threads?projectId={project_id}&includeArchived=true")
        if reply.ok:
            self.screen.show_threads(project_id, reply.body)
        await self._notify()

    async def load_thread(self, thread_id: str) -> Shown:
        """Open a thread."""
        self.screen.begin_loading(thread_id)
        reply = await self._fresh(f"/api/threads/{thread_id}")
        if reply.ok:
            self.screen.show_thread(reply.body)
        else:
            self.screen.toasts.append(reply.error)
        await self._notify()
        return self.screen.threads[thread_id]

    async def _fresh(self, path: str) -> Reply:
        """Return an answer that no status event has overtaken.

        A real page shows an answer that was overtaken until its next load; what a test waits for would then
        depend on the machine.
        """
        while True:
            changes = self.screen.status_changes
            reply = await self.api.call("GET", path)
            if self.screen.status_changes == changes:
                return reply

    async def until(self, condition: Callable[[Screen], bool], what: str, timeout: float = 30.0) -> None:
        """Return as soon as the screen, drawn completely, satisfies `condition`; `what` names it in the failure."""

        def holds() -> bool:
            return self.breach is not None or (self.screen.drawn and condition(self.screen))

        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"{what} did not happen within {timeout} s: {self.screen}") from None
        if self.breach is not None:
            raise self.breach

    async def until_status(self, thread_id: str, *statuses: str) -> Shown:
        """Return the thread as soon as it shows one of `statuses`."""

        def reached(screen: Screen) -> bool:
            return thread_id in screen.threads and screen.threads[thread_id].status in statuses

        await self.until(reached, f"status {' or '.join(statuses)} of thread {thread_id}")
        return self.screen.threads[thread_id]

    async def until_outcome(self, thread_id: str, *statuses: str) -> Shown:
        """Return the thread as soon as the run that the last `send` started shows one of `statuses`."""

        def reached(screen: Screen) -> bool:
            since = screen.history.get(thread_id, [])[self._sent :]
            return "running" in since and screen.threads[thread_id].status in statuses

        await self.until(reached, f"{' or '.join(statuses)} of the run in thread {thread_id}")
        return self.screen.threads[thread_id]

    # --- WebSocket -------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        while not self._closing:
            try:
                await self._connect_once()
            except (aiohttp.ClientError, OSError):
                pass
            await asyncio.sleep(self.reconnect_delay)

    async def drop_connection(self) -> None:
        """Lose the socket, as a laptop does that is closed."""
        assert self._socket is not None, "not connected"
        await self._socket.close(code=1001)

    async def _connect_once(self) -> None:
        url = f"{self.base_url}/ws?token={quote(self.api.token or '', safe='')}"
        async with self.api.http.ws_connect(url, max_msg_size=0, autoping=True) as socket:
            self._socket = socket
            self._start(self._resync())
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._receive(message.data)

    async def _resync(self) -> None:
        """What the client does on each open socket (``websocket.md`` §6)."""
        for project in self.screen.projects:
            await self.load_threads(project["id"])
        if self.screen.open_id is not None:
            await self.load_thread(self.screen.open_id)
        self.connections += 1
        await self._notify()

    async def _receive(self, text: str) -> None:
        try:
            self.screen.receive(text)
        except (Breach, KeyError, TypeError, ValueError) as error:
            self.breach = self.breach or Breach(f"{error!r} in {text[:500]}")
        if not self.screen.drawn:
            self._start(self._draw())
        if self.screen.wants:
            self._start(self._fetch_wanted(set(self.screen.wants)))
            self.screen.wants.clear()
        await self._notify()

    async def _draw(self) -> None:
        await asyncio.sleep(FRAME)
        self.screen.animation_frame()
        await self._notify()

    async def _fetch_wanted(self, wants: set[str]) -> None:
        await asyncio.sleep(self.reload_delay)
        for want in sorted(wants):
            kind, id = want.split(":", 1)
            if kind == "threads":
                await self.load_threads(id)
            else:
                await self.api.call("GET", f"/api/git/{id}/diff")

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.breach = self.breach or Breach(repr(task.exception()))

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
