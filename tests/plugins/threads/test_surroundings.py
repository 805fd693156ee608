"""What threads do when their project or their working tree goes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Conflict, PluginContext
from a_parallel_contracts.projects import ProjectDeleted, ProjectHooks
from a_parallel_contracts.threads import Thread, ThreadChanged, ThreadChanges, ThreadDeleted
from a_parallel_contracts.worktrees import WorktreeHooks, WorktreeRemoved
from tests.plugins.threads.conftest import Home

GONE = "/worktrees/gone"


async def delete_project(home: Home, id: str) -> None:
    """Do what the owner of projects does."""
    project = home.house.projects[id]
    await home.running.kernel.hooks.collect(ProjectHooks.quiesce_project, project)
    await home.running.kernel.hooks.collect(ProjectHooks.release_project, project)
    event = ProjectDeleted(project=project)
    await home.write(lambda tx: (tx.execute("DELETE FROM projects WHERE id = ?", (id,)), tx.emit(event)))


async def test_before_a_project_goes_its_threads_are_quiesced_and_released(home: Home) -> None:
    for title in ("one", "two"):
        await home.make(title, archived=int(title == "two"))
    await home.make("elsewhere", project_id="p2")
    home.house.calls.clear()
    await delete_project(home, "p1")
    assert sorted(home.house.calls[:2]) == ["quiesce one", "quiesce two"]
    assert home.house.calls[2:] == ["release one (idle) to project", "release two (idle) to project"]
    deleted = [event for event in await home.settled_events() if isinstance(event, ThreadDeleted)]
    assert [event.thread.title for event in deleted] == ["one", "two"]
    assert [thread["title"] for thread in await home.client.get("/api/threads")] == ["elsewhere"]


async def test_nobody_starts_anything_while_the_threads_of_a_project_are_quiesced(home: Home) -> None:
    await home.make("one")
    entered: list[str] = []

    async def start(thread: Thread) -> None:
        async with home.threads.exclusive(thread.id):
            entered.append("started")

    async def quiesce(ctx: PluginContext, thread: Thread) -> None:
        starting.append(asyncio.create_task(start(thread)))
        await asyncio.wait(starting, timeout=0.05)
        entered.append("quiet")

    starting: list[asyncio.Task[None]] = []
    home.house.on_quiesce = quiesce
    await home.running.kernel.hooks.collect(ProjectHooks.quiesce_project, home.house.projects["p1"])
    await asyncio.gather(*starting)
    assert entered == ["quiet", "started"]


async def test_one_thread_that_cannot_be_quiesced_keeps_the_project(home: Home) -> None:
    await home.make("one")
    await home.make("two")
    home.house.calls.clear()
    home.house.quiesce_error = Conflict("still busy")
    with pytest.raises(Conflict, match="still busy"):
        await delete_project(home, "p1")
    assert sorted(home.house.calls) == ["quiesce one", "quiesce two"]
    assert len(await home.client.get("/api/threads")) == 2


async def test_what_was_released_is_written_even_if_the_project_stays(home: Home) -> None:
    thread = await home.make(mode="worktree")
    home.house.released = ThreadChanges(worktree_path=None)
    project = home.house.projects["p1"]
    await home.running.kernel.hooks.collect(ProjectHooks.release_project, project)
    kept = await home.threads.get(thread.id)
    assert kept is not None
    assert (kept.worktree_path, kept.branch) == (None, thread.branch)


async def tell(home: Home, **fields: Any) -> None:
    home.running.kernel.publish(WorktreeRemoved(project_id="p1", path=GONE, **fields))
    await home.running.settled()


@pytest.mark.parametrize(("branch_deleted", "branch"), [(True, None), (False, "p1/one")])
async def test_threads_forget_a_worktree_that_is_gone(home: Home, branch_deleted: bool, branch: str | None) -> None:
    there = await home.make("there", worktree_path=GONE, branch="p1/one")
    also = await home.make("also", worktree_path=GONE, branch="p1/one", archived=1)
    other = await home.make("other", worktree_path="/worktrees/else", branch="p1/two")
    foreign = await home.make("foreign", project_id="p2", worktree_path=GONE, branch="p1/one")
    await tell(home, branch="p1/one", branch_deleted=branch_deleted)
    for thread in (there, also):
        now = await home.threads.get(thread.id)
        assert now is not None
        assert (now.worktree_path, now.branch) == (None, branch)
    assert await home.threads.get(other.id) == other
    assert await home.threads.get(foreign.id) == foreign
    changes = [event for event in await home.settled_events() if isinstance(event, ThreadChanged)]
    assert {event.after.id for event in changes} == {there.id, also.id}


async def test_a_worktree_that_was_made_anew_is_not_forgotten(home: Home, tmp_path: Path) -> None:
    thread = await home.make(worktree_path=str(tmp_path))
    home.running.kernel.publish(WorktreeRemoved(project_id="p1", path=str(tmp_path)))
    await home.running.settled()
    assert await home.threads.get(thread.id) == thread


async def ask_to_remove(home: Home) -> None:
    hook = WorktreeHooks.before_worktree_removed
    await home.running.kernel.hooks.collect(hook, home.house.projects["p1"], GONE)


@pytest.mark.parametrize("status", ["pending", "running", "waiting"])
async def test_a_worktree_in_which_an_agent_works_is_not_removed(home: Home, status: str) -> None:
    await home.make("busy", worktree_path=GONE, status=status)
    with pytest.raises(Conflict, match='"busy" is at work'):
        await ask_to_remove(home)


@pytest.mark.parametrize("status", ["idle", "completed", "failed", "stopped", "interrupted"])
async def test_a_worktree_in_which_nobody_works_may_go(home: Home, status: str) -> None:
    await home.make("quiet", worktree_path=GONE, status=status)
    await home.make("busy elsewhere", worktree_path="/worktrees/else", status="running")
    await ask_to_remove(home)
