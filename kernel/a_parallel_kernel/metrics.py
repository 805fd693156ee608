"""``GET /metrics``: the kernel's figures and those of the plugins, for Prometheus."""

import asyncio
import importlib
import logging
import re
from collections.abc import Iterable

from msgspec import Struct

from a_parallel_contracts.http import Request, Response, Route, get
from a_parallel_contracts.metrics import Metric
from a_parallel_contracts.plugin import Plugin
from a_parallel_kernel.bus import Bus
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.figures import EventFigures
from a_parallel_kernel.hooks import HookDispatcher, implements
from a_parallel_kernel.server import HttpServer
from a_parallel_kernel.supervisor import Supervisor

log = logging.getLogger("a_parallel.kernel")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Sources(Struct, frozen=True, kw_only=True):
    """Where the figures come from."""

    http: HttpServer
    bus: Bus
    events: EventFigures
    db: SqliteDatabase
    supervisor: Supervisor


class MetricError(ValueError):
    """What a plugin contributes cannot be shown; the text says why."""


class Metrics:
    """Serves ``/metrics``.

    Parameters:
        sources: of the kernel's own figures.
        hooks: asks the plugins for theirs.
    """

    def __init__(self, sources: Sources, hooks: HookDispatcher) -> None:
        self._sources = sources
        self._hooks = hooks

    def routes(self) -> Iterable[Route]:
        """Return the route to mount."""
        return [get("/metrics", self.show, access="admin", scope="read")]

    async def show(self, request: Request) -> Response:
        """Show all figures in the format of Prometheus or, if asked for, of OpenMetrics."""
        # Loaded when somebody asks, and beside the loop: the library takes longer to load than the kernel to start.
        exposition = await asyncio.to_thread(importlib.import_module, "a_parallel_kernel.exposition")
        families = exposition.kernel_families(self._sources)
        for id, metrics in (await self._contributed()).items():
            families += exposition.plugin_families(id, metrics)
        text, content_type = await asyncio.to_thread(exposition.text, families, request.headers.get("accept", ""))
        return Response(text, content_type=content_type, headers={"Cache-Control": "no-store"})

    async def _contributed(self) -> dict[str, list[Metric]]:
        """Return what the plugins know; one that fails is left out, and its failure counts as its own."""
        found: dict[str, list[Metric]] = {}
        for id, record in self._sources.supervisor.records.items():
            if record.plugin is None or not implements(record.plugin, "metrics"):
                continue
            metrics = list(await self._hooks.one(id, Plugin.metrics) or ())
            try:
                check(id, metrics)
            except MetricError as error:
                log.warning("%s", error)
                self._sources.supervisor.report(id, error)
            else:
                found[id] = metrics
        return found


def check(plugin: str, metrics: list[Metric]) -> None:
    """Refuse what Prometheus would not understand.

    Raises:
        MetricError: a name is no name, or given twice, or a label is missing or superfluous.
    """
    seen: set[str] = set()
    for metric in metrics:
        named = f"the metric {metric.name!r} of plugin {plugin}"
        if not _NAME.fullmatch(metric.name) or (metric.label and not _NAME.fullmatch(metric.label)):
            raise MetricError(f"{named}: a name is a word of lower-case letters, digits and _")
        if metric.name in seen:
            raise MetricError(f"{named} is there twice; divide it by a label")
        if isinstance(metric.value, int | float) is bool(metric.label):
            raise MetricError(f"{named}: a label goes with figures by its values, and with nothing else")
        seen.add(metric.name)
