"""Writes figures in the formats of Prometheus. Imported by `a_parallel_kernel.metrics` when they are asked for."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from a_parallel_contracts.metrics import Metric
from a_parallel_kernel.figures import BOUNDS, Latencies
from a_parallel_kernel.metrics import Sources
from a_parallel_kernel.version import VERSION

KERNEL = "a_parallel_kernel_"
"""Begins the names of the kernel's figures; no plugin may be called ``kernel``."""

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Upper ends of the classes of groups, in units of work."""

_process = ProcessCollector(registry=None)


def kernel_families(sources: Sources) -> list[Family]:
    """Return the kernel's figures as they are now; to be called in the event loop."""
    return [
        _gauge(KERNEL + "info", "Always 1; the label tells the version that runs.", [((VERSION,), 1)], "version"),
        *_requests(sources),
        *_events(sources),
        *_sockets(sources),
        *_database(sources),
        *_plugins(sources),
        _gauge(KERNEL + "tasks", "Tasks of the event loop that are not done.", [((), len(asyncio.all_tasks()))]),
        *_process.collect(),
    ]


def plugin_families(plugin: str, metrics: Iterable[Metric]) -> list[Family]:
    """Return the figures of a plugin under names of its own."""
    prefix = f"a_parallel_{plugin.replace('-', '_')}_"
    return [_contributed(prefix, metric) for metric in metrics]


def text(families: list[Family], accept: str) -> tuple[bytes, str]:
    """Return the figures in the format that the ``Accept`` header asks for, and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready(families))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Ready(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _contributed(prefix: str, metric: Metric) -> Family:
    values = metric.value if isinstance(metric.value, Mapping) else {"": metric.value}
    labels = (metric.label,) if metric.label else ()
    rows = [((label,) if labels else (), value) for label, value in values.items()]
    return (_counter if metric.kind == "counter" else _gauge)(prefix + metric.name, metric.help, rows, *labels)


def _requests(sources: Sources) -> Iterator[Family]:
    answers = sources.http.figures.answers
    counts = {(method, route, str(status)): one.count for (method, route, status), one in answers.items()}
    yield _counter(KERNEL + "http_requests", "Requests answered.", counts.items(), "method", "route", "status")
    together: dict[tuple[str, str], Latencies] = {}
    for (method, route, _), one in answers.items():
        _join(together.setdefault((method, route), Latencies()), one)
    family = HistogramMetricFamily(
        f"{KERNEL}http_request_seconds", "Seconds from the request's head to its answer.", labels=["method", "route"]
    )
    for key, one in together.items():
        family.add_metric(list(key), _buckets(one), one.seconds)
    yield family
    flights = {(plugin,): count for plugin, count in sources.http.flights.items()}
    yield _gauge(KERNEL + "http_requests_in_flight", "Requests that are being handled.", flights.items(), "plugin")


def _join(whole: Latencies, part: Latencies) -> None:
    whole.seconds += part.seconds
    whole.classes = [a + b for a, b in zip(whole.classes, part.classes, strict=True)]


def _buckets(one: Latencies) -> list[tuple[str, float]]:
    return _cumulative([str(bound) for bound in BOUNDS], one.classes)


def _cumulative(bounds: list[str], classes: list[int]) -> list[tuple[str, float]]:
    total, buckets = 0, []
    for bound, count in zip([*bounds, "+Inf"], classes, strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets


def _events(sources: Sources) -> Iterator[Family]:
    published = {(event.__name__,): count for event, count in sources.events.published.items()}
    yield _counter(KERNEL + "events_published", "Events published on the bus.", published.items(), "event")
    seconds = {(plugin,): value for plugin, value in sources.events.seconds.items()}
    yield _counter(
        KERNEL + "event_handler_seconds",
        "Seconds spent in event handlers, waiting included.",
        seconds.items(),
        "plugin",
    )
    stats = sources.bus.stats()
    waiting = _summed((one.owner, one.event, one.waiting) for one in stats)
    yield _gauge(KERNEL + "event_queue_depth", "Events that wait for a handler.", waiting.items(), "plugin", "event")
    dropped = _summed((one.owner, one.event, one.dropped) for one in stats)
    yield _counter(KERNEL + "events_dropped", "Events lost to a full queue.", dropped.items(), "plugin", "event")
    failed = _summed((one.owner, one.event, one.failed) for one in stats)
    yield _counter(KERNEL + "event_failures", "Events whose handler raised.", failed.items(), "plugin", "event")


def _summed(rows: Iterable[tuple[str, str, int]]) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for owner, event, value in rows:
        found[owner, event] = found.get((owner, event), 0) + value
    return found


def _sockets(sources: Sources) -> Iterator[Family]:
    hub = sources.http.hub
    backlogs = hub.backlogs
    yield _gauge(KERNEL + "sockets", "Open sockets.", [((), len(backlogs))])
    yield _gauge(KERNEL + "socket_backlog_bytes", "Bytes that wait for all sockets.", [((), sum(backlogs))])
    yield _gauge(
        KERNEL + "socket_backlog_largest_bytes", "Bytes that wait for the slowest.", [((), max(backlogs, default=0))]
    )
    yield _counter(KERNEL + "sockets_opened", "Sockets that connected.", [((), hub.figures.opened)])
    closed = {(str(code),): count for code, count in hub.figures.closed.items()}
    yield _counter(
        KERNEL + "sockets_closed",
        "Sockets closed by the server; 1013 is one that was too slow.",
        closed.items(),
        "code",
    )
    yield _counter(KERNEL + "socket_messages_ignored", "Messages that nobody understood.", [((), hub.figures.ignored)])


def _database(sources: Sources) -> Iterator[Family]:
    stats = sources.db.stats
    yield _counter(KERNEL + "database_commits", "Transactions committed.", [((), stats.commits)])
    yield _counter(KERNEL + "database_units", "Units of work, failed ones included.", [((), stats.units)])
    yield _gauge(
        KERNEL + "database_units_waiting", "Units of work that wait for the next group.", [((), stats.waiting)]
    )
    classes = [0] * (len(SIZES) + 1)
    for size, count in stats.group_sizes.items():
        classes[sum(size > bound for bound in SIZES)] += count
    family = HistogramMetricFamily(f"{KERNEL}database_group_size", "Units of work that shared a commit.")
    family.add_metric([], _cumulative([str(size) for size in SIZES], classes), stats.units)
    yield family


def _plugins(sources: Sources) -> Iterator[Family]:
    records = sources.supervisor.records.values()
    states = {(record.id, record.state): 1 for record in records}
    yield _gauge(KERNEL + "plugin_state", "1 for the state that a plugin is in.", states.items(), "plugin", "state")
    calls = {(record.id,): record.figures.calls for record in records}
    yield _counter(KERNEL + "plugin_calls", "Requests, events, hooks, jobs.", calls.items(), "plugin")
    errors = {(record.id,): record.figures.errors for record in records}
    yield _counter(KERNEL + "plugin_errors", "Calls that failed.", errors.items(), "plugin")
    seconds = {(record.id,): record.figures.seconds for record in records}
    yield _counter(KERNEL + "plugin_seconds", "Seconds spent in calls, waiting included.", seconds.items(), "plugin")


Rows = Iterable[tuple[Sequence[str], float]]
"""Values of the labels, and the figure."""


def _gauge(name: str, help: str, rows: Rows, *labels: str) -> Family:
    family = GaugeMetricFamily(name, help, labels=labels)
    for values, figure in rows:
        family.add_metric(values, figure)
    return family


def _counter(name: str, help: str, rows: Rows, *labels: str) -> Family:
    family = CounterMetricFamily(name, help, labels=labels)
    for values, figure in rows:
        family.add_metric(values, figure)
    return family
