"""Automations over HTTP: rows, validation, owners (``http-features.md`` §4.2, §4.6)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from a_parallel_plugins.automations.models import ServerZone
from tests.plugins.automations.clock import Clock
from tests.plugins.automations.conftest import Office, OpenOffice

FIELDS = {
    "id", "projectId", "userId", "name", "prompt", "schedule", "model", "mode", "permissionMode", "baseBranch",
    "enabled", "maxRunHistory", "lastRunAt", "nextRunAt", "createdAt", "updatedAt",
}  # fmt: skip


async def test_creating_answers_the_whole_row(office: Office) -> None:
    body = {"projectId": office.project, "name": "Nightly", "prompt": "look", "schedule": "0 9 * * *"}
    answer = await office.client.answer("POST", "/api/automations", json=body)
    assert answer.status == 201
    row = answer.json
    assert row.keys() == FIELDS
    assert row["model"] == "sonnet"
    assert row["mode"] == "default"
    assert row["permissionMode"] == "autoEdit"
    assert row["userId"] == "__local__"
    assert row["enabled"] is True
    assert row["maxRunHistory"] == 20
    assert row["lastRunAt"] is None
    assert row["nextRunAt"] == "2026-01-05T09:00:00.000Z"
    assert row["baseBranch"] is None
    assert await office.client.get(f"/api/automations/{row['id']}") == row
    assert await office.client.get("/api/automations") == [row]


async def test_what_was_chosen_is_returned_and_nothing_else(office: Office) -> None:
    chosen: dict[str, Any] = {"timezone": "Asia/Tokyo", "missedPolicy": "one", "overlapPolicy": "queue", "jitter": 30}
    row = await office.create(model="opus", permissionMode="plan", mode="merge", baseBranch="main", **chosen)
    assert {key: row[key] for key in chosen} == chosen
    assert (row["mode"], row["baseBranch"], row["model"], row["permissionMode"]) == ("merge", "main", "opus", "plan")
    assert row["nextRunAt"] == "2026-01-06T00:00:00.000Z"
    assert (await office.change(row, baseBranch=" "))["baseBranch"] is None
    changed = await office.change(row, timezone=None, missedPolicy=None, overlapPolicy=None, jitter=None)
    assert changed.keys() == FIELDS
    assert changed["nextRunAt"] == "2026-01-05T09:00:00.000Z"


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"schedule": "not a cron"}, "Invalid cron expression"),
    ({"schedule": "99 * * * *"}, "Invalid cron expression"),
    ({"schedule": ""}, "schedule is required"),
    ({"schedule": None}, "schedule"),
    ({"schedule": "*/2 * * * * *"}, "more often than once a minute"),
    ({"name": ""}, "name is required"),
    ({"prompt": ""}, "prompt is required"),
    ({"prompt": "  \n"}, "prompt is required"),
    ({"projectId": ""}, "projectId is required"),
    ({"model": "x"}, "model"),
    ({"mode": "worktree"}, "mode"),
    ({"permissionMode": "yolo"}, "permissionMode"),
    ({"timezone": "Mars/Olympus"}, "IANA"),
    ({"timezone": "../../etc/passwd"}, "IANA"),
    ({"missedPolicy": "some"}, "missedPolicy"),
    ({"overlapPolicy": "kill"}, "overlapPolicy"),
    ({"jitter": -1}, "jitter"),
    ({"baseBranch": "--upload-pack=evil"}, "baseBranch"),
    ({"jitter": "5"}, "jitter"),
]


async def test_bad_input_is_refused_with_a_reason(office: Office) -> None:
    for changes, said in BAD_INPUT:
        body = {"projectId": office.project, "name": "n", "prompt": "p", "schedule": "0 9 * * *", **changes}
        answer = await office.client.answer("POST", "/api/automations", json=body)
        assert answer.status == 400
        assert said in answer.json["error"]
        assert await office.client.get("/api/automations") == []


async def test_an_invalid_schedule_is_answered_with_examples(office: Office) -> None:
    body = {"projectId": office.project, "name": "n", "prompt": "p", "schedule": "zzz"}
    error = (await office.client.answer("POST", "/api/automations", json=body)).json["error"]
    assert error.startswith("Invalid cron expression")
    assert "*/30 * * * *" in error


async def test_an_unknown_project_is_told(office: Office) -> None:
    body = {"projectId": "nope", "name": "n", "prompt": "p", "schedule": "0 9 * * *"}
    answer = await office.client.answer("POST", "/api/automations", json=body)
    assert (answer.status, answer.json) == (404, {"error": "Project not found"})


async def test_only_what_is_sent_changes(office: Office) -> None:
    row = await office.create()
    changed = await office.change(row, name="Other", maxRunHistory=3)
    assert changed["updatedAt"] > row["updatedAt"]
    assert {**changed, "name": "Nightly", "maxRunHistory": 20, "updatedAt": row["updatedAt"]} == row
    assert await office.change(row) == changed


async def test_an_automation_that_is_off_is_not_due(office: Office) -> None:
    row = await office.create()
    off = await office.change(row, enabled=False)
    assert (off["enabled"], off["nextRunAt"]) == (False, None)
    on = await office.change(row, enabled=True)
    assert (on["enabled"], on["nextRunAt"]) == (True, "2026-01-05T09:00:00.000Z")


async def test_a_new_schedule_is_a_new_plan(office: Office) -> None:
    row = await office.create()
    assert (await office.change(row, schedule="30 8 * * *"))["nextRunAt"] == "2026-01-05T08:30:00.000Z"


async def test_a_schedule_that_never_fires_is_accepted(office: Office) -> None:
    assert (await office.create("0 0 31 2 *"))["nextRunAt"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"maxRunHistory": 0},
        {"maxRunHistory": 101},
        {"maxRunHistory": 1.5},
        {"schedule": "zzz"},
        {"schedule": "*/2 * * * * *"},
        {"enabled": 1},
        {"name": None},
        {"mode": "local"},
    ],
)
async def test_bad_changes_are_refused(office: Office, changes: dict[str, Any]) -> None:
    row = await office.create()
    answer = await office.client.answer("PATCH", f"/api/automations/{row['id']}", json=changes)
    assert answer.status == 400
    assert await office.client.get(f"/api/automations/{row['id']}") == row


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/automations/nope", None),
        ("PATCH", "/api/automations/nope", {"schedule": "not even valid"}),
        ("DELETE", "/api/automations/nope", None),
        ("POST", "/api/automations/nope/trigger", None),
        ("PATCH", "/api/automations/runs/nope/triage", {"triageStatus": "dismissed"}),
    ],
)
async def test_what_is_unknown_is_not_found(office: Office, method: str, path: str, body: Any) -> None:
    answer = await office.client.answer(method, path, json=body)
    assert (answer.status, answer.json) == (404, {"error": "Not found"})


async def test_an_unknown_automation_has_no_runs(office: Office) -> None:
    assert await office.client.get("/api/automations/nope/runs") == []


async def test_the_list_is_newest_first_and_can_be_narrowed_to_a_project(office: Office) -> None:
    first, second = await office.create(), await office.create()
    listed = await office.client.get(f"/api/automations?projectId={office.project}")
    assert [row["id"] for row in listed] == [second["id"], first["id"]]
    assert await office.client.get("/api/automations?projectId=other") == []
    assert len(await office.client.get("/api/automations?projectId=")) == 2


async def test_deleting_leaves_the_threads(office: Office) -> None:
    row = await office.create()
    run = await office.completed(await office.trigger(row))
    assert await office.client.delete(f"/api/automations/{row['id']}") == {"ok": True}
    assert await office.runs(row) == []
    assert (await office.thread(run))["status"] == "completed"
    assert row["id"] not in office.clock.timers


async def automation_of(office: Office, client: Any, name: str) -> Any:
    """Make a project and an automation of a user's."""
    path = str(office.repository.path.parent / name)
    office.repository.git("clone", "--quiet", ".", path)
    project = await client.post("/api/projects", json={"name": name, "path": path})
    body = {"projectId": project["id"], "name": name, "prompt": "!say secret", "schedule": "0 9 * * *"}
    return await client.post("/api/automations", json=body)


async def test_runs_belong_to_the_owner_of_the_automation(office: Office) -> None:
    anna, bert = office.client.acting_as("anna"), office.client.acting_as("bert")
    hers, his = await automation_of(office, anna, "annas"), await automation_of(office, bert, "berts")
    async with anna.websocket() as her_socket, bert.websocket() as his_socket:
        await anna.post(f"/api/automations/{hers['id']}/trigger")
        done = await her_socket.receive("automation:run_completed")
        await bert.post(f"/api/automations/{his['id']}/trigger")
        await his_socket.receive("automation:run_completed")
    assert done["data"]["summary"] == "secret"
    assert (await anna.get(f"/api/threads/{done['threadId']}"))["userId"] == "anna"
    assert [item["run"]["id"] for item in await anna.get("/api/automations/inbox")] == [done["data"]["runId"]]
    assert len({frame["threadId"] for frame in his_socket.frames}) == 1
    assert done["threadId"] not in {frame["threadId"] for frame in his_socket.frames}


async def test_everything_of_another_user_is_as_if_it_were_not_there(office: Office) -> None:
    anna, bert = office.client.acting_as("anna"), office.client.acting_as("bert")
    row = await automation_of(office, anna, "annas")
    async with anna.websocket() as socket:
        await anna.post(f"/api/automations/{row['id']}/trigger")
        run = (await socket.receive("automation:run_completed"))["data"]["runId"]
    assert await bert.get("/api/automations") == []
    assert await bert.get("/api/automations/inbox") == []
    assert await bert.get(f"/api/automations/{row['id']}/runs") == []
    for method, tail, sent in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/trigger", None)):
        answer = await bert.answer(method, f"/api/automations/{row['id']}{tail}", json=sent)
        assert (answer.status, answer.json) == (404, {"error": "Not found"})
    triage = await bert.answer("PATCH", f"/api/automations/runs/{run}/triage", json={"triageStatus": "reviewed"})
    assert triage.status == 404
    assert [one["triageStatus"] for one in await anna.get(f"/api/automations/{row['id']}/runs")] == ["pending"]
    body = {"projectId": row["projectId"], "name": "n", "prompt": "p", "schedule": "0 9 * * *"}
    assert (await bert.answer("POST", "/api/automations", json=body)).status == 404


@pytest.mark.parametrize(("name", "offset"), [("UTC", 0), ("Asia/Kolkata", 330), ("America/St_Johns", -210)])
async def test_the_zone_of_schedules_without_one_is_told(open_office: OpenOffice, name: str, offset: int) -> None:
    office = await open_office(settings={"plugins.automations.zone": name})
    assert await office.client.get("/api/automations/zone") == {"timezone": name, "utcOffset": offset}


async def test_the_offset_is_that_of_the_season(open_office: OpenOffice) -> None:
    summer = Clock("2026-07-01T00:00:00")
    office = await open_office(summer, settings={"plugins.automations.zone": "Europe/Berlin"})
    assert (await office.client.get("/api/automations/zone"))["utcOffset"] == 120


def test_a_zone_without_a_name_has_its_offset() -> None:
    told = ServerZone.of(timezone(timedelta(hours=-3, minutes=-30)), datetime(2026, 1, 1, tzinfo=UTC))
    assert told.model_dump(by_alias=True) == {"timezone": None, "utcOffset": -210}
