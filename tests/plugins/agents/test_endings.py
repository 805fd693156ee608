"""How agents end: by a person, with their thread, with the server; and what the next server finds."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.agents import Idle, RequestKind, TurnEnded
from tests.plugins.agents.conftest import INSTALLED, Desk, OpenDesk
from tests.plugins.agents.fake import FakeProvider
from tests.support.repository import git


def data_of(desk: Desk) -> Any:
    return desk.running.kernel.config.server.data_directory


async def test_stop_ends_the_agent_and_tells_it(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.say("Hel", partial=True)
    await desk.receive("agent:message")
    desk.session.say("Hello, half", partial=True)
    assert await desk.client.post(f"/api/threads/{thread}/stop") == {"ok": True}
    await desk.receive("agent:status", status="stopped")

    assert desk.session.stopped
    assert not desk.agents.running(thread)
    assert desk.statuses(thread) == ["running", "stopped"]
    assert desk.events(thread, "result", "error") == []
    shown = await desk.show(thread)
    assert (shown["status"], shown["stage"]) == ("stopped", "in_progress")
    assert shown["completedAt"]
    assert shown["messages"][-1]["content"] == "Hello, half"


async def test_stop_while_the_agent_waits_is_not_ignored_by_the_client(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.ask(RequestKind.PLAN, "ExitPlanMode", {})
    await desk.receive("agent:status", status="waiting")
    await desk.client.post(f"/api/threads/{thread}/stop")
    await desk.receive("agent:status", status="stopped")
    assert desk.statuses(thread) == ["running", "waiting", "running", "stopped"]


async def test_stop_of_a_thread_that_does_not_run_changes_nothing(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.turn("one")
    await desk.receive("agent:result")
    assert await desk.client.post(f"/api/threads/{thread}/stop") == {"ok": True}
    await desk.running.settled()
    assert desk.statuses(thread) == ["running", "completed"]
    assert (await desk.show(thread))["status"] == "completed"


async def test_stop_of_an_unknown_thread_is_not_found(desk: Desk) -> None:
    answer = await desk.client.answer("POST", "/api/threads/nope/stop")
    assert (answer.status, answer.json) == (404, {"error": "Thread not found"})


async def test_somebody_elses_thread_is_not_found_on_every_route(desk: Desk) -> None:
    thread = await desk.create()
    stranger = desk.client.acting_as("somebody")
    for path, body in [
        ("message", {"content": "x"}),
        ("stop", None),
        ("interrupt", None),
        ("approve-tool", {"toolName": "Bash", "approved": True}),
    ]:
        answer = await stranger.answer("POST", f"/api/threads/{thread}/{path}", json=body)
        unknown = await stranger.answer("POST", f"/api/threads/unknown/{path}", json=body)
        assert (answer.status, answer.body) == (404, unknown.body)
    assert (await desk.show(thread))["status"] == "running"
    assert len(desk.session.sent) == 1


async def test_stop_during_a_start_waits_for_it_and_ends_it(desk: Desk) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    original = desk.provider.start

    async def slow(run: Any, gate: Any) -> Any:
        started.set()
        await go_on.wait()
        return await original(run, gate)

    desk.provider.start = slow  # type: ignore[method-assign]
    creating = asyncio.create_task(desk.create())
    await started.wait()
    (thread,) = await desk.client.get("/api/threads")
    stopping = asyncio.create_task(desk.client.post(f"/api/threads/{thread['id']}/stop"))
    await asyncio.sleep(0)
    go_on.set()
    await creating
    await stopping

    assert desk.session.stopped
    assert (await desk.show(thread["id"]))["status"] == "stopped"


async def test_delete_ends_the_agent_first_and_nothing_is_told_afterwards(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.client.delete(f"/api/threads/{thread}")
    assert desk.session.stopped
    await desk.running.settled()
    other = await desk.create("another")
    await desk.receive("agent:status", status="running")

    names = [frame["threadId"] for frame in desk.socket.frames]
    assert names.index(other) > max(index for index, id in enumerate(names) if id == thread)
    assert "failed" not in desk.statuses(thread)
    for table in ("agents_threads", "agents_sessions", "agents_tool_uses", "agents_outbox"):
        assert await desk.rows(f"SELECT * FROM {table} WHERE thread_id = :id", id=thread) == []


async def test_archive_ends_the_agent_first(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    await desk.receive("agent:init")
    archived = await desk.client.patch(f"/api/threads/{thread}", json={"archived": True})
    assert desk.session.stopped
    assert (archived["archived"], archived["status"]) == (True, "stopped")


async def test_deleting_a_project_ends_its_agents(desk: Desk) -> None:
    await desk.create()
    desk.session.begin()
    await desk.client.delete(f"/api/projects/{desk.project}")
    assert desk.session.stopped


async def test_shutdown_interrupts_runs_and_the_next_message_resumes_them(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.running.stop()
    assert desk.session.stopped

    later = await open_desk(data_directory=data_of(desk))
    shown = await later.show(thread)
    assert (shown["status"], shown["stage"]) == ("interrupted", "in_progress")
    assert shown["completedAt"]
    await later.message(thread, "Continue")
    assert later.session.run.session_id == "session-1"
    assert later.session.run.prompt.text.startswith("[SYSTEM NOTE")


@pytest.mark.parametrize("status", ["pending", "running", "waiting"])
async def test_what_a_killed_server_left_unfinished_is_interrupted(open_desk: OpenDesk, status: str) -> None:
    desk = await open_desk()
    thread = await desk.create()
    idle = await desk.client.post(
        "/api/threads/idle", json={"projectId": desk.project, "title": "later", "mode": "local"}
    )
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.running.kernel.db.write(
        lambda tx: tx.execute("UPDATE threads SET status = ?, completed_at = NULL WHERE id = ?", (status, thread))
    )
    await desk.running.stop()

    later = await open_desk(data_directory=data_of(desk))
    shown = await later.show(thread)
    assert shown["status"] == "interrupted"
    assert shown["completedAt"]
    assert (await later.show(idle["id"]))["status"] == "idle"
    assert later.statuses(thread) == []


async def test_a_message_that_no_agent_had_begun_with_survives_the_server(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread = await desk.create("Build a boat")
    await desk.running.stop()

    later = await open_desk(data_directory=data_of(desk))
    await later.message(thread, "Continue")
    assert [prompt.text for prompt in later.session.sent] == ["Build a boat", "Continue"]


async def test_a_plan_that_was_shown_before_a_restart_can_be_accepted_after_it(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread = await desk.create(permissionMode="plan")
    desk.session.begin()
    desk.session.ask(RequestKind.PLAN, "ExitPlanMode", {"plan": "1. Do it"})
    await desk.receive("agent:status", status="waiting")
    await desk.running.stop()

    later = await open_desk(data_directory=data_of(desk))
    await later.message(thread, "Plan accepted")
    assert later.session.run.permission_mode == "autoEdit"


async def test_a_provider_that_is_switched_off_interrupts_its_runs(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.running.kernel.supervisor.disable("fake")
    await desk.receive("agent:status", status="interrupted")

    assert desk.session.stopped
    assert desk.statuses(thread) == ["running", "interrupted"]
    answer = await desk.client.answer("POST", f"/api/threads/{thread}/message", json={"content": "go on"})
    assert answer.status == 424
    assert "fake" in answer.json["message"]


async def test_an_idle_thread_starts_when_it_is_moved(desk: Desk) -> None:
    body = {"projectId": desk.project, "title": "Later", "mode": "local", "prompt": "Do it later"}
    idle = await desk.client.post("/api/threads/idle", json=body)
    moved = await desk.client.patch(f"/api/threads/{idle['id']}", json={"stage": "in_progress"})

    assert (moved["status"], moved["stage"]) == ("running", "in_progress")
    session = await desk.nth_session(1)
    assert session.run.prompt.text == "Do it later"
    session.turn("Done")
    await desk.receive("agent:result")
    assert [text for _, text in await desk.said(idle["id"])] == ["Do it later", "Done"]


async def test_an_idle_thread_that_cannot_start_fails(desk: Desk) -> None:
    desk.provider.failure = RuntimeError("no agent today")
    body = {"projectId": desk.project, "title": "Later", "mode": "local", "prompt": "Do it later"}
    idle = await desk.client.post("/api/threads/idle", json=body)
    moved = await desk.client.answer("PATCH", f"/api/threads/{idle['id']}", json={"stage": "in_progress"})

    assert moved.status == 200
    await desk.receive("agent:status", status="failed")
    assert (await desk.show(idle["id"]))["status"] == "failed"


async def test_why_a_run_failed_is_told_until_the_next_run(open_desk: OpenDesk, tmp_path: Path) -> None:
    data = tmp_path / "data"
    desk = await open_desk(data_directory=data)
    thread = await desk.create()
    path = f"/api/threads/{thread}/failure"

    async def failure() -> Any:
        return (await desk.client.get(path))["failure"]

    assert await failure() is None
    desk.session.begin()
    desk.session.exit(2, "out of memory")
    told = "The agent exited unexpectedly without a result (exit status 2): out of memory"
    await desk.receive("agent:error", error=told)
    assert await failure() == told
    stranger = await desk.client.acting_as("somebody").answer("GET", path)
    unknown = await desk.client.answer("GET", "/api/threads/unknown/failure")
    assert (stranger.status, stranger.body) == (404, unknown.body)

    await desk.running.stop()
    desk = await open_desk(FakeProvider(), data_directory=data)
    assert await failure() == told, "a restart forgets nothing"
    await desk.message(thread, "again")
    assert await failure() is None
    desk.session.begin()
    desk.session.emit(TurnEnded("error_max_turns"), Idle())
    await desk.receive("agent:result", status="failed")
    assert await failure() == "error_max_turns"
    await desk.message(thread, "again")
    await desk.nth_session(2)
    desk.session.begin()
    desk.session.emit(TurnEnded("error_max_turns", detail="Reached maximum number of turns (2)"), Idle())
    result = await desk.receive("agent:result", status="failed")
    assert await failure() == "Reached maximum number of turns (2)"
    assert result["errorReason"] == "error_max_turns" and "detail" not in result
    await desk.message(thread, "again")
    await desk.nth_session(3)
    desk.session.begin()
    desk.session.emit(TurnEnded("error_during_execution", "API Error: 529 overloaded"), Idle())
    await desk.receive("agent:result", status="failed")
    assert await failure() == "API Error: 529 overloaded"
    await desk.message(thread, "again")
    await desk.nth_session(4)
    desk.session.turn("done")
    await desk.receive("agent:result", status="completed")
    assert await failure() is None


async def test_an_idle_thread_without_a_prompt_stays_idle(desk: Desk) -> None:
    body = {"projectId": desk.project, "title": "Later", "mode": "local"}
    idle = await desk.client.post("/api/threads/idle", json=body)
    moved = await desk.client.patch(f"/api/threads/{idle['id']}", json={"stage": "in_progress"})
    assert moved["status"] == "idle"
    assert desk.provider.sessions == []


async def test_a_message_starts_an_idle_thread(desk: Desk) -> None:
    body = {"projectId": desk.project, "title": "Later", "mode": "local", "prompt": "not this"}
    idle = await desk.client.post("/api/threads/idle", json=body)
    await desk.message(idle["id"], "but this")
    shown = await desk.show(idle["id"])
    assert (shown["status"], shown["stage"]) == ("running", "in_progress")
    assert desk.session.run.prompt.text == "but this"


async def test_a_worktree_that_is_gone_is_made_anew_and_never_replaced_by_the_project(open_desk: OpenDesk) -> None:
    desk = await open_desk(installed=(*INSTALLED, "worktrees"))
    thread = await desk.create(mode="worktree")
    worktree = Path(desk.session.run.directory)
    assert worktree != desk.repository
    (worktree / "work.txt").write_text("done by the agent")
    git(worktree, "add", ".")
    git(worktree, "commit", "-q", "-m", "Work")
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.client.patch(f"/api/threads/{thread}", json={"archived": True})
    assert not worktree.exists()
    await desk.message(thread, "again")

    again = Path(desk.session.run.directory)
    assert again != desk.repository
    assert (again / "work.txt").read_text() == "done by the agent"
    assert (await desk.show(thread))["worktreePath"] == str(again)


async def test_a_worktree_that_cannot_be_made_anew_refuses_the_message(open_desk: OpenDesk) -> None:
    desk = await open_desk(installed=(*INSTALLED, "worktrees"))
    thread = await desk.create(mode="worktree")
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.client.patch(f"/api/threads/{thread}", json={"archived": True})
    desk.repository.rename(desk.repository.with_name("moved-away"))
    answer = await desk.client.answer("POST", f"/api/threads/{thread}/message", json={"content": "again"})

    assert answer.status in {400, 409, 424}
    assert len(desk.provider.sessions) == 1
    assert [text for _, text in await desk.said(thread)] == ["Do it", "one"]
    assert (await desk.show(thread))["status"] == "completed"


async def test_a_worktree_error_leaves_no_thread(open_desk: OpenDesk) -> None:
    desk = await open_desk(installed=(*INSTALLED, "worktrees"))
    body = {"projectId": desk.project, "mode": "worktree", "prompt": "x", "baseBranch": "no-such-branch"}
    answer = await desk.client.answer("POST", "/api/threads", json=body)
    assert answer.status == 400
    assert await desk.client.get("/api/threads") == []


async def test_an_agent_that_does_not_leave_is_ended(open_desk: OpenDesk) -> None:
    provider = FakeProvider()
    provider.exits_when_closed = False
    desk = await open_desk(provider, settings={"plugins.agents.exit_grace": 0.05})
    thread = await desk.create()
    desk.session.turn("one")
    await desk.receive("agent:result")
    await asyncio.wait_for(desk.session.ended.wait(), 10)
    assert desk.session.stopped
    assert (await desk.show(thread))["status"] == "completed"
