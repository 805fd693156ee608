"""Wires the kernel; it decides nothing itself."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web
from msgspec.structs import replace

from a_parallel_contracts.auth import AUTHENTICATOR, Actor, Authenticator
from a_parallel_contracts.database import Database
from a_parallel_contracts.events import Event
from a_parallel_contracts.http import Route
from a_parallel_contracts.ids import new_id
from a_parallel_contracts.plugin import Plugin, PluginState, PluginStateChanged, ServerInfo, ServerStopping
from a_parallel_contracts.services import ServiceKey
from a_parallel_contracts.topics import SOCKETS, Topic
from a_parallel_kernel.admission import HttpServices
from a_parallel_kernel.alive import alive_route
from a_parallel_kernel.bus import Bus
from a_parallel_kernel.clients import HttpSettings
from a_parallel_kernel.config import Config, ServerSettings
from a_parallel_kernel.context import Release
from a_parallel_kernel.discovery import Candidate, find_candidates
from a_parallel_kernel.figures import EventFigures
from a_parallel_kernel.handover import offer
from a_parallel_kernel.hooks import HookDispatcher, PluginManager
from a_parallel_kernel.journal import Journal
from a_parallel_kernel.kept import KeptSettings
from a_parallel_kernel.listen import take_address, url_of
from a_parallel_kernel.lock import DirectoryLock, Holder
from a_parallel_kernel.metrics import Metrics, Sources
from a_parallel_kernel.private import make_private_directory
from a_parallel_kernel.server import HttpServer
from a_parallel_kernel.starting import Starter
from a_parallel_kernel.store import Store
from a_parallel_kernel.supervisor import BootError, Supervisor
from a_parallel_kernel.switches import Switches
from a_parallel_kernel.version import VERSION
from a_parallel_kernel.watchdog import Watchdog
from a_parallel_kernel.websocket import Hub

if TYPE_CHECKING:
    from a_parallel_kernel.doctor import Doctor

log = logging.getLogger("a_parallel.kernel")
EventT = TypeVar("EventT", bound=Event)

KERNEL = "kernel"
"""Id under which the kernel mounts its own routes; no plugin may have it."""


class Kernel:
    """The running server.

    Parameters:
        config: the merged configuration.
        candidates: plugins to choose from; all installed ones by default.
        maintenance: serve nobody; plugins begin nothing by themselves (`ServerInfo.maintenance`).

    Attributes:
        url: where it listens, once started.
        services: what plugins provide, by name.
        supervisor: holds the plugins' records.
        http: holds what is mounted.
    """

    url: str
    info: ServerInfo
    http: HttpServer
    db: Database
    hooks: HookDispatcher
    supervisor: Supervisor

    def __init__(
        self, config: Config, candidates: Iterable[Candidate] | None = None, *, maintenance: bool = False
    ) -> None:
        self.config = config
        self.maintenance = maintenance
        self.services: dict[str, Any] = {}
        self.handing_over = False
        self._candidates = find_candidates() if candidates is None else list(candidates)
        self._bus = Bus()
        self.events = EventFigures()
        self._bus.tap(self.events.hear)
        self._exit = AsyncExitStack()

    # --- start and stop ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Take the address and the data directory, open the database, start the plugins, answer.

        Raises:
            AddressInUse, DirectoryInUse, DatabaseRefused, BootError: nothing is left running;
                `stop` may be called, and changes nothing.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        server = self.config.server
        listener = self._listener = take_address(server)
        self._exit.callback(listener.close)
        host, port, self.url = url_of(listener)
        lock = self._take_directory()
        if not self.maintenance:
            self._check_ids()
        self.info = replace(_info(server, host, port), maintenance=self.maintenance)
        store = await Store.open(server.data_directory, self.publish)
        self._exit.push_async_callback(store.db.close)
        self.db = self._sqlite = store.db
        kept = KeptSettings(store.db)
        # A copy that is only checked has an empty database, and brings them.
        self.config.kept = {**self.config.kept, **await kept.read()}
        http = await self._build(store)
        await self._boot()
        if self.maintenance:
            return
        runner = http.runner()
        await runner.setup()
        self._exit.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        lock.announce(Holder(os.getpid(), self.url, VERSION, new_id()))

    def _check_ids(self) -> None:
        """Name ids in the configuration that nobody has: under ``only`` they would leave too little running."""
        installed = {candidate.id for candidate in self._candidates}
        for id in self.config.selection.only or ():
            if id not in installed:
                raise BootError(f"only names the plugin {id}, which is not installed; see: a-parallel plugins list")
        for id in set(self.config.selection.disabled) - installed:
            log.warning("disabled names the plugin %s, which is not installed", id)
        for id in self.config.configured() - installed:
            log.warning("there are settings for the plugin %s, which is not installed", id)

    def _take_directory(self) -> DirectoryLock:
        directory = self.config.server.data_directory
        make_private_directory(directory)
        lock = DirectoryLock(directory)
        self._exit.callback(lock.release)
        return lock

    async def _build(self, store: Store) -> HttpServer:
        self._hub = Hub(
            _http_settings(self.config.server),
            authenticator=self._authenticator,
            resources=self._resources,
            publish=self.publish,
            report=self._report,
        )
        self._journal = await Journal.open(
            store.db, self._hub, self.config.events, tell=self._bus.publish, resources=self._resources
        )
        self._journal.housekeeper.start()
        self._exit.push_async_callback(self._journal.housekeeper.stop)
        self.services[SOCKETS.name] = self._hub
        self._bus.tap(lambda event: self._hub.hear(event, self._bus.note))
        self.http = http = HttpServer(_http_settings(self.config.server), self._http_services(), self._hub)
        manager = PluginManager()
        self.hooks = HookDispatcher(manager, self._context_of, lambda plugin, error: self._report(plugin, error, 0.0))
        migrate = _migrator(store)
        starter = Starter(manager, self, self.config, http, migrate, self._report)
        self.supervisor = Supervisor(
            self._candidates, self.config, Switches(store.db), starter, [SOCKETS.name], self.publish
        )
        sources = Sources(http=http, bus=self._bus, events=self.events, db=store.db, supervisor=self.supervisor)
        plugins = Topic("kernel:plugins", PluginStateChanged, audience="admins", logged=False)
        http.mount(KERNEL, [alive_route(), *Metrics(sources, self.hooks).routes()], [plugins])
        http.mount_lazily(KERNEL, ["/api/kernel"], partial(self._own_routes, time.monotonic()))
        return http

    def _own_routes(self, started: float) -> Iterable[Route]:
        from a_parallel_kernel.admin import Admin
        from a_parallel_kernel.descriptions import Descriptions
        from a_parallel_kernel.plugin_settings import SettingsAdmin

        return [
            *Admin(self.supervisor, self.config, self.hooks, VERSION, started).routes(),
            *self.doctor.routes(),
            *Descriptions(self.http).routes(),
            *self._journal.routes(),
            *SettingsAdmin(self.supervisor, self.config, KeptSettings(self._sqlite)).routes(),
        ]

    @cached_property
    def doctor(self) -> "Doctor":
        """Examines what is stored, and repairs it."""
        from a_parallel_kernel.doctor import Doctor

        return Doctor(self._sqlite, self.hooks, self.supervisor)

    def _http_services(self) -> HttpServices:
        return HttpServices(
            authenticator=self._authenticator,
            resources=self._resources,
            plugin_state=self._state_of,
            report=self._report,
            authorize=self._authorize,
            changes=lambda: self._sqlite.changes,
            idempotency=self._journal.idempotency,
        )

    async def _boot(self) -> None:
        """Start the plugins; after a while those that are slow go on starting while the others serve."""
        watchdog = Watchdog(self.config.kernel.block_limit, self._packages, self._blocked)
        watchdog.start()
        self._exit.callback(watchdog.stop)
        self._exit.push_async_callback(self.supervisor.shutdown)
        boot = asyncio.create_task(self.supervisor.boot(), name="boot")
        done, _ = await asyncio.wait({boot}, timeout=self.config.kernel.ready_after)
        if done:
            boot.result()
        else:
            log.warning("some plugins are still starting; the others serve already")
            boot.add_done_callback(_log_failure)
            self._exit.push_async_callback(_finish, boot)

    def hand_over(self) -> int:
        """Let plugins leave running what outlives the server; return a descriptor of the socket for the next one."""
        self.handing_over = True
        return offer(self._listener)

    async def stop(self) -> None:
        """Stop answering, stop the plugins, dependents first, close the database, free address and directory."""
        self.publish(ServerStopping())
        await self._exit.aclose()

    async def settled(self) -> None:
        """Return when every event has been handled and every frame has been written."""
        await self._bus.settled()
        await self._journal.settled()
        await self._hub.settled()

    # --- what contexts and the HTTP side ask for ----------------------------------------------------

    def publish(self, event: Event) -> None:
        """Publish an event on the bus."""
        self._bus.publish(event)

    def subscribe(
        self,
        plugin: str,
        event: type[EventT],
        handler: Callable[[EventT], Awaitable[None]],
        durable: str | None = None,
    ) -> Release:
        """Subscribe a plugin's handler, under a name that survives the server if need be; return what ends it."""
        deadline = self.config.kernel.stop_deadline / 2
        if durable is not None:
            report = partial(self._report, plugin, seconds=0.0)
            return self._journal.subscribe(plugin, durable, event, handler, report, deadline)

        def handled(event: EventT) -> Awaitable[None]:
            return self._handle(plugin, handler, event)

        subscription = self._bus.subscribe(
            event, handled, owner=plugin, report=lambda owner, error: self._report(owner, error, 0.0)
        )
        return lambda: subscription.close(deadline)

    async def _handle(self, plugin: str, handler: Callable[[EventT], Awaitable[None]], event: EventT) -> None:
        began = time.perf_counter()
        try:
            await handler(event)
        finally:
            seconds = time.perf_counter() - began
            self.events.seconds[plugin] += seconds
        self._report(plugin, None, seconds)

    def _authorize(self, actor: Actor, action: str, resource: Any) -> Awaitable[bool | None] | None:
        if not self.hooks.is_implemented(Plugin.authorize):
            return None
        return self.hooks.first(Plugin.authorize, actor, action, resource)

    def _authenticator(self) -> Authenticator | None:
        found: Authenticator | None = self.services.get(AUTHENTICATOR.name)
        return found

    def _resources(self, key: ServiceKey[Any]) -> Any:
        return self.services.get(key.name)

    def _state_of(self, plugin: str) -> str:
        return PluginState.RUNNING if plugin == KERNEL else self.supervisor.state_of(plugin)

    def _context_of(self, id: str) -> Any:
        record = self.supervisor.active(id)
        return record.context if record else None

    def _report(self, id: str, error: BaseException | None, seconds: float) -> None:
        self.supervisor.report(id, error, seconds)

    def _packages(self) -> Mapping[str, str]:
        records = self.supervisor.records.values()
        return {record.id: type(record.plugin).__module__ for record in records if record.plugin}

    def _blocked(self, plugin: str | None, seconds: float) -> None:
        log.error("the event loop was blocked for %.1f s%s", seconds, f" by plugin {plugin}" if plugin else "")
        if plugin:
            self._report(plugin, RuntimeError(f"blocked the event loop for {seconds:.1f} s"), seconds)


def _http_settings(server: ServerSettings) -> HttpSettings:
    return HttpSettings(
        host=server.host,
        origins=server.origins,
        allowed_hosts=server.allowed_hosts,
        trusted_proxies=server.trusted_proxies,
        rate_limit=server.rate_limit,
        max_body=server.max_body,
        open_to_peers=server.open_to_peers,
    )


def _info(server: ServerSettings, host: str, port: int) -> ServerInfo:
    return ServerInfo(VERSION, server.auth_mode, host, port, server.data_directory, server.origins, server.max_body)


def _migrator(store: Store) -> Callable[[str, str, Collection[str]], Awaitable[None]]:
    async def migrate(plugin: str, source: str, tables: Collection[str]) -> None:
        for name in await store.migrate(plugin, source, tables):
            log.info("applied the migration %s of plugin %s", name, plugin)

    return migrate


async def _finish(boot: "asyncio.Task[None]") -> None:
    boot.cancel()
    await asyncio.wait({boot})


def _log_failure(boot: "asyncio.Task[None]") -> None:
    if not boot.cancelled() and (error := boot.exception()) is not None:
        log.error("%s", error)
