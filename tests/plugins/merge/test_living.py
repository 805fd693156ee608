"""Merges among everything else that goes on: other merges, people who stop them, servers that end."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Conflict
from a_parallel_contracts.merge import MergeOptions, MergeReport
from a_parallel_contracts.threads import THREADS, Thread, ThreadStatus
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.merge import MergePlugin
from tests.plugins.merge.conftest import RESOLVE, Works, conflicting, parents
from tests.plugins.merge.test_interactive import set_status
from tests.plugins.worktrees.conftest import PLUGINS, tree

WAIT = "!bash for n in $(seq 400); do [ -e go.log ] && break; sleep 0.05; done; rm go.log"
"""Lets the agent wait until the test goes on, for 20 s at most."""


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is the case."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - it is about files and processes, which tell nobody
            await asyncio.sleep(0.02)


async def until_status(works: Works, thread: Thread, *statuses: str) -> Thread:
    """Wait until a thread has one of these statuses."""
    async with asyncio.timeout(30):
        while True:
            current = await works.again(thread)
            if current.status in statuses:
                return current
            await asyncio.sleep(0.02)


async def begun(works: Works, script: str = "!hang") -> tuple[Thread, "asyncio.Task[MergeReport]"]:
    """Start a run whose agent is at work."""
    works.director.script = script
    thread = await works.shown()
    options = MergeOptions(target_branch="main")
    task = asyncio.ensure_future(works.merges.run(works.project, thread, options))
    await until(lambda: works.director.runs)
    return thread, task


# --- beside each other ------------------------------------------------------------------------------------------------


async def test_one_merge_at_a_time_in_a_repository(works: Works) -> None:
    branch = await conflicting(works)
    _, task = await begun(works, f"{WAIT}\n{RESOLVE}")
    code, text = await works.not_merged(branch)
    assert (code, "Another merge" in text) == (409, True)
    second = await works.shown("Second")
    with pytest.raises(Conflict):
        await works.merges.run(works.project, second, MergeOptions())
    assert (await works.again(second)).status == "failed"
    (Path(works.director.runs[0].directory) / "go.log").touch()
    assert (await task).failures == 0


async def test_threads_begin_and_end_while_an_agent_resolves_conflicts(works: Works) -> None:
    await conflicting(works)
    old = await works.thread("Old")
    _, task = await begun(works, f"{WAIT}\n{RESOLVE}")
    async with asyncio.timeout(20):
        await works.thread("New")
        await works.archive(old)
    (Path(works.director.runs[0].directory) / "go.log").touch()
    assert (await task).failures == 0


async def test_no_run_begins_while_a_local_agent_is_at_work(works: Works) -> None:
    await conflicting(works)
    local = await works.shown("Busy one")
    await set_status(works, local.id, ThreadStatus.RUNNING)
    with pytest.raises(Conflict, match="Busy one"):
        await works.run()


# --- ends -------------------------------------------------------------------------------------------------------------


async def stop(works: Works, thread: Thread) -> None:
    await works.client.post(f"/api/threads/{thread.id}/stop")


async def archive(works: Works, thread: Thread) -> None:
    await works.client.patch(f"/api/threads/{thread.id}", json={"archived": True})


async def delete(works: Works, thread: Thread) -> None:
    await works.client.delete(f"/api/threads/{thread.id}")


@pytest.mark.parametrize("end", [stop, archive, delete])
async def test_a_person_ends_a_run_by_its_thread(works: Works, end: Callable[..., Any]) -> None:
    await conflicting(works)
    before = works.state()
    thread, task = await begun(works, "!bash echo mine > edited.txt\n!hang")
    await until(lambda: (Path(works.director.runs[0].directory) / "edited.txt").exists())
    await end(works, thread)
    with pytest.raises(Conflict, match="stopped"):
        await task
    await works.running.settled()
    assert works.state() == before and works.benches == []
    kept = works.snapshots()
    assert [works.repository.git("show", f"{one}:edited.txt") for one in kept] == ["mine"]
    if end is stop:
        assert (await works.again(thread)).status == "stopped"
    works.director.script = RESOLVE
    assert (await works.run())[0].failures == 0


async def test_whoever_cancels_a_run_waits_until_all_is_as_it_was(works: Works) -> None:
    await conflicting(works)
    before = works.state()
    thread, task = await begun(works)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert works.state() == before and works.benches == []
    assert (await works.again(thread)).status == "interrupted"


async def test_the_end_of_the_server_ends_runs_in_order(works: Works) -> None:
    await conflicting(works)
    before = works.state()
    benches = works.running.kernel.config.server.data_directory / "merges"
    _, task = await begun(works)
    await works.running.stop()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], Conflict)
    assert works.state() == before and list(benches.iterdir()) == []


async def test_what_a_killed_server_left_is_kept_and_removed(
    works: Works, kernel: KernelFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await conflicting(works)
    before = works.state()
    data = works.running.kernel.config.server.data_directory
    monkeypatch.setattr("a_parallel_plugins.merge.bench.Bench.keep", _gone)
    monkeypatch.setattr("a_parallel_plugins.merge.bench.Bench.remove", _gone)
    _, task = await begun(works, "!bash echo mine > edited.txt; rm README.md\n!hang")
    bench = Path(works.director.runs[0].directory)
    await until(lambda: (bench / "edited.txt").exists())
    await works.running.stop()
    await asyncio.gather(task, return_exceptions=True)
    assert (bench / "edited.txt").exists()
    monkeypatch.undo()
    running = await kernel({"merge": MergePlugin}, installed=PLUGINS, data_directory=data)
    running.expect_running("merge")
    assert works.state() == before and list((data / "merges").iterdir()) == []
    assert [works.repository.git("show", f"{one}:edited.txt") for one in works.snapshots()] == ["mine"]


async def _gone(*arguments: object) -> None:
    """Do nothing, like a server that is gone."""


async def test_what_is_no_working_tree_of_ours_stays(works: Works, kernel: KernelFactory, caplog: Any) -> None:
    data = works.running.kernel.config.server.data_directory
    await works.running.stop()
    stranger = data / "merges" / "x" / "demo"
    stranger.mkdir(parents=True)
    (stranger / "file").write_text("mine\n")
    (await kernel({"merge": MergePlugin}, installed=PLUGINS, data_directory=data)).expect_running("merge")
    assert (stranger / "file").read_text() == "mine\n"
    assert any("stays" in record.message for record in caplog.records)


async def test_a_merge_in_progress_is_reported_at_the_start_and_not_repaired(
    works: Works, kernel: KernelFactory, caplog: pytest.LogCaptureFixture
) -> None:
    branch = await conflicting(works)
    with pytest.raises(AssertionError, match="CONFLICT"):
        works.repository.git("merge", str(branch.branch))
    before, data = works.state(), works.running.kernel.config.server.data_directory
    await works.running.stop()
    with caplog.at_level(logging.WARNING):
        running = await kernel({"merge": MergePlugin}, installed=PLUGINS, data_directory=data)
        await until(lambda: any("A merge is in progress" in record.getMessage() for record in caplog.records))
    assert works.state() == before
    assert running.service(THREADS)


# --- conflicts of people's merges -------------------------------------------------------------------------------------


async def test_a_person_has_an_agent_resolve_the_conflicts(works: Works) -> None:
    branch = await conflicting(works)
    works.director.script = f"!say On it\n{RESOLVE}"
    async with works.client.websocket() as socket:
        answer = await works.merge(branch, resolve=True, push=True, cleanup=True)
        assert answer["ok"] is True and "CONFLICT" in answer["output"]
        frame = await socket.receive("agent:result")
    assert frame["threadId"] == answer["threadId"] and frame["data"]["status"] == "completed"
    shown = await works.threads.get(answer["threadId"])
    assert shown is not None and shown.title == f"Merge {branch.branch} into main"
    assert "On it" in await works.said(shown)
    await works.running.settled()
    assert len(parents(works.repository)) == 2
    assert works.repository.git("rev-parse", "origin/main") == works.repository.git("rev-parse", "main")
    after = await works.again(branch)
    assert (after.branch, after.worktree_path) == (None, None)


async def test_a_merge_without_conflicts_needs_no_agent(works: Works) -> None:
    branch = await works.branch("Add it", {"new.txt": "new\n"})
    answer = await works.merge(branch, resolve=True)
    assert "threadId" not in answer and works.director.runs == []


async def test_a_resolution_that_fails_is_shown_in_its_thread(works: Works) -> None:
    branch = await conflicting(works)
    before = works.state()
    works.director.script = "!say MERGE_FAILED: Ambiguous conflict in shared.txt - no idea"
    answer = await works.merge(branch, resolve=True, cleanup=True)
    shown = await works.threads.get(answer["threadId"])
    assert shown is not None
    await until_status(works, shown, "failed")
    assert works.state() == before
    assert tree(branch).path.is_dir()


async def test_a_worktree_that_became_busy_meanwhile_is_not_cleaned_up(works: Works) -> None:
    branch = await conflicting(works)
    works.director.script = f"{WAIT}\n{RESOLVE}"
    answer = await works.merge(branch, resolve=True, cleanup=True)
    await until(lambda: works.director.runs)
    await set_status(works, branch.id, ThreadStatus.RUNNING)
    (Path(works.director.runs[0].directory) / "go.log").touch()
    shown = await works.threads.get(answer["threadId"])
    assert shown is not None
    await until_status(works, shown, "failed")
    assert len(parents(works.repository)) == 2 and tree(branch).path.is_dir()
    assert "Stop it first" in (await works.said(shown))[-1]
