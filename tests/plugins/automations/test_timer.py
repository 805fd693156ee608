"""The trigger and the timer on APScheduler itself, and the plugin on the real clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.automations.cron import parse
from a_parallel_plugins.automations.timer import SchedulerTimer
from a_parallel_plugins.automations.trigger import ScheduleTrigger
from tests.plugins.automations.conftest import INSTALLED
from tests.support.repository import make_repository

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


def trigger(expression: str = "0 9 * * *", zone: str = "UTC", jitter: float = 0) -> ScheduleTrigger:
    return ScheduleTrigger(parse(expression), ZoneInfo(zone), jitter)


def test_the_trigger_begins_now_and_goes_on_after_what_it_fired() -> None:
    nine = datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert trigger().get_next_fire_time(None, NOON) == nine
    assert trigger("0 12 * * *").get_next_fire_time(None, NOON) == NOON
    assert trigger().get_next_fire_time(nine, nine) == nine + timedelta(days=1)
    assert trigger("0 0 31 2 *").get_next_fire_time(None, NOON) is None


def test_the_trigger_does_not_walk_through_what_has_passed() -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert trigger("* * * * * *").get_next_fire_time(long_ago, NOON) == NOON + timedelta(seconds=1)


def test_the_trigger_reads_weekdays_and_zones_as_the_contract_does() -> None:
    tokyo = datetime(2026, 3, 9, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert trigger("0 9 * * 1", "Asia/Tokyo").get_next_fire_time(None, NOON.astimezone(ZoneInfo("Asia/Tokyo"))) == tokyo


def test_jitter_only_delays() -> None:
    nine = datetime(2026, 3, 9, 9, tzinfo=UTC)
    found = [trigger(jitter=60).get_next_fire_time(None, NOON) for _ in range(50)]
    assert all(one is not None and nine <= one <= nine + timedelta(seconds=60) for one in found)
    assert len(set(found)) > 1


async def test_the_timer_calls_with_the_id_until_it_is_told_otherwise() -> None:
    rung: asyncio.Queue[str] = asyncio.Queue()
    timer = SchedulerTimer(rung.put)
    timer.start()
    every_second = trigger("* * * * * *")
    long_ago, later = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=400)
    timer.set("a", long_ago, every_second)
    timer.set("b", later, trigger())
    async with asyncio.timeout(30):
        assert [await rung.get() for _ in range(2)] == ["a", "a"]
    assert sorted(timer.ids()) == ["a", "b"]
    timer.cancel("a")
    timer.cancel("unknown")
    assert timer.ids() == ["b"]
    timer.set("b", datetime.now(UTC), trigger())
    async with asyncio.timeout(30):
        while await rung.get() != "b":
            pass
    timer.stop()


async def test_the_plugin_fires_on_the_real_clock(kernel: KernelFactory, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository")
    settings = {"plugins.agents.provider": "scripted", "plugins.scripted.pace": 0}
    running = await kernel(installed=(*INSTALLED, "automations"), settings=settings, data_directory=tmp_path / "data")
    running.expect_running("automations")
    project = await running.client.post("/api/projects", json={"name": "sample", "path": str(repository.path)})
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"projectId": project["id"], "name": "Soon", "prompt": "!say hello", "schedule": soon}
    async with running.client.websocket() as socket:
        automation = await running.client.post("/api/automations", json=body)
        assert automation["nextRunAt"] == soon
        ended = await socket.receive("automation:run_completed", timeout=60)
    assert ended["data"]["summary"] == "hello"
    [row] = await running.client.get("/api/automations")
    assert (row["id"], row["nextRunAt"]) == (automation["id"], None)
