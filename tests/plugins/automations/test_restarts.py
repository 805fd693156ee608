"""What a start makes of the runs and times that an earlier server left (``http-features.md`` §4.6)."""

from pathlib import Path

import pytest

from tests.plugins.automations.clock import Clock
from tests.plugins.automations.conftest import Office, OpenOffice
from tests.plugins.automations.test_firing import HANG, slots


async def test_a_run_that_was_interrupted_by_the_end_of_the_server_has_failed(
    open_office: OpenOffice, tmp_path: Path
) -> None:
    office = await open_office(data_directory=tmp_path / "data")
    automation = await office.create(prompt="!say half way\n!hang")
    run = await office.trigger(automation)
    await office.socket.receive("agent:message")
    await office.running.stop()
    office = await open_office(data_directory=tmp_path / "data")
    [row] = await office.runs(automation)
    assert (row["status"], row["triageStatus"], row["hasFindings"]) == ("failed", "dismissed", False)
    assert (row["summary"], row["completedAt"] is not None) == ("half way", True)
    assert (await office.thread(run))["status"] == "interrupted"


@pytest.mark.parametrize(
    ("thread", "run"),
    [
        ("completed", "completed"),
        ("failed", "failed"),
        ("stopped", "failed"),
        ("idle", "failed"),
        ("running", "failed"),
    ],
)
async def test_ends_that_were_never_heard_of_are_made_up_for(
    open_office: OpenOffice, tmp_path: Path, thread: str, run: str
) -> None:
    office = await open_office(data_directory=tmp_path / "data")
    automation = await office.create()
    first = await office.completed(await office.trigger(automation))
    await office.execute(
        "UPDATE automation_runs SET status = 'running', has_findings = NULL, summary = NULL, completed_at = NULL"
    )
    await office.execute("UPDATE threads SET status = ?", thread)
    await office.running.stop()
    office = await open_office(data_directory=tmp_path / "data")
    [row] = await office.runs(automation)
    assert (row["id"], row["status"], row["summary"]) == (first["id"], run, "found it")


async def test_the_safety_net_ends_a_run_whose_end_was_not_heard_of(office: Office) -> None:
    automation = await office.create()
    await office.completed(await office.trigger(automation))
    await office.execute("UPDATE automation_runs SET status = 'running', has_findings = NULL, completed_at = NULL")
    await office.plugin.check()
    assert await office.statuses(automation) == ["completed"]


async def test_a_time_whose_run_was_recorded_before_a_crash_does_not_come_again(
    open_office: OpenOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    office = await open_office(clock, data_directory=tmp_path / "data")
    automation = await office.create(missedPolicy="all", overlapPolicy="parallel")
    with monkeypatch.context() as crash:  # the server dies between the commit and the agent's start
        crash.setattr(office.plugin.runs, "start", lambda begun: None)
        await clock.advance("2026-01-05T09:00:00")
        await office.execute("UPDATE automations_schedule SET next_fire_at = '2026-01-05T09:00:00.000Z'")
    await office.running.stop()
    clock.jump("2026-01-05T09:00:01")
    office = await open_office(clock, data_directory=tmp_path / "data")
    assert await office.statuses(automation) == ["failed"]
    assert await slots(office, automation) == [("09:00", "run")]


async def test_a_queued_time_survives_a_restart(open_office: OpenOffice, tmp_path: Path) -> None:
    clock = Clock()
    office = await open_office(clock, data_directory=tmp_path / "data")
    automation = await office.create("0 * * * *", prompt=HANG, overlapPolicy="queue")
    await clock.advance("2026-01-05T10:00:00")
    await office.running.stop()
    office = await open_office(clock, data_directory=tmp_path / "data")
    assert await slots(office, automation) == [("09:00", "run"), ("10:00", "run")]
    assert await office.statuses(automation) == ["running", "failed"]
