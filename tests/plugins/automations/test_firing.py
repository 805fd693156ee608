"""Times become runs, each once; policies for missed times and overlapping runs (``http-features.md`` §4.4, §4.6)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.automations.clock import Clock
from tests.plugins.automations.conftest import Office, OpenOffice

HANG = "!say begun\n!hang"


async def slots(office: Office, automation: Any) -> list[tuple[str, str]]:
    """Return the times that were dealt with, and what became of them."""
    sql = "SELECT slot, state FROM automations_slots WHERE automation_id = :id ORDER BY slot"
    rows = await office.rows(sql, id=automation["id"])
    return [(row["slot"][11:16], row["state"]) for row in rows]


async def next_run(office: Office, automation: Any) -> str:
    row = await office.client.get(f"/api/automations/{automation['id']}")
    return str(row["nextRunAt"])


async def stop(office: Office, run: Any) -> None:
    await office.client.post(f"/api/threads/{run['threadId']}/stop")


async def test_an_automation_fires_at_its_times(office: Office) -> None:
    automation = await office.create("0 9,10 * * *")
    await office.clock.advance("2026-01-05T08:59:59")
    assert await office.runs(automation) == []
    await office.clock.advance("2026-01-05T09:00:00")
    await office.completed()
    assert await next_run(office, automation) == "2026-01-05T10:00:00.000Z"
    await office.clock.advance("2026-01-05T10:00:00")
    await office.completed()
    assert await office.statuses(automation) == ["completed", "completed"]
    assert await slots(office, automation) == [("09:00", "run"), ("10:00", "run")]


async def test_times_are_those_of_the_automations_zone(office: Office) -> None:
    automation = await office.create("0 9 * * *", timezone="America/New_York")
    assert await next_run(office, automation) == "2026-01-05T14:00:00.000Z"
    await office.clock.advance("2026-01-05T14:00:00")
    await office.completed()


async def test_what_is_off_does_not_fire(office: Office) -> None:
    automation = await office.create()
    await office.change(automation, enabled=False)
    await office.clock.advance("2026-01-06T12:00:00")
    assert await office.runs(automation) == []
    assert await office.completed(await office.trigger(automation))


async def test_a_new_schedule_replaces_the_timer(office: Office) -> None:
    automation = await office.create("0 9 * * *")
    await office.change(automation, schedule="0 11 * * *")
    await office.clock.advance("2026-01-05T10:00:00")
    assert await office.runs(automation) == []
    await office.clock.advance("2026-01-05T11:00:00")
    await office.completed()


async def test_a_moment_fires_once(office: Office) -> None:
    automation = await office.create("2026-01-05T09:30:00")
    await office.clock.advance("2026-01-05T10:00:00")
    await office.completed()
    await office.clock.advance("2027-01-05T10:00:00")
    assert await office.statuses(automation) == ["completed"]
    assert await next_run(office, automation) == "None"


async def test_waking_twice_runs_once(office: Office) -> None:
    automation = await office.create()
    await office.clock.advance("2026-01-05T09:00:00")
    await office.completed()
    await office.execute("UPDATE automations_schedule SET next_fire_at = '2026-01-05T09:00:00.000Z'")
    await office.clock.wake(automation["id"])
    assert await office.statuses(automation) == ["completed"]


async def test_waking_at_the_same_moment_runs_once(office: Office) -> None:
    automation = await office.create(overlapPolicy="parallel")
    office.clock.jump("2026-01-05T09:00:00")
    await asyncio.gather(*(office.clock.wake(automation["id"]) for _ in range(5)))
    await office.completed()
    assert await office.statuses(automation) == ["completed"]


async def test_a_timer_that_rings_early_runs_nothing(office: Office) -> None:
    automation = await office.create()
    await office.clock.wake(automation["id"])
    assert await office.runs(automation) == []
    assert office.clock.timers[automation["id"]].isoformat() == "2026-01-05T09:00:00+00:00"


async def test_jitter_delays_the_run_but_not_the_time(office: Office) -> None:
    automation = await office.create(jitter=600)
    rings = office.clock.timers[automation["id"]]
    assert "2026-01-05T09:00:00" < rings.isoformat() <= "2026-01-05T09:10:00+00:00"
    assert await next_run(office, automation) == "2026-01-05T09:00:00.000Z"
    office.clock.jump("2026-01-05T09:00:30")
    await office.plugin.check()
    assert await office.runs(automation) == []
    await office.clock.advance("2026-01-05T09:10:00")
    await office.completed()
    assert await slots(office, automation) == [("09:00", "run")]


async def test_a_stored_schedule_that_cannot_be_read_harms_nobody(open_office: OpenOffice, tmp_path: Path) -> None:
    office = await open_office(data_directory=tmp_path / "data")
    broken, fine = await office.create(), await office.create()
    await office.execute("UPDATE automations SET schedule = 'rubbish' WHERE id = ?", broken["id"])
    await office.running.stop()
    office = await open_office(data_directory=tmp_path / "data")
    await office.clock.advance("2026-01-05T09:00:00")
    await office.completed()
    assert await office.statuses(fine) == ["completed"]
    assert (await office.client.get(f"/api/automations/{broken['id']}"))["schedule"] == "rubbish"
    assert (await office.change(broken, schedule="0 12 * * *"))["nextRunAt"] == "2026-01-05T12:00:00.000Z"


async def test_a_stored_schedule_of_seconds_goes_on(open_office: OpenOffice, tmp_path: Path) -> None:
    office = await open_office(data_directory=tmp_path / "data")
    automation = await office.create(overlapPolicy="parallel")
    await office.execute("UPDATE automations SET schedule = '0,30 0 9 * * *'")
    await office.running.stop()
    office = await open_office(data_directory=tmp_path / "data")
    await office.change(automation, name="still editable")
    await office.clock.advance("2026-01-05T09:00:30")
    for _ in range(2):
        await office.completed()
    assert len(await office.runs(automation)) == 2


# --- overlap --------------------------------------------------------------------------------------


async def test_by_default_a_time_is_skipped_while_a_run_runs(office: Office) -> None:
    automation = await office.create("0 * * * *", prompt=HANG)
    await office.clock.advance("2026-01-05T11:00:00")
    assert await office.statuses(automation) == ["running"]
    assert await slots(office, automation) == [("09:00", "run"), ("10:00", "skipped"), ("11:00", "skipped")]
    [run] = await office.runs(automation)
    await stop(office, run)
    await office.completed(run)
    await office.clock.advance("2026-01-05T12:00:00")
    assert await office.statuses(automation) == ["running", "failed"]
    await stop(office, (await office.runs(automation))[0])


async def test_a_run_that_waits_for_a_person_still_runs(office: Office) -> None:
    automation = await office.create("0 * * * *", prompt="!ask Which? | a | b")
    await office.clock.advance("2026-01-05T09:00:00")
    [run] = await office.runs(automation)
    await office.waiting(run)
    await office.clock.advance("2026-01-05T10:00:00")
    assert await slots(office, automation) == [("09:00", "run"), ("10:00", "skipped")]


async def test_a_person_may_start_a_run_beside_another(office: Office) -> None:
    automation = await office.create(prompt=HANG)
    runs = [await office.trigger(automation) for _ in range(2)]
    assert await office.statuses(automation) == ["running", "running"]
    for run in runs:
        await stop(office, run)


async def test_queued_times_run_one_after_another(office: Office) -> None:
    automation = await office.create("0 * * * *", prompt=HANG, overlapPolicy="queue")
    await office.clock.advance("2026-01-05T11:00:00")
    assert await slots(office, automation) == [("09:00", "run"), ("10:00", "queued"), ("11:00", "queued")]
    for done in range(3):
        [run] = [one for one in await office.runs(automation) if one["status"] == "running"]
        assert len(await office.runs(automation)) == done + 1
        await office.until(lambda run=run: _has_begun(office, run))  # type: ignore[misc]
        await stop(office, run)
        await office.completed(run)
        await office.running.settled()
    assert [state for _, state in await slots(office, automation)] == ["run"] * 3


async def _has_begun(office: Office, run: Any) -> bool:
    return len((await office.thread(run))["messages"]) > 1


async def test_switching_off_drops_what_is_queued(office: Office) -> None:
    automation = await office.create("0 * * * *", prompt=HANG, overlapPolicy="queue")
    await office.clock.advance("2026-01-05T10:00:00")
    await office.change(automation, enabled=False)
    [run] = await office.runs(automation)
    await stop(office, run)
    await office.completed(run)
    await office.running.settled()
    assert await office.statuses(automation) == ["failed"]
    assert await slots(office, automation) == [("09:00", "run"), ("10:00", "skipped")]


async def test_parallel_runs_start_at_their_times(office: Office) -> None:
    automation = await office.create("0 * * * *", prompt=HANG, overlapPolicy="parallel")
    await office.clock.advance("2026-01-05T11:00:00")
    assert await office.statuses(automation) == ["running"] * 3
    for run in await office.runs(automation):
        await stop(office, run)


async def test_only_so_many_agents_are_at_work_at_once(open_office: OpenOffice) -> None:
    office = await open_office(settings={"plugins.automations.max_running": 1})
    first = await office.create(prompt=HANG)
    second = await office.create("5 9 * * *", prompt="!say mine")
    await office.clock.advance("2026-01-05T09:10:00")
    assert await office.runs(second) == []
    assert await slots(office, second) == [("09:05", "queued")]
    [run] = await office.runs(first)
    await stop(office, run)
    await office.completed(run)
    assert (await office.completed())["automationId"] == second["id"]
    assert await slots(office, second) == [("09:05", "run")]


async def test_an_agent_that_waits_makes_room_for_another(open_office: OpenOffice) -> None:
    office = await open_office(settings={"plugins.automations.max_running": 1})
    await office.create(prompt="!bash true\n!ask Which? | a | b")
    second = await office.create("0 9 * * *", prompt="!say mine")
    await office.clock.advance("2026-01-05T09:00:00")
    assert (await office.completed())["automationId"] == second["id"]


# --- missed times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, []),
        ("skip", []),
        ("one", [("11:00", "run")]),
        ("all", [("09:00", "run"), ("10:00", "run"), ("11:00", "run")]),
    ],
)
async def test_times_that_passed_while_the_server_was_down(
    open_office: OpenOffice, tmp_path: Path, policy: str | None, expected: list[tuple[str, str]]
) -> None:
    clock = Clock()
    office = await open_office(clock, data_directory=tmp_path / "data")
    automation = await office.create("0 9,10,11 * * *", missedPolicy=policy)
    await office.running.stop()
    clock.jump("2026-01-05T11:30:00")
    office = await open_office(clock, data_directory=tmp_path / "data")
    await office.until(lambda: _ended(office, automation, len(expected)))
    assert await slots(office, automation) == expected
    assert await next_run(office, automation) == "2026-01-06T09:00:00.000Z"


async def _ended(office: Office, automation: Any, count: int) -> bool:
    statuses = await office.statuses(automation)
    return len(statuses) == count and set(statuses) <= {"completed"}


async def test_a_time_shortly_before_the_start_is_missed_too(open_office: OpenOffice, tmp_path: Path) -> None:
    clock = Clock()
    office = await open_office(clock, data_directory=tmp_path / "data")
    automation = await office.create()
    await office.running.stop()
    clock.jump("2026-01-05T09:00:05")
    office = await open_office(clock, data_directory=tmp_path / "data")
    assert await office.runs(automation) == []
    assert await next_run(office, automation) == "2026-01-06T09:00:00.000Z"


@pytest.mark.parametrize(("late", "runs"), [("2026-01-05T09:00:50", 1), ("2026-01-05T09:05:00", 0)])
async def test_a_timer_may_be_a_little_late(office: Office, late: str, runs: int) -> None:
    automation = await office.create()
    office.clock.jump(late)
    await office.plugin.check()
    assert len(await office.runs(automation)) == runs
    assert await next_run(office, automation) == "2026-01-06T09:00:00.000Z"


async def test_after_a_sleep_the_policy_for_missed_times_counts(office: Office) -> None:
    automation = await office.create("0 * * * *", missedPolicy="one")
    office.clock.jump("2026-01-06T07:30:00")
    await office.plugin.check()
    await office.completed()
    assert await slots(office, automation) == [("07:00", "run")]
    assert await next_run(office, automation) == "2026-01-06T08:00:00.000Z"


async def test_a_plan_for_another_schedule_is_not_caught_up_with(open_office: OpenOffice, tmp_path: Path) -> None:
    clock = Clock()
    office = await open_office(clock, data_directory=tmp_path / "data")
    automation = await office.create(missedPolicy="all")
    await office.execute("UPDATE automations SET schedule = '0 10 * * *'")  # as another server would
    await office.running.stop()
    clock.jump("2026-01-05T12:00:00")
    office = await open_office(clock, data_directory=tmp_path / "data")
    assert await office.runs(automation) == []
    assert await next_run(office, automation) == "2026-01-06T10:00:00.000Z"


async def test_automations_of_other_servers_get_a_plan(open_office: OpenOffice, tmp_path: Path) -> None:
    office = await open_office(data_directory=tmp_path / "data")
    automation = await office.create()
    await office.execute("DELETE FROM automations_schedule")
    await office.execute("UPDATE automations SET mode = 'worktree', model = 'gpt', permission_mode = 'x', enabled = 2")
    await office.running.stop()
    office = await open_office(data_directory=tmp_path / "data")
    assert await next_run(office, automation) == "2026-01-05T09:00:00.000Z"
    await office.clock.advance("2026-01-05T09:00:00")
    run = await office.completed()
    thread = await office.thread(run)
    assert (thread["model"], thread["permissionMode"], thread["mode"]) == ("sonnet", "autoEdit", "local")


async def test_a_project_whose_deletion_was_refused_fires_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    automation = await office.create()
    office.plugin.scheduling.close_project(office.project)
    await office.clock.advance("2026-01-05T09:00:10")
    assert await office.runs(automation) == []
    monkeypatch.setitem(office.plugin.scheduling._closing, office.project, 0.0)
    await office.plugin.check()
    await office.completed()
    assert await slots(office, automation) == [("09:00", "run")]
