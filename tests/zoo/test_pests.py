"""One plugin misbehaves while it runs; the others go on answering and hearing events, and it can be switched off."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from a_parallel_kernel.discovery import find_candidates
from a_parallel_kernel.testkit import RunningKernel

SITE = Path(__file__).parent / "site"
CALLS = 40


@asynccontextmanager
async def beside(pest: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningKernel]:
    """Run a pest beside two plugins that are well."""
    monkeypatch.syspath_prepend(str(SITE))
    chosen = [one for one in find_candidates() if one.id in (pest, "zoo_healthy", "zoo_raises")]
    settings = {"kernel.block_limit": 0.1, "kernel.stop_deadline": 0.2}
    running = await RunningKernel.start({}, directory, settings=settings, candidates=chosen)
    try:
        yield running
    finally:
        await running.stop()
        for name in [name for name in sys.modules if name.partition(".")[0] == "zoo"]:
            del sys.modules[name]


async def used(running: RunningKernel) -> None:
    """Use a plugin that is well: every call is answered, and every event is heard."""
    heard = len((await running.client.get("/api/zoo/healthy"))["fed"])
    for number in range(CALLS):
        await running.client.post("/api/zoo/feed")
        async with asyncio.timeout(20):
            while len((await running.client.get("/api/zoo/healthy"))["fed"]) < heard + number + 1:
                pass


async def figure(running: RunningKernel, name: str, plugin: str) -> float:
    text = (await running.client.answer("GET", "/metrics")).body.decode()
    found = re.findall(rf'^{name}{{[^}}]*plugin="{plugin}"[^}}]*}} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


async def switched_off(running: RunningKernel, pest: str) -> None:
    """Switch the pest off; nothing of it is left, and the others still do their work."""
    assert (await running.client.post(f"/api/kernel/plugins/{pest}/disable"))["state"] == "disabled"
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith(f"{pest}:")]
    await used(running)


async def test_one_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside("zoo_hangs", tmp_path, monkeypatch) as running:
        hanging = [asyncio.create_task(running.client.answer("POST", "/api/zoo/hang")) for _ in range(20)]
        await used(running)
        assert not any(task.done() for task in hanging)
        assert await figure(running, "a_parallel_kernel_http_requests_in_flight", "zoo_hangs") == 20
        assert await figure(running, "a_parallel_kernel_event_queue_depth", "zoo_hangs") == CALLS
        assert await figure(running, "a_parallel_kernel_event_queue_depth", "zoo_healthy") == 0
        await switched_off(running, "zoo_hangs")
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)


async def test_one_that_floods_the_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside("zoo_floods", tmp_path, monkeypatch) as running:
        await running.client.post("/api/zoo/flood")
        await used(running)
        assert await figure(running, "a_parallel_kernel_events_dropped_total", "zoo_floods") > 0
        assert await figure(running, "a_parallel_kernel_events_dropped_total", "zoo_healthy") == 0
        await switched_off(running, "zoo_floods")


async def test_one_that_leaks_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside("zoo_leaks", tmp_path, monkeypatch) as running:
        await running.client.post("/api/zoo/leak")
        await used(running)
        assert sum(task.get_name() == "zoo_leaks: leaked" for task in asyncio.all_tasks()) == 5000
        await switched_off(running, "zoo_leaks")


async def test_one_that_blocks_the_loop_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with beside("zoo_blocks", tmp_path, monkeypatch) as running:
        await running.client.post("/api/zoo/block")
        async with asyncio.timeout(20):
            while not (plugin := await running.client.get("/api/kernel/plugins/zoo_blocks"))["errors"]:
                pass
        assert "blocked the event loop for" in plugin["lastError"]
        assert plugin["lastErrorAt"] >= plugin["since"]
        healthy = await running.client.get("/api/kernel/plugins/zoo_healthy")
        assert (healthy["errors"], healthy["lastError"]) == (0, None)
        await used(running)
