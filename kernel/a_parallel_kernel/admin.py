"""The kernel's own routes about plugins: which there are, how they are, switching them."""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from a_parallel_contracts.errors import Conflict, NotFound
from a_parallel_contracts.http import Request, Route, get, post
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import Health, Plugin, PluginState
from a_parallel_kernel.config import Config
from a_parallel_kernel.hooks import HookDispatcher
from a_parallel_kernel.records import Record
from a_parallel_kernel.supervisor import Supervisor


class PluginView(WireModel):
    """A plugin as the kernel sees it; times in seconds since the epoch, durations in milliseconds."""

    id: str
    state: str
    phase: str | None
    error: str | None
    since: float
    distribution: str
    version: str
    api: str | None
    requires: list[str]
    optional: list[str]
    provides: list[str]
    settings_schema: dict[str, Any] | None
    decided_by: str | None
    calls: int
    errors: int
    errors_in_a_row: int
    mean_ms: float
    slowest_ms: float
    last_error: str | None
    last_error_at: float | None


class PluginList(WireModel):
    """Answer of ``GET /api/kernel/plugins``."""

    plugins: list[PluginView]


class PluginHealth(WireModel):
    """What a plugin says about itself."""

    id: str
    state: str
    ok: bool
    detail: str


class HealthReport(WireModel):
    """Answer of ``GET /api/kernel/health``."""

    ok: bool
    version: str
    uptime: float
    plugins: list[PluginHealth]


class Admin:
    """Serves ``/api/kernel/plugins`` and ``/api/kernel/health``.

    Parameters:
        supervisor: knows the plugins.
        config: says what is decided elsewhere.
        hooks: asks plugins for their health.
        version: of the distribution.
        started: when the server was, by the monotonic clock in seconds.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        config: Config,
        hooks: HookDispatcher,
        version: str,
        started: float,
    ) -> None:
        self._supervisor = supervisor
        self._config = config
        self._hooks = hooks
        self._version = version
        self._started = started

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        return [
            get("/api/kernel/plugins", self.plugins, access="admin", scope="read"),
            get("/api/kernel/plugins/{id}", self.plugin, access="admin", scope="read"),
            post("/api/kernel/plugins/{id}/enable", self.enable, access="admin"),
            post("/api/kernel/plugins/{id}/disable", self.disable, access="admin"),
            get("/api/kernel/health", self.health, access="admin", scope="read"),
        ]

    async def plugins(self, request: Request) -> PluginList:
        """List all installed plugins with state and figures."""
        return PluginList(plugins=[self._view(record) for record in self._supervisor.records.values()])

    async def plugin(self, request: Request) -> PluginView:
        """Show one plugin."""
        return self._view(self._record(request))

    async def enable(self, request: Request) -> PluginView:
        """Switch a plugin on and keep that."""
        return await self._switch(request, self._supervisor.enable)

    async def disable(self, request: Request) -> PluginView:
        """Switch a plugin off, with what depends on it, and keep that."""
        return await self._switch(request, self._supervisor.disable)

    async def _switch(self, request: Request, switch: Callable[[str], Awaitable[Record]]) -> PluginView:
        record = self._record(request)
        decided = self._config.decided(record.id)
        if decided:
            raise Conflict(f"Whether {record.id} is on is decided by {decided}; change it there")
        return self._view(await switch(record.id))

    def _record(self, request: Request) -> Record:
        record = self._supervisor.records.get(request.params["id"])
        if record is None:
            raise NotFound("Plugin not found")
        return record

    def _view(self, record: Record) -> PluginView:
        return PluginView(**record.describe(), decidedBy=self._config.decided(record.id))

    async def health(self, request: Request) -> HealthReport:
        """Ask every plugin how it is."""
        plugins = [await self._ask(record) for record in self._supervisor.records.values()]
        fine = all(plugin.ok for plugin in plugins if plugin.state != PluginState.DISABLED)
        uptime = round(time.monotonic() - self._started, 1)
        return HealthReport(ok=fine, version=self._version, uptime=uptime, plugins=plugins)

    async def _ask(self, record: Record) -> PluginHealth:
        running = record.state == PluginState.RUNNING
        health = Health(ok=running, detail=record.error or "")
        if self._supervisor.active(record.id):
            health = await self._hooks.one(record.id, Plugin.health) or health
        return PluginHealth(id=record.id, state=record.state, ok=health.ok, detail=health.detail)
