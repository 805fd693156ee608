"""What a run does, from its beginning to the inbox and the archive (``http-features.md`` §4.3, §4.6)."""

import asyncio
import json
from typing import Any

import pytest

from a_parallel_contracts import FailedDependency
from tests.plugins.automations.conftest import PATIENCE, Office, OpenOffice


async def test_a_run_is_a_thread_of_its_own(office: Office) -> None:
    automation = await office.create(prompt="!say two problems", model="opus", permissionMode="plan")
    run = await office.trigger(automation)
    assert run["status"] == "running"
    assert (run["triageStatus"], run["hasFindings"], run["summary"], run["completedAt"]) == (
        "pending",
        None,
        None,
        None,
    )
    done = await office.completed(run)
    thread = await office.thread(run)
    assert thread["title"] == "[Auto] Nightly - 1/5/2026"
    assert (thread["mode"], thread["model"], thread["permissionMode"]) == ("local", "opus", "plan")
    assert (thread["branch"], thread["baseBranch"], thread["worktreePath"]) == (None, None, None)
    assert thread["automationId"] == automation["id"]
    assert [message["content"] for message in thread["messages"]] == ["!say two problems", "two problems"]
    assert done["status"] == "completed"
    assert (done["triageStatus"], done["hasFindings"], done["summary"]) == ("pending", True, "two problems")
    assert done["completedAt"] == thread["completedAt"]
    [row] = await office.client.get("/api/automations")
    assert row["lastRunAt"] == run["startedAt"]
    history = await office.rows(
        "SELECT from_stage, to_stage FROM stage_history WHERE thread_id = :id ORDER BY rowid", id=run["threadId"]
    )
    assert (history[0]["from_stage"], history[0]["to_stage"]) == (None, "backlog")


async def test_the_title_has_the_date_of_the_servers_zone(open_office: OpenOffice) -> None:
    office = await open_office(settings={"plugins.automations.zone": "Pacific/Honolulu"})
    run = await office.trigger(await office.create())
    assert (await office.thread(run))["title"] == "[Auto] Nightly - 1/4/2026"


async def test_the_run_is_told_before_its_agent_and_its_end_after(office: Office) -> None:
    run = await office.completed(await office.trigger(await office.create()))
    types = office.frames(run["threadId"])
    assert types[:2] == ["automation:run_started", "agent:status"]
    assert types[-2:] == ["agent:result", "automation:run_completed"]
    [started] = [frame for frame in office.socket.frames if frame["type"] == "automation:run_started"]
    assert started["data"] == {"automationId": run["automationId"], "runId": run["id"]}
    [ended] = [frame for frame in office.socket.frames if frame["type"] == "automation:run_completed"]
    assert ended["data"] == {
        "automationId": run["automationId"], "runId": run["id"], "hasFindings": True, "summary": "found it"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "used"), [("autoEdit", "confirmEdit"), ("confirmEdit", "confirmEdit"), ("plan", "plan")]
)
async def test_the_agent_may_not_edit(office: Office, mode: str, used: str) -> None:
    automation = await office.create(prompt="!echo", permissionMode=mode)
    run = await office.completed(await office.trigger(automation))
    thread = await office.thread(run)
    told = json.loads(thread["messages"][-1]["content"])
    assert told["disallowedTools"] == ["Edit", "Write", "Bash", "NotebookEdit"]
    assert told["mode"] == used
    assert told["directory"] == str(office.repository.path)
    assert thread["permissionMode"] == mode


async def test_nothing_is_written_whatever_the_agent_tries(office: Office) -> None:
    automation = await office.create(prompt="!write made.txt x\n!bash touch made.txt\n!edit README.md more\n!say tried")
    run = await office.completed(await office.trigger(automation))
    assert (run["status"], run["summary"]) == ("completed", "tried")
    outputs = [call["output"] for message in (await office.thread(run))["messages"] for call in message["toolCalls"]]
    assert len(outputs) == 3
    assert all("only read" in output for output in outputs)
    assert sorted(path.name for path in office.repository.path.iterdir()) == [".git", "README.md"]
    assert (office.repository.path / "README.md").read_text() == "# Sample\n"


async def test_once_the_run_is_over_a_person_may_let_the_agent_edit(office: Office) -> None:
    run = await office.completed(await office.trigger(await office.create()))
    await office.client.post(f"/api/threads/{run['threadId']}/message", json={"content": "!write made.txt x"})
    await office.socket.receive("agent:result")
    assert (office.repository.path / "made.txt").read_text() == "x"


async def test_a_failed_run_needs_no_triage(office: Office) -> None:
    automation = await office.create(prompt="!say about to fail\n!crash 1 no more memory")
    run = await office.completed(await office.trigger(automation))
    assert (run["status"], run["triageStatus"], run["hasFindings"]) == ("failed", "dismissed", False)
    assert run["summary"] == "about to fail"
    assert [item["run"] for item in await office.inbox()] == [run]


async def test_a_run_without_a_word_says_so(office: Office) -> None:
    run = await office.completed(await office.trigger(await office.create(prompt="!tool Read")))
    assert (run["status"], run["summary"]) == ("completed", "No summary available")


async def test_the_summary_is_short(office: Office) -> None:
    run = await office.completed(await office.trigger(await office.create(prompt="!say " + "word " * 200)))
    assert len(run["summary"]) == 500


async def test_a_run_whose_agent_cannot_start_tells_why(office: Office) -> None:
    automation = await office.create()
    office.repository.path.rename(office.repository.path.with_name("moved"))
    await office.client.post(f"/api/automations/{automation['id']}/trigger")
    run = await office.completed()
    assert (run["status"], run["triageStatus"], run["hasFindings"]) == ("failed", "dismissed", False)
    assert str(office.repository.path) in run["summary"] or "director" in run["summary"]
    assert (await office.thread(run))["status"] == "failed"


async def test_a_missing_provider_is_told(open_office: OpenOffice) -> None:
    office = await open_office(
        settings={"plugins.agents.provider": "absent", "plugins.automations.start_patience": 0.0}
    )
    await office.trigger(await office.create())
    run = await office.completed()
    assert run["status"] == "failed"
    assert "absent" in run["summary"]


async def test_an_unexpected_failure_ends_the_run_and_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise OSError("the disk is on fire")

    automation = await office.create()
    monkeypatch.setattr(office.plugin.runs._agents, "send", fail)
    await office.trigger(automation)
    run = await office.completed()
    assert (run["status"], run["summary"]) == ("failed", "the disk is on fire")
    office.running.expect_running("automations")


async def test_stopping_the_thread_ends_the_run(office: Office) -> None:
    run = await office.trigger(await office.create(prompt="!say begun\n!hang"))
    await office.socket.receive("agent:message")
    await office.client.post(f"/api/threads/{run['threadId']}/stop")
    done = await office.completed(run)
    assert (done["status"], done["hasFindings"], done["summary"]) == ("failed", False, "begun")


async def test_deleting_the_thread_deletes_the_run(office: Office) -> None:
    automation = await office.create(prompt="!hang")
    run = await office.trigger(automation)
    await office.client.delete(f"/api/threads/{run['threadId']}")
    assert await office.runs(automation) == []


async def test_a_tool_of_others_is_asked_about(office: Office) -> None:
    automation = await office.create(prompt="!tool mcp__tracker__close\n!say closed")
    run = await office.trigger(automation)
    await office.waiting(run)
    body = {"toolName": "mcp__tracker__close", "approved": True}
    await office.client.post(f"/api/threads/{run['threadId']}/approve-tool", json=body)
    assert (await office.completed(run))["summary"] == "closed"


# --- waiting --------------------------------------------------------------------------------------


async def test_a_run_that_waits_stays_open_and_is_in_the_inbox(office: Office) -> None:
    automation = await office.create(prompt="!ask Which one? | left | right\n!say done")
    run = await office.trigger(automation)
    await office.waiting(run)
    [item] = await office.inbox()
    assert item["run"]["id"] == run["id"]
    assert (item["run"]["status"], item["run"]["completedAt"], item["run"]["triageStatus"]) == (
        "running",
        None,
        "pending",
    )
    assert "aiting" in item["run"]["summary"]
    assert item["thread"]["status"] == "waiting"
    assert (await office.runs(automation))[0]["summary"] == item["run"]["summary"]
    assert await office.inbox("?triageStatus=reviewed") == []
    await office.client.post(f"/api/threads/{run['threadId']}/message", json={"content": "→ left"})
    done = await office.completed(run)
    assert done["status"] == "completed"
    assert done["summary"].endswith("done")


async def test_a_run_that_only_runs_is_not_in_the_inbox(office: Office) -> None:
    run = await office.trigger(await office.create(prompt="!say begun\n!hang"))
    await office.socket.receive("agent:message")
    assert await office.inbox() == []
    await office.client.post(f"/api/threads/{run['threadId']}/stop")


# --- inbox and triage -----------------------------------------------------------------------------


async def test_the_inbox_shows_run_automation_and_thread(office: Office) -> None:
    automation = await office.create()
    first = await office.completed(await office.trigger(automation))
    second = await office.completed(await office.trigger(automation))
    inbox = await office.inbox()
    assert [item["run"] for item in inbox] == [second, first]
    assert inbox[0]["automation"] == await office.client.get(f"/api/automations/{automation['id']}")
    thread = await office.thread(second)
    del thread["messages"]
    assert inbox[0]["thread"] == thread
    assert await office.inbox(f"?projectId={office.project}&triageStatus=pending") == inbox
    assert await office.inbox("?projectId=&triageStatus=") == inbox
    assert await office.inbox("?projectId=other") == []
    assert await office.inbox("?triageStatus=whatever") == []


async def test_triage_moves_a_run_in_the_inbox(office: Office) -> None:
    run = await office.completed(await office.trigger(await office.create()))
    path = f"/api/automations/runs/{run['id']}/triage"
    assert await office.client.patch(path, json={"triageStatus": "reviewed"}) == {"ok": True}
    assert await office.inbox("?triageStatus=pending") == []
    assert [item["run"]["id"] for item in await office.inbox("?triageStatus=reviewed")] == [run["id"]]
    for bad in ({"triageStatus": "x"}, {}, {"triageStatus": None}):
        assert (await office.client.answer("PATCH", path, json=bad)).status == 400


async def test_what_is_dealt_with_is_archived_beyond_the_history(office: Office) -> None:
    automation = await office.create()
    await office.change(automation, maxRunHistory=1)
    runs = [await office.completed(await office.trigger(automation)) for _ in range(3)]
    for run in runs[:2]:
        await office.client.patch(f"/api/automations/runs/{run['id']}/triage", json={"triageStatus": "reviewed"})
    assert await office.statuses(automation) == ["completed"] * 3
    last = await office.completed(await office.trigger(automation))
    assert await office.statuses(automation) == ["completed", "completed", "completed", "archived"]
    archived = await office.thread(runs[0])
    assert archived["archived"] is True
    history = await office.rows(
        "SELECT to_stage FROM stage_history WHERE thread_id = :id ORDER BY rowid", id=runs[0]["threadId"]
    )
    assert history[-1]["to_stage"] == "archived"
    assert not (await office.thread(runs[1]))["archived"]
    assert [item["run"]["id"] for item in await office.inbox()] == [last["id"], runs[2]["id"], runs[1]["id"]]


async def test_a_thread_in_which_somebody_goes_on_is_not_archived(office: Office) -> None:
    automation = await office.create(prompt="!fail")
    await office.change(automation, maxRunHistory=1)
    first = await office.completed(await office.trigger(automation))
    await office.client.post(f"/api/threads/{first['threadId']}/message", json={"content": "!say still here\n!hang"})
    await office.socket.receive("agent:message")
    await office.completed(await office.trigger(automation))
    assert not (await office.thread(first))["archived"]
    await office.client.post(f"/api/threads/{first['threadId']}/stop")
    await office.completed(await office.trigger(automation))
    assert (await office.thread(first))["archived"]


# --- what goes ------------------------------------------------------------------------------------


async def test_deleting_an_automation_ends_its_agents(office: Office) -> None:
    automation = await office.create(prompt="!say begun\n!hang")
    runs = [await office.trigger(automation) for _ in range(2)]
    await office.client.delete(f"/api/automations/{automation['id']}")
    assert [(await office.thread(run))["status"] for run in runs] == ["stopped", "stopped"]


async def test_deleting_a_project_ends_its_agents_and_timers(office: Office) -> None:
    automation = await office.create(prompt="!hang")
    run = await office.trigger(automation)
    await office.client.delete(f"/api/projects/{office.project}")
    await office.running.settled()
    assert not office.plugin.runs._agents.running(run["threadId"])
    assert automation["id"] not in office.clock.timers
    assert (await office.client.answer("GET", f"/api/automations/{automation['id']}")).status == 404


async def test_while_a_project_goes_nothing_begins_in_it(office: Office) -> None:
    automation = await office.create()
    office.plugin.scheduling.close_project(office.project)
    await office.clock.advance("2026-01-05T09:00:00")
    assert await office.runs(automation) == []
    assert (await office.client.answer("POST", f"/api/automations/{automation['id']}/trigger")).status == 409


def test_the_reason_of_a_failed_start_is_the_most_telling_text() -> None:
    from a_parallel_plugins.automations.runs import error_text

    assert (
        error_text(FailedDependency("Failed to start agent", extra={"message": "no such program"})) == "no such program"
    )
    assert error_text(FailedDependency("plain")) == "plain"


async def test_triggers_do_not_wait_for_the_agent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    released = asyncio.Event()
    send = office.plugin.runs._agents.send

    async def slow(*arguments: Any) -> None:
        await released.wait()
        await send(*arguments)

    automation = await office.create()
    monkeypatch.setattr(office.plugin.runs._agents, "send", slow)
    run = await office.trigger(automation)
    assert (await office.thread(run))["status"] == "pending"
    released.set()
    assert (await office.completed(run))["status"] == "completed"


async def test_a_run_that_waited_for_its_turn_may_not_edit_either(open_office: OpenOffice) -> None:
    office = await open_office(settings={"plugins.agents.max_runs": 1})
    body = {"projectId": office.project, "mode": "local", "prompt": "!hang"}
    busy = await office.client.post("/api/threads", json=body)
    automation = await office.create(prompt="!echo")
    run = await office.trigger(automation)
    await office.socket.receive("agents:queued", timeout=PATIENCE)
    assert (await office.thread(run))["status"] == "pending"
    assert await office.statuses(automation) == ["running"]

    await office.client.post(f"/api/threads/{busy['id']}/stop")
    assert (await office.completed(run))["status"] == "completed"
    told = json.loads((await office.thread(run))["messages"][-1]["content"])
    assert told["disallowedTools"] == ["Edit", "Write", "Bash", "NotebookEdit"]
    assert told["mode"] == "confirmEdit"
