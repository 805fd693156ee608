"""Broken plugins next to a healthy one: each fails alone, with its reason, and takes nobody with it."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from a_parallel_kernel.app import Kernel
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate, find_candidates
from a_parallel_kernel.supervisor import BootError
from a_parallel_kernel.testkit import AnswerError, RunningKernel

SITE = Path(__file__).parent / "site"
DEADLINES = {"kernel.import_deadline": 1.0, "kernel.start_deadline": 1.0, "kernel.stop_deadline": 0.5}

EXPECTED = {
    "zoo_missing": ("failed", "import", "No module named 'zoo.nowhere'"),
    "zoo_import_error": ("failed", "import", "ZeroDivisionError: broken at import"),
    "zoo_exits": ("failed", "import", "SystemExit"),
    "zoo_no_plugin": ("incompatible", "import", "must name a subclass"),
    "zoo_old": ("incompatible", "import", "written for API 0.9, this server has 1.0"),
    "zoo_newer": ("incompatible", "import", "written for API 2.0, this server has 1.0; its import fails: ImportError"),
    "zoo_misspelt": ("incompatible", "import", "rotues is marked @hookimpl"),
    "zoo_hangs_at_import": ("failed", "import", "took more than 1 s"),
    "zoo_hangs_at_start": ("failed", "lifespan", "took more than 1 s"),
    "zoo_stubborn": ("failed", "lifespan", "took more than 1 s"),
    "zoo_raises_at_start": ("failed", "lifespan", "ZeroDivisionError: broken at start"),
    "zoo_no_yield": ("failed", "lifespan", "lifespan must yield once"),
    "zoo_promise": ("failed", "lifespan", "promised the service zoo_promise"),
    "zoo_betrayed": ("blocked", "services", "needs plugin zoo_promise, which is failed"),
    "zoo_cycle_a": ("blocked", "services", "circular services"),
    "zoo_cycle_b": ("blocked", "services", "circular services"),
    "zoo_bad_sql": ("failed", "migrations", "GIBBERISH"),
    "zoo_thief": ("failed", "migrations", "somebody_elses"),
    "zoo_bad_settings": ("failed", "settings", "plugins.zoo_bad_settings.bars"),
    "kernel": ("incompatible", "discovery", "not one of the kernel's own"),
    "ZooLoud": ("incompatible", "discovery", "lower-case"),
    "zoo_raises": ("running", None, None),
    "zoo_raises_at_stop": ("running", None, None),
    "zoo_hangs_at_stop": ("running", None, None),
    "zoo_hangs": ("running", None, None),
    "zoo_floods": ("running", None, None),
    "zoo_leaks": ("running", None, None),
    "zoo_blocks": ("running", None, None),
    "zoo_healthy": ("running", None, None),
}


@pytest.fixture
def inmates(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Candidate]]:
    monkeypatch.syspath_prepend(str(SITE))
    yield [candidate for candidate in find_candidates() if candidate.distribution == "zoo"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "zoo"]:
        del sys.modules[name]


@pytest_asyncio.fixture
async def zoo(tmp_path: Path, inmates: list[Candidate]) -> AsyncIterator[RunningKernel]:
    running = await RunningKernel.start({}, tmp_path, settings=DEADLINES, candidates=inmates)
    yield running
    await running.stop()


async def test_everybody_is_listed_with_state_phase_and_reason(zoo: RunningKernel) -> None:
    plugins = {plugin["id"]: plugin for plugin in (await zoo.client.get("/api/kernel/plugins"))["plugins"]}
    assert plugins.keys() - {"standins"} == EXPECTED.keys()
    for id, (state, phase, error) in EXPECTED.items():
        plugin = plugins[id]
        assert (plugin["state"], plugin["phase"]) == (state, phase), plugin
        assert (error or "") in (plugin["error"] or ""), plugin
        assert plugin["distribution"] == "zoo"
    assert (plugins["zoo_newer"]["api"], plugins["zoo_healthy"]["api"]) == ("2.0", "1.0")


async def test_a_failed_migration_leaves_no_table(zoo: RunningKernel) -> None:
    tables = await zoo.kernel.db.rows(
        "SELECT name FROM sqlite_master WHERE name IN ('zoo_bad_sql_cages', 'somebody_elses')"
    )
    assert tables == []


async def test_what_a_failed_start_acquired_is_released(zoo: RunningKernel) -> None:
    import asyncio

    assert not [task for task in asyncio.all_tasks() if "left behind" in task.get_name()]


async def test_a_broken_handler_is_a_500_without_its_details_and_the_others_go_on(zoo: RunningKernel) -> None:
    for _ in range(4):
        answer = await zoo.client.answer("GET", "/api/zoo/raises")
        assert answer.status == 500
        assert b"secret" not in answer.body
    await zoo.client.post("/api/zoo/feed")
    await zoo.settled()
    assert await zoo.client.get("/api/zoo/healthy") == {"fed": ["raises"]}
    assert zoo.state("zoo_healthy") == "running"


async def test_failures_in_a_row_make_a_plugin_degraded_and_a_success_running_again(zoo: RunningKernel) -> None:
    for _ in range(5):
        await zoo.client.answer("GET", "/api/zoo/raises")
    plugin = await zoo.client.get("/api/kernel/plugins/zoo_raises")
    assert (plugin["state"], plugin["errorsInARow"]) == ("degraded", 5)
    assert "ZeroDivisionError" in plugin["lastError"]
    await zoo.client.post("/api/zoo/feed")
    assert zoo.state("zoo_raises") == "running"


async def test_stopping_lets_nobody_hold_up_the_others(tmp_path: Path, inmates: list[Candidate]) -> None:
    chosen = [
        candidate for candidate in inmates if candidate.id in ("zoo_raises_at_stop", "zoo_hangs_at_stop", "zoo_healthy")
    ]
    running = await RunningKernel.start({}, tmp_path, settings=DEADLINES, candidates=chosen)
    await running.stop()
    assert {record.state for record in running.kernel.supervisor.records.values()} == {"stopped"}
    figures = {id: record.figures.last_error for id, record in running.kernel.supervisor.records.items()}
    assert "broken at stop" in str(figures["zoo_raises_at_stop"])
    assert "took more than 0.5 s" in str(figures["zoo_hangs_at_stop"])
    assert figures["zoo_healthy"] is None


async def test_a_plugin_is_switched_off_and_on_while_the_server_runs(zoo: RunningKernel) -> None:
    assert (await zoo.client.post("/api/kernel/plugins/zoo_healthy/disable"))["state"] == "disabled"
    assert (await zoo.client.answer("GET", "/api/zoo/healthy")).status == 404
    assert (await zoo.client.post("/api/kernel/plugins/zoo_healthy/enable"))["state"] == "running"
    assert await zoo.client.get("/api/zoo/healthy") == {"fed": []}


async def test_a_switch_outlives_the_server(tmp_path: Path, inmates: list[Candidate]) -> None:
    healthy = [candidate for candidate in inmates if candidate.id == "zoo_healthy"]
    first = await RunningKernel.start({}, tmp_path, candidates=healthy)
    await first.client.post("/api/kernel/plugins/zoo_healthy/disable")
    await first.stop()
    second = await RunningKernel.start({}, tmp_path, candidates=healthy)
    assert second.state("zoo_healthy") == "disabled"
    await second.stop()


async def test_what_a_flag_decided_is_not_switched(tmp_path: Path, inmates: list[Candidate]) -> None:
    settings: dict[str, Any] = {"plugins.disabled": ["zoo_healthy"]}
    healthy = [candidate for candidate in inmates if candidate.id == "zoo_healthy"]
    running = await RunningKernel.start({}, tmp_path, candidates=healthy, settings=settings)
    with pytest.raises(AnswerError) as caught:
        await running.client.post("/api/kernel/plugins/zoo_healthy/enable")
    assert (caught.value.status, "flag" in str(caught.value.error)) == (409, True)
    await running.stop()


async def test_a_required_plugin_that_fails_ends_the_boot(tmp_path: Path, inmates: list[Candidate]) -> None:
    flags = {"server.data_directory": tmp_path, "server.port": 0, "plugins.required": ["zoo_raises_at_start"]}
    kernel = Kernel(Config(flags), [candidate for candidate in inmates if candidate.id == "zoo_raises_at_start"])
    with pytest.raises(BootError, match="zoo_raises_at_start is failed: ZeroDivisionError: broken at start"):
        await kernel.start()
    await kernel.stop()


def test_two_packages_that_claim_one_id_are_told_apart(inmates: list[Candidate]) -> None:
    from a_parallel_kernel.discovery import duplicates

    twin = Candidate("zoo_healthy", lambda: None, "other", "2")
    assert set(duplicates([*inmates, twin])) == {"zoo_healthy"}
