"""``GET /metrics`` tells what happened, in Prometheus' format, to those who may know."""

from collections.abc import AsyncIterator, Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from a_parallel_contracts import (
    Event,
    Manifest,
    Metric,
    NotFound,
    Plugin,
    PluginContext,
    Request,
    Route,
    get,
    hookimpl,
)
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Rung(Event):
    loud: bool


class Bell(Plugin):
    """Rings."""

    manifest = Manifest(api="1.0")
    offered: Iterable[Metric] = (
        Metric("rings", "How often it rang.", 3, kind="counter"),
        Metric("ropes", "Ropes, by what they are made of.", {"hemp": 2, "silk": 1}, label="material"),
    )

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        ctx.on(Rung, self.heard)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        async def ring(request: Request) -> dict[str, str]:
            if request.params["loud"] == "no":
                raise NotFound("Bell not found")
            ctx.publish(Rung(loud=request.params["loud"] == "yes"))
            return {}

        return [get("/api/bell/{loud}", ring)]

    @hookimpl
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        return self.offered

    async def heard(self, event: Rung) -> None:
        if event.loud:
            raise RuntimeError("too loud")


async def scrape(client: Client) -> Values:
    answer = await client.answer("GET", "/metrics")
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def value(found: Values, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


@pytest.fixture
async def running(kernel: KernelFactory) -> RunningKernel:
    return await kernel({"bell": Bell})


async def test_requests_are_told_by_route_and_status(running: RunningKernel) -> None:
    for path in ("/api/bell/a", "/api/bell/b", "/api/bell/no", "/api/nothing/there", "/api/nothing/else"):
        await running.client.answer("GET", path)
    found = await scrape(running.client)
    requests, route = "a_parallel_kernel_http_requests_total", "/api/bell/{loud}"
    assert value(found, requests, method="GET", route=route, status="200") == 2
    assert value(found, requests, method="GET", route=route, status="404") == 1
    assert value(found, requests, method="unmatched", route="unmatched", status="404") == 2
    seconds = "a_parallel_kernel_http_request_seconds"
    assert value(found, f"{seconds}_count", method="GET", route=route) == 3
    assert value(found, f"{seconds}_bucket", method="GET", route=route, le="+Inf") == 3
    assert value(found, f"{seconds}_sum", method="GET", route=route) > 0
    assert not any("nothing" in route for _, labels in found for _, route in labels)


async def test_events_sockets_and_commits_are_counted(running: RunningKernel) -> None:
    before = await scrape(running.client)
    async with running.client.websocket() as page:
        await page.send("nobody:knows", {})
        await running.client.get("/api/bell/yes")
        await running.client.get("/api/bell/no-matter")
        await running.client.post("/api/kernel/plugins/bell/disable")
        await page.receive("kernel:plugins", state="disabled")
        during = await scrape(running.client)
        await running.client.post("/api/kernel/plugins/bell/enable")
    await running.settled()
    found = await scrape(running.client)
    assert value(found, "a_parallel_kernel_events_published_total", event="Rung") == 2
    assert value(during, "a_parallel_kernel_sockets") == 1
    assert value(found, "a_parallel_kernel_sockets_opened_total") == 1
    commits = "a_parallel_kernel_database_commits_total"
    assert value(found, commits) >= value(before, commits) + 2
    groups = value(found, "a_parallel_kernel_database_group_size_count")
    assert value(found, "a_parallel_kernel_database_group_size_bucket", le="+Inf") == groups > 0


async def test_failures_and_time_of_event_handlers_are_told_by_plugin(running: RunningKernel) -> None:
    await running.client.get("/api/bell/yes")
    await running.settled()
    found = await scrape(running.client)
    assert value(found, "a_parallel_kernel_event_failures_total", plugin="bell", event="Rung") == 1
    assert value(found, "a_parallel_kernel_plugin_errors_total", plugin="bell") == 1
    assert value(found, "a_parallel_kernel_event_handler_seconds_total", plugin="bell") > 0
    assert value(found, "a_parallel_kernel_plugin_state", plugin="bell", state="running") == 1


async def test_plugins_contribute_figures_under_their_own_name(running: RunningKernel) -> None:
    found = await scrape(running.client)
    assert value(found, "a_parallel_bell_rings_total") == 3
    assert value(found, "a_parallel_bell_ropes", material="silk") == 1


@pytest.mark.parametrize(
    "metric",
    [
        Metric("Rings", "No name.", 1),
        Metric("rings", "A label without figures by its values.", 1, label="tone"),
        Metric("rings", "Figures without a label.", {"a": 1}),
    ],
)
async def test_a_plugin_with_impossible_metrics_hides_nobody_elses(
    metric: Metric, kernel: KernelFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wrong(Bell):
        offered = (metric,)

        @hookimpl
        def routes(self, ctx: PluginContext) -> Iterable[Route]:
            return ()

    running = await kernel({"bell": Bell, "wrong": Wrong})
    found = await scrape(running.client)
    assert value(found, "a_parallel_bell_rings_total") == 3
    assert not any(name.startswith("a_parallel_wrong_") for name, _ in found)
    wrong = await running.client.get("/api/kernel/plugins/wrong")
    assert "MetricError" in wrong["lastError"]


async def test_only_administrators_may_look(running: RunningKernel) -> None:
    assert (await running.client.acting_as("ann").answer("GET", "/metrics")).status == 403
    assert (await running.client.acting_as(None).answer("GET", "/metrics")).status == 401
    assert (await running.client.acting_as("root", "admin").answer("GET", "/metrics")).status == 200


async def test_openmetrics_is_spoken_to_those_who_ask_for_it(running: RunningKernel) -> None:
    headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await running.client.answer("GET", "/metrics", headers=headers)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")
