"""The thread store as other plugins use it."""

import asyncio
from pathlib import Path

import pytest

from a_parallel_contracts import LOCAL_ACTOR, Actor, Conflict, NotFound
from a_parallel_contracts.threads import ThreadChanges, ThreadStatus
from tests.plugins.threads.conftest import Home

ANNA = Actor("anna")


async def test_a_thread_is_loaded_for_whoever_may_see_it(home: Home) -> None:
    thread = await home.make(user_id="anna", project_id="p3")
    assert await home.threads.load(ANNA, thread.id) == thread
    assert await home.threads.load(LOCAL_ACTOR, thread.id) == thread
    for actor, id in ((Actor("bert"), thread.id), (ANNA, "unknown")):
        with pytest.raises(NotFound, match=r"^Thread not found$"):
            await home.threads.load(actor, id)


async def test_the_owner_of_a_thread_is_known(home: Home) -> None:
    thread = await home.make(user_id="anna", project_id="p3")
    assert await home.threads.owner_of(thread.id) == "anna"
    assert await home.threads.owner_of("unknown") is None


async def test_visible_threads_come_in_the_order_of_the_list(home: Home) -> None:
    first = await home.make("first", created_at="2026-01-01T00:00:00.000Z")
    pinned = await home.make("pinned", created_at="2025-01-01T00:00:00.000Z", pinned=1)
    archived = await home.make("archived", created_at="2026-01-02T00:00:00.000Z", archived=1)
    annas = await home.make("annas", user_id="anna", project_id="p3")
    assert await home.threads.visible(ANNA) == [annas]
    assert await home.threads.visible(LOCAL_ACTOR, project_id="p1") == [pinned, first]
    assert await home.threads.visible(LOCAL_ACTOR, project_id="p1", include_archived=True) == [pinned, archived, first]


async def test_threads_are_found_by_status(home: Home) -> None:
    running = await home.make("running", status="running")
    waiting = await home.make("waiting", status="waiting", user_id="anna", project_id="p3")
    await home.make("idle")
    assert await home.threads.with_status(ThreadStatus.RUNNING, ThreadStatus.WAITING) == [running, waiting]
    assert await home.threads.with_status() == []


async def test_a_local_thread_works_in_its_project(home: Home) -> None:
    thread = await home.make()
    assert await home.threads.directory(thread) == "/repositories/one"
    assert await home.threads.ensure_directory(thread) == (thread, "/repositories/one")
    del home.house.projects["p1"]
    with pytest.raises(NotFound, match="Project not found"):
        await home.threads.directory(thread)


async def test_a_worktree_thread_never_works_in_the_project(home: Home) -> None:
    thread = await home.make(mode="worktree")
    assert await home.threads.directory(thread) == f"/worktrees/{thread.id}"
    homeless = await home.make(mode="worktree", worktree_path=None)
    with pytest.raises(Conflict, match="never works in the project's own checkout"):
        await home.threads.directory(homeless)


async def test_a_missing_worktree_is_made_anew_once(home: Home, tmp_path: Path) -> None:
    thread = await home.make(mode="worktree", worktree_path=None)
    home.house.calls.clear()
    home.house.provided = ThreadChanges(worktree_path=str(tmp_path), branch="kept")
    answers = await asyncio.gather(*(home.threads.ensure_directory(thread) for _ in range(3)))
    now = await home.threads.get(thread.id)
    assert now is not None
    assert (now.worktree_path, now.branch) == (str(tmp_path), "kept")
    assert answers == [(now, str(tmp_path))] * 3
    assert home.house.calls == ["provide one"]


async def test_a_worktree_that_was_deleted_by_hand_is_made_anew(home: Home, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    thread = await home.make(mode="worktree", worktree_path=str(tmp_path / "there"))
    home.house.calls.clear()
    assert await home.threads.ensure_directory(thread) == (thread, str(tmp_path / "there"))
    assert home.house.calls == []
    (tmp_path / "there").rmdir()
    home.house.provided = ThreadChanges(worktree_path=str(tmp_path), branch="kept")
    now, directory = await home.threads.ensure_directory(thread)
    assert (now.worktree_path, now.branch, directory) == (str(tmp_path), "kept", str(tmp_path))
    assert home.house.calls == ["provide one"]


async def test_a_worktree_that_nobody_can_make_is_a_conflict(home: Home) -> None:
    thread = await home.make(mode="worktree", worktree_path=None)
    with pytest.raises(Conflict, match="plugin worktrees"):
        await home.threads.ensure_directory(thread)


async def test_a_thread_that_is_gone_has_no_directory(home: Home) -> None:
    thread = await home.make()
    await home.client.delete(f"/api/threads/{thread.id}")
    with pytest.raises(NotFound, match="Thread not found"):
        await home.threads.ensure_directory(thread)


async def test_the_lock_of_a_thread_is_free_again_after_a_failure(home: Home) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError):
            async with home.threads.exclusive("t"):
                raise RuntimeError


async def test_the_lock_of_a_thread_lets_one_in_at_a_time(home: Home) -> None:
    inside: list[int] = []

    async def enter(number: int) -> None:
        async with home.threads.exclusive("t"):
            inside.append(number)
            for _ in range(3):
                await asyncio.sleep(0)
                assert inside[-1] == number

    await asyncio.gather(*(enter(number) for number in range(5)))
    assert inside == list(range(5))


async def test_a_thread_changes_within_a_larger_unit_of_work(home: Home) -> None:
    thread = await home.make()

    def unit(tx: object) -> None:
        home.threads.update(tx, thread.id, ThreadChanges(status="running"))  # type: ignore[arg-type]
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        await home.write(unit)
    assert await home.threads.get(thread.id) == thread
