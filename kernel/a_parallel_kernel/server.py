"""The HTTP server: one resource of ours in aiohttp's router, behind which plugins come and go at run time."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

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

    def application(self) -> web.Application:
        """Return the application to be run, e.g. by `runner`.

        While it runs, sockets are checked anew every few minutes; on its shutdown all are closed with 1001.
        """
        # The pipeline bounds bodies itself, by route; 0 switches aiohttp's own limit off.
        application = web.Application(client_max_size=0)
        application.router.register_resource(_Everything(self._handle))
        application.cleanup_ctx.append(self._rechecks)
        application.on_shutdown.append(self._shut_down)
        return application

    def runner(self, shutdown_timeout: float = 5.0) -> web.AppRunner:
        """Return a runner for `application`.

        A client that hangs up does not cancel the handler: one that changes something would stop halfway.

        Parameters:
            shutdown_timeout: seconds that requests have to end when the server stops.
        """
        return web.AppRunner(
            self.application(), access_log=None, handler_cancellation=False, shutdown_timeout=shutdown_timeout
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if segments_of(request.rel_url.raw_path) == SOCKET:
            return await self.hub.handle(request)
        return await self._pipeline.handle(request)

    async def _rechecks(self, application: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self._recheck_regularly(), name="hub: recheck")
        yield
        task.cancel()
        await asyncio.wait({task})

    async def _recheck_regularly(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_EVERY)
            try:
                await self.hub.recheck()
            except Exception:
                log.exception("the sockets could not be checked anew")

    async def _shut_down(self, application: web.Application) -> None:
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

    def unmount(self, plugin: str) -> None:
        """Take down whatever of the plugin's is there."""
        self.routes.unmount(plugin)
        self.hub.unmount(plugin)
        self._pipeline.files.unmount(plugin)

    async def drain(self, plugin: str, deadline: float) -> None:
        """Wait at most `deadline` seconds until no request of the plugin's is in flight."""
        await self._pipeline.flights.drain(plugin, deadline)


class _Everything(web.AbstractResource):
    """Matches every method and path; the route table decides what is behind them."""

    def __init__(self, handler: Callable[[web.Request], Any]) -> None:
        super().__init__()
        self._route = web.ResourceRoute("*", handler, self)

    @property
    def canonical(self) -> str:
        return "/"

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        return web.UrlMappingMatchInfo({}, self._route), set()

    def raw_match(self, path: str) -> bool:
        return True

    def get_info(self) -> Any:
        return {"path": "/"}

    def add_prefix(self, prefix: str) -> NoReturn:
        raise RuntimeError("this resource takes every path and has no prefix")

    def url_for(self, **kwargs: str) -> NoReturn:
        raise RuntimeError("this resource takes every path; there is no URL to build")

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        yield self._route

    def __len__(self) -> int:
        return 1
