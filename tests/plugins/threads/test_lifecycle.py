"""What happens before a thread is archived or deleted, and when it is moved."""

import asyncio
from typing import Any

import pytest

from a_parallel_contracts import Conflict, PluginContext
from a_parallel_contracts.threads import Thread, ThreadChanged, ThreadChanges, ThreadDeleted
from tests.plugins.threads.conftest import Home


def told(events: list[Any], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


async def test_a_change_answers_the_row_as_it_is_then(home: Home) -> None:
    thread = await home.make()
    changed = await home.client.patch(f"/api/threads/{thread.id}", json={"pinned": True, "stage": "review"})
    assert (changed["pinned"], changed["stage"], changed["archived"]) == (True, "review", False)
    (listed,) = await home.client.get("/api/threads")
    assert listed == changed


async def test_an_empty_change_changes_nothing(home: Home) -> None:
    thread = await home.make()
    await home.settled_events()
    home.house.events.clear()
    answer = await home.client.patch(f"/api/threads/{thread.id}", json={})
    assert Thread.model_validate(answer) == thread
    assert await home.settled_events() == []


@pytest.mark.parametrize(
    "body",
    [
        {"archived": 1},
        {"archived": "true"},
        {"archived": None},
        {"pinned": None},
        {"pinned": "yes"},
        {"stage": None},
        {"stage": "archived"},
        {"stage": "x", "pinned": True},
        [],
        "x",
    ],
)
async def test_a_wrong_change_is_refused_and_changes_nothing(home: Home, body: Any) -> None:
    thread = await home.make()
    answer = await home.client.answer("PATCH", f"/api/threads/{thread.id}", json=body)
    assert answer.status == 400
    assert await home.threads.get(thread.id) == thread
    assert home.house.calls[1:] == []


async def test_foreign_and_unknown_threads_cannot_be_changed(home: Home) -> None:
    thread = await home.make()
    anna = home.client.acting_as("anna")
    foreign = await anna.answer("PATCH", f"/api/threads/{thread.id}", json={"pinned": True})
    unknown = await anna.answer("PATCH", "/api/threads/x", json={"pinned": True})
    assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, b'{"error":"Thread not found"}')
    assert await home.threads.get(thread.id) == thread


async def test_archiving_ends_what_runs_then_gives_back_the_worktree_then_writes_the_row(home: Home) -> None:
    thread = await home.make(mode="worktree", status="running")
    home.house.calls.clear()

    async def stop(ctx: PluginContext, running: Thread) -> None:
        stopped = ThreadChanges(status="stopped")
        await ctx.db.write(lambda tx: home.threads.update(tx, running.id, stopped))

    home.house.on_quiesce = stop
    home.house.released = ThreadChanges(worktree_path=None)
    answer = await home.client.patch(f"/api/threads/{thread.id}", json={"archived": True})
    assert home.house.calls == ["quiesce one", "release one (stopped) to archive"]
    assert (answer["archived"], answer["worktreePath"], answer["status"]) == (True, None, "stopped")
    assert answer["branch"] == thread.branch
    changes = told(await home.settled_events(), ThreadChanged)
    assert [(event.after.status, event.after.archived) for event in changes] == [("stopped", False), ("stopped", True)]


async def test_a_thread_is_archived_once(home: Home) -> None:
    thread = await home.make(archived=1)
    home.house.calls.clear()
    assert (await home.client.patch(f"/api/threads/{thread.id}", json={"archived": True}))["archived"] is True
    assert home.house.calls == []
    assert await home.history(thread.id) == [(None, "backlog")]


async def test_two_people_who_archive_at_once_archive_once(home: Home) -> None:
    thread = await home.make()
    home.house.calls.clear()
    url = f"/api/threads/{thread.id}"
    await asyncio.gather(*(home.client.patch(url, json={"archived": True}) for _ in range(5)))
    assert home.house.calls == ["quiesce one", "release one (idle) to archive"]
    assert (await home.history(thread.id))[1:] == [("backlog", "archived")]


async def test_taking_a_thread_out_of_the_archive_asks_nobody(home: Home) -> None:
    thread = await home.make(archived=1)
    home.house.calls.clear()
    assert (await home.client.patch(f"/api/threads/{thread.id}", json={"archived": False}))["archived"] is False
    assert home.house.calls == []


@pytest.mark.parametrize("knob", ["quiesce_error", "release_error"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_refusal_leaves_the_thread_as_it_is(home: Home, knob: str, method: str) -> None:
    thread = await home.make()
    setattr(home.house, knob, Conflict("The agent cannot be stopped"))
    answer = await home.client.answer(method, f"/api/threads/{thread.id}", json={"archived": True})
    assert (answer.status, answer.json) == (409, {"error": "The agent cannot be stopped"})
    assert await home.threads.get(thread.id) == thread


async def test_a_plugin_that_fails_on_the_way_keeps_the_thread_from_going(home: Home) -> None:
    thread = await home.make()
    home.house.quiesce_error = RuntimeError("a bug")
    answer = await home.client.answer("DELETE", f"/api/threads/{thread.id}")
    assert answer.status == 500
    assert await home.threads.get(thread.id) == thread
    home.house.quiesce_error = None
    await home.client.delete(f"/api/threads/{thread.id}")
    assert await home.threads.get(thread.id) is None


async def test_deleting_ends_what_runs_and_takes_everything_below_along(home: Home) -> None:
    thread = await home.make("going")
    await home.write(
        lambda tx: (
            tx.execute("INSERT INTO messages VALUES ('m', ?, 'user', '', '', NULL, NULL, NULL)", (thread.id,)),
            tx.execute("INSERT INTO tool_calls VALUES ('c', 'm', 'Bash', '{}', NULL)"),
        )
    )
    home.house.calls.clear()
    answer = await home.client.answer("DELETE", f"/api/threads/{thread.id}")
    assert (answer.status, answer.json) == (200, {"ok": True})
    assert home.house.calls == ["quiesce going", "release going (idle) to delete"]
    for table in ("threads", "messages", "tool_calls", "stage_history"):
        assert await home.rows(f"SELECT * FROM {table}") == []
    assert (await home.client.answer("GET", f"/api/threads/{thread.id}")).status == 404


async def test_after_the_deletion_nothing_is_told_about_the_thread(home: Home) -> None:
    thread = await home.make()
    await home.settled_events()
    home.house.events.clear()
    await home.client.delete(f"/api/threads/{thread.id}")
    stage = ThreadChanges(stage="done")
    assert await home.write(lambda tx: home.threads.update(tx, thread.id, stage)) is None
    assert [type(event) for event in await home.settled_events()] == [ThreadDeleted]


async def test_an_unknown_thread_counts_as_deleted_and_a_foreign_one_stays(home: Home) -> None:
    thread = await home.make()
    home.house.calls.clear()
    anna = home.client.acting_as("anna")
    foreign, unknown = (
        await anna.answer("DELETE", f"/api/threads/{thread.id}"),
        await anna.answer("DELETE", "/api/threads/x"),
    )
    assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (200, b'{"ok":true}')
    assert await home.threads.get(thread.id) == thread
    assert home.house.calls == []


async def test_a_thread_that_goes_while_it_is_quiesced_counts_as_deleted(home: Home) -> None:
    thread = await home.make()

    async def vanish(ctx: PluginContext, going: Thread) -> None:
        await ctx.db.write(lambda tx: tx.execute("DELETE FROM threads WHERE id = ?", (going.id,)))

    home.house.on_quiesce = vanish
    assert await home.client.delete(f"/api/threads/{thread.id}") == {"ok": True}
    assert told(await home.settled_events(), ThreadDeleted) == []


async def test_nobody_starts_anything_for_a_thread_on_its_way_out(home: Home) -> None:
    thread = await home.make()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(ctx: PluginContext, going: Thread) -> None:
        entered.set()
        await leave.wait()

    home.house.on_quiesce = linger

    async def start() -> Thread | None:
        async with home.threads.exclusive(thread.id):
            return await home.threads.get(thread.id)

    deletion = asyncio.create_task(home.client.delete(f"/api/threads/{thread.id}"))
    await entered.wait()
    starting = asyncio.create_task(start())
    other = await home.make("other")
    async with home.threads.exclusive(other.id):
        assert not starting.done()
    leave.set()
    await deletion
    assert await starting is None


async def test_a_move_is_announced_and_the_answer_shows_what_came_of_it(home: Home) -> None:
    thread = await home.make(prompt="do it")

    async def start(ctx: PluginContext, moved: Thread) -> None:
        running = ThreadChanges(status="running")
        await ctx.db.write(lambda tx: home.threads.update(tx, moved.id, running))

    home.house.on_move = start
    answer = await home.client.patch(f"/api/threads/{thread.id}", json={"stage": "in_progress"})
    assert (answer["status"], answer["stage"]) == ("running", "in_progress")
    ((before, after),) = home.house.moves
    assert (before.stage, after.stage, after.initial_prompt) == ("backlog", "in_progress", "do it")


@pytest.mark.parametrize("body", [{"stage": "backlog"}, {"pinned": True}, {"stage": "done", "archived": True}])
async def test_what_is_no_move_is_not_announced(home: Home, body: dict[str, Any]) -> None:
    thread = await home.make()
    await home.client.patch(f"/api/threads/{thread.id}", json=body)
    assert home.house.moves == []


async def test_a_listener_that_fails_does_not_change_the_answer_of_a_move(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    thread = await home.make()
    home.house.move_error = RuntimeError("a bug")
    answer = await home.client.patch(f"/api/threads/{thread.id}", json={"stage": "done"})
    assert answer["stage"] == "done"
    assert "moved to done" in caplog.text
