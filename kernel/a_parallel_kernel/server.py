"""The HTTP server: every request goes to the pipeline, behind which plugins come and go at run time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from a_parallel_contracts.http import Route
from a_parallel_contracts.topics import Inbound, Topic
from a_parallel_kernel.admission import HttpServices
from a_parallel_kernel.clients import HttpSettings
from a_parallel_kernel.figures import RequestFigures
from a_parallel_kernel.flights import Flights
from a_parallel_kernel.paths import segments_of
from a_parallel_kernel.pipeline import Pipeline
from a_parallel_kernel.router import RouteTable
from a_parallel_kernel.websocket import Hub

log = logging.getLogger("a_parallel.http")

SOCKET = ("ws",)
RECHECK_EVERY = 180.0
"""Seconds between two looks at whether the sockets' sessions are still good (``websocket.md`` §8)."""


class HttpServer:
    """Everything between the listening socket and the plugins.

    Parameters:
        settings: of the server.
        services: the rest of the kernel, asked anew for each request.
        hub: answers ``/ws``.
        clock: of the rate limit, in seconds; for tests.
    """

    def __init__(
        self,
        settings: HttpSettings,
        services: HttpServices,
        hub: Hub,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.routes = RouteTable()
        self.hub = hub
        self._pipeline = Pipeline(settings, services, self.routes, clock)

    @property
    def figures(self) -> RequestFigures:
        """Answers by method, route and status."""
        return self._pipeline.figures

    @property
    def flights(self) -> Flights:
        """Requests that are being handled."""
        return self._pipeline.flights

    def runner(self, shutdown_timeout: float = 5.0) -> web.BaseRunner:
        """Return what runs this server.

        While it runs, sockets are checked anew every few minutes; on its end all are closed with 1001. A client that
        hangs up does not cancel the handler: one that changes something would stop halfway.

        Parameters:
            shutdown_timeout: seconds that requests have to end when the server stops.
        """
        server = web.Server(self._handle, handler_cancellation=False, access_log=None)
        return _Runner(server, self._recheck_regularly, self._shut_down, shutdown_timeout)

    def _handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        if segments_of(request.rel_url.raw_path) == SOCKET:
            return self.hub.handle(request)
        return self._pipeline.handle(request)

    async def _recheck_regularly(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_EVERY)
            try:
                await self.hub.recheck()
            except Exception:
                log.exception("the sockets could not be checked anew")

    async def _shut_down(self) -> None:
        await self.hub.close_all()
        self._pipeline.log.flush()

    def mount(
        self,
        plugin: str,
        routes: Iterable[Route],
        topics: Iterable[Topic | Inbound] = (),
        static: Path | None = None,
    ) -> None:
        """Hang up all contributions of a plugin or, on an error, none.

        Parameters:
            plugin: its id.
            routes, topics: what its hooks of these names return.
            static: directory served at ``/plugins/<plugin>/``.

        Raises:
            RouteError, TopicError, NotADirectoryError: says what is wrong.
        """
        try:
            self.routes.mount(plugin, routes)
            self.hub.mount(plugin, topics)
            if static is not None:
                self._pipeline.files.mount(plugin, static)
        except Exception:
            self.unmount(plugin)
            raise

    def mount_lazily(
        self, plugin: str, paths: Iterable[str], make: Callable[[], Iterable[Route]], distribution: str = ""
    ) -> None:
        """Hang up routes below `paths` when somebody asks for one of them (`RouteTable.mount_lazily`)."""
        self.routes.mount_lazily(plugin, paths, make, distribution)

    def unmount(self, plugin: str) -> None:
        """Take down whatever of the plugin's is there."""
        self.routes.unmount(plugin)
        self.hub.unmount(plugin)
        self._pipeline.files.unmount(plugin)

    async def drain(self, plugin: str, deadline: float) -> None:
        """Wait at most `deadline` seconds until no request of the plugin's is in flight."""
        await self._pipeline.flights.drain(plugin, deadline)


class _Runner(web.ServerRunner):
    """Runs aiohttp's server below its applications, whose routing and signals nothing here would use."""

    def __init__(
        self,
        server: web.Server,
        beside: Callable[[], Coroutine[Any, Any, None]],
        ending: Callable[[], Awaitable[None]],
        timeout: float,
    ) -> None:
        super().__init__(server, shutdown_timeout=timeout)
        self._beside = beside
        self._ending = ending

    async def setup(self) -> None:
        await super().setup()
        self._task = asyncio.create_task(self._beside(), name="hub: recheck")

    async def shutdown(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._ending()
