"""What is documented about /metrics is there, and tells about runs that really go on."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from a_parallel_kernel.testkit import Client, RunningKernel
from tests.support.repository import make_repository

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "unknown": ("",)}
NAME = re.compile(r"\b(?:a_parallel|process)_[a-z0-9_]+")


async def scraped(client: Client) -> str:
    answer = await client.answer("GET", "/metrics")
    assert answer.status == 200, answer.body
    return answer.body.decode()


def names(text: str) -> set[str]:
    """Return the names of all series that there may be."""
    return {family.name + suffix for family in text_string_to_metric_families(text) for suffix in SUFFIXES[family.type]}


async def test_every_figure_of_the_dashboard_exists(everything: RunningKernel) -> None:
    dashboard: Any = json.loads((OPERATIONS / "grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    wanted = {name for expression in asked for name in NAME.findall(expression)}
    assert len(wanted) > 20
    assert wanted - names(await scraped(everything.client)) == set()


async def test_every_figure_is_documented(everything: RunningKernel) -> None:
    documented = set(NAME.findall((OPERATIONS / "metrics.md").read_text(encoding="utf-8")))
    families = {family.name for family in text_string_to_metric_families(await scraped(everything.client))}
    there = {name for name in families if name.startswith("a_parallel_")}
    assert there - {name.removesuffix("_total") for name in documented} == set()
    assert documented - names(await scraped(everything.client)) - families == set()


async def test_runs_and_threads_are_told_by_state(everything: RunningKernel, tmp_path: Path) -> None:
    client = everything.client
    repository = make_repository(tmp_path / "demo")
    project = await client.post("/api/projects", json={"name": "demo", "path": str(repository.path)})
    async with client.websocket() as page:
        body = {"projectId": project["id"], "mode": "local", "title": "Ask", "prompt": "!ask Which one?"}
        await client.post("/api/threads", json=body)
        await page.receive("agent:status", status="waiting")
        text = await scraped(client)
    assert 'a_parallel_agents_runs{state="waiting"} 1.0' in text
    assert 'a_parallel_threads_open{status="waiting"} 1.0' in text
