"""Runs that wait for their turn, as a browser sees them."""

import asyncio
from typing import Any

from a_parallel_contracts.admission import ADMISSION
from a_parallel_contracts.agents import RequestKind
from tests.plugins.agents.conftest import Desk, OpenDesk
from tests.plugins.agents.fake import FakeProvider

ONE = {"plugins.agents.max_runs": 1, "plugins.agents.min_free_memory": 0}


async def place(desk: Desk, thread: str) -> Any:
    return (await desk.client.get(f"/api/threads/{thread}/queue"))["queue"]


async def test_a_run_beyond_the_bound_waits_and_says_why(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    first = await desk.create("first")
    body = {"projectId": desk.project, "mode": "local", "prompt": "second"}
    second = await desk.client.post("/api/threads", json=body)
    third = await desk.create("third")

    assert second["status"] == "pending"
    assert (second["queue"]["place"], second["queue"]["reason"]) == (1, "runs")
    assert await desk.receive("agents:queued", place=1) == second["queue"]
    assert (await desk.show(second["id"]))["status"] == "pending"
    assert (await place(desk, third))["place"] == 2
    assert await place(desk, first) is None
    state = await desk.client.get("/api/agents/queue")
    assert (state["maxRuns"], state["running"], state["waiting"]) == (1, 1, 2)
    assert [entry["threadId"] for entry in state["threads"]] == [second["id"], third]
    assert len(desk.provider.sessions) == 1

    desk.session.turn("done")
    session = await desk.nth_session(2)
    assert session.run.prompt.text == "second"
    assert (await desk.show(second["id"]))["status"] == "running"
    await desk.receive("agents:queued", place=1)
    assert desk.statuses(second["id"]) == ["running"]
    assert (await place(desk, third))["place"] == 1


async def test_a_run_that_waits_for_a_person_makes_room(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    first = await desk.create("first")
    await desk.create("second")
    desk.provider.sessions[0].begin()
    desk.provider.sessions[0].ask(RequestKind.QUESTION, "AskUserQuestion", {"questions": []})
    await desk.nth_session(2)

    await desk.message(first, "blue")
    assert desk.provider.sessions[0].answers, "an answer never waits"


async def test_further_messages_go_to_the_run_that_waits(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    await desk.create("first")
    second = await desk.create("second")
    await desk.message(second, "and this", model="opus")
    assert (await place(desk, second))["place"] == 1
    desk.session.turn("done")
    session = await desk.nth_session(2)
    await session.has_taken(2)

    assert [prompt.text for prompt in session.sent] == ["second", "and this"]
    assert session.run.model == "opus"
    assert await desk.said(second) == [("user", "second"), ("user", "and this")]


async def test_a_follow_up_waits_as_well(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    first = await desk.create("first")
    desk.session.turn("done")
    await desk.gone(first)
    await desk.create("second")
    await desk.message(first, "go on")

    shown = await desk.show(first)
    assert (shown["status"], shown["stage"], shown["completedAt"]) == ("pending", "review", None)
    desk.session.turn("done")
    session = await desk.nth_session(3)
    assert (session.run.session_id, session.run.prompt.text) == ("session-1", "go on")


async def test_what_waits_can_be_stopped_archived_and_deleted(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    await desk.create("first")
    stopped, archived, deleted, last = [await desk.create(f"waits {number}") for number in range(4)]
    await desk.client.post(f"/api/threads/{stopped}/stop")
    await desk.client.patch(f"/api/threads/{archived}", json={"archived": True})
    await desk.client.delete(f"/api/threads/{deleted}")

    assert (await place(desk, last))["place"] == 1
    await desk.receive("agent:status", status="stopped")
    assert (await desk.show(stopped))["status"] == "stopped"
    assert desk.statuses(stopped) == ["running", "stopped"]
    assert await desk.rows("SELECT thread_id FROM agents_queue") == [{"thread_id": last}]
    desk.session.turn("done")
    session = await desk.nth_session(2)
    assert session.run.thread.id == last


async def test_what_waits_outlives_a_restart(open_desk: OpenDesk, tmp_path: Any) -> None:
    data = tmp_path / "data"
    desk = await open_desk(settings=ONE, data_directory=data)
    first = await desk.create("first")
    threads = [
        await desk.create(f"waits {number}", allowedTools=["Read"], disallowedTools=["Bash"]) for number in range(2)
    ]
    await desk.running.stop()
    desk = await open_desk(FakeProvider(), settings=ONE, data_directory=data)
    session = await desk.nth_session(1)

    assert session.run.thread.id == threads[0]
    assert (session.run.allowed_tools, session.run.disallowed_tools) == (("Read",), ("Bash",))
    assert (await desk.show(first))["status"] == "interrupted"
    assert (await desk.show(threads[1]))["status"] == "pending"
    session.turn("done")
    assert (await desk.nth_session(2)).run.thread.id == threads[1]


async def test_a_start_that_fails_in_its_turn_lets_the_next_one_in(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    await desk.create("first")
    second = await desk.create("second")
    third = await desk.create("third")
    desk.provider.failure = RuntimeError("out of order")
    desk.session.turn("done")
    for _ in (second, third):
        await desk.receive("agent:error", error="out of order")
    desk.provider.failure = None
    await desk.running.settled()

    assert [(await desk.show(thread))["status"] for thread in (second, third)] == ["failed", "failed"]
    await desk.message(second, "again")
    session = await desk.nth_session(2)
    await session.has_taken(2)
    assert [prompt.text.splitlines()[-1] for prompt in session.sent] == ["second", "again"], "no message is lost"


async def test_agents_without_a_run_go_through_the_same_door(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    first = await desk.create("first")
    admission = desk.running.service(ADMISSION)
    inside = asyncio.Event()

    async def merge() -> None:
        async with admission.slot("somebody", "project"):
            inside.set()

    task = asyncio.get_running_loop().create_task(merge())
    await asyncio.sleep(0)
    assert not inside.is_set()
    desk.session.turn("done")
    await desk.gone(first)
    async with asyncio.timeout(20):
        await task


async def test_two_hundred_threads_at_once(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings={**ONE, "plugins.agents.max_runs": 10, "server.rate_limit": 0})
    body = {"projectId": desk.project, "mode": "local", "prompt": "go"}
    created = await asyncio.gather(*(desk.client.post("/api/threads", json=body) for _ in range(200)))

    assert len(desk.provider.sessions) == 10
    places = (await desk.client.get("/api/agents/queue"))["threads"]
    assert [entry["place"] for entry in places] == list(range(1, 191))
    for number in range(200):
        (await desk.nth_session(number + 1)).turn("done")
        assert len(desk.agents._runs.lives) <= 10  # type: ignore[attr-defined]
    for thread in created:
        await desk.gone(thread["id"])
    threads = await desk.client.get("/api/threads")
    assert [thread["status"] for thread in threads] == ["completed"] * 200


async def test_a_run_that_nobody_works_for_is_found_and_interrupted(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings=ONE)
    running, queued = await desk.create("first"), await desk.create("second")
    assert (await desk.client.get("/api/kernel/doctor"))["ok"] is True
    desk.session.turn("done")
    await desk.gone(running)
    await desk.running.kernel.db.write(
        lambda tx: tx.execute("UPDATE threads SET status = 'running' WHERE id = ?", (running,))
    )

    (finding,) = (await desk.client.get("/api/kernel/doctor"))["findings"]
    assert (finding["check"], finding["subject"], finding["repaired"]) == ("stuck-run", running, False)
    repaired = await desk.client.post("/api/kernel/doctor", json={"repair": True})
    assert (repaired["ok"], len(repaired["findings"])) == (True, 1)
    assert (await desk.show(running))["status"] == "interrupted"
    assert (await desk.show(queued))["status"] == "running"
