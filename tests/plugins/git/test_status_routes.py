"""``GET /api/git/status``, ``GET /api/git/:threadId/status`` and the topic ``git:status``."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.agents import AgentResult, AgentToolOutput
from a_parallel_contracts.threads import NewThread, Thread, ThreadMode
from a_parallel_kernel.testing import KernelFactory
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree

CLEAN = {
    "state": "clean",
    "dirtyFileCount": 0,
    "unpushedCommitCount": 0,
    "hasRemoteBranch": False,
    "isMergedIntoBase": False,
    "linesAdded": 0,
    "linesDeleted": 0,
}


@pytest.fixture
def open_shop(kernel: KernelFactory, tmp_path: Path) -> OpenShop:
    return OpenShop(kernel, tmp_path)


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop()


async def bulk(shop: Shop) -> dict[str, str]:
    """Return state by thread."""
    answer = await shop.client.get("/api/git/status", params={"projectId": shop.project.id})
    return {one["threadId"]: one["state"] for one in answer["statuses"]}


async def test_the_state_of_one_thread(shop: Shop) -> None:
    thread = await shop.thread()
    assert await shop.client.get(f"/api/git/{thread.id}/status") == {"threadId": thread.id, **CLEAN}
    tree(thread).write("src/app.py", "one\n2\n3\n")
    changed = await shop.client.get(f"/api/git/{thread.id}/status")
    assert changed == {
        "threadId": thread.id,
        **CLEAN,
        "state": "dirty",
        "dirtyFileCount": 1,
        "linesAdded": 2,
        "linesDeleted": 1,
    }


async def test_the_states_of_a_project(shop: Shop) -> None:
    threads = [await shop.thread(f"{number}") for number in range(4)]
    tree(threads[0]).write("new", "x")
    tree(threads[1]).commit("own", {"own": "1"})
    tree(threads[2]).commit("own", {"other": "1"})
    shop.repository.git("merge", "--quiet", "--no-edit", str(threads[2].branch))
    assert await bulk(shop) == {
        threads[0].id: "dirty",
        threads[1].id: "unpushed",
        threads[2].id: "merged",
        threads[3].id: "clean",
    }


async def test_archived_local_and_unreadable_threads_are_left_out(shop: Shop, tmp_path: Path) -> None:
    kept, archived, vanished = [await shop.thread(title) for title in ("kept", "archived", "vanished")]
    await local(shop)
    tree(archived).commit("own", {"own": "1"})
    await shop.archive(archived)
    tree(vanished).path.rename(tmp_path / "away")
    assert await bulk(shop) == {kept.id: "clean"}
    assert (await shop.refused("GET", f"/api/git/{vanished.id}/status"))[0] == 400
    assert (await shop.refused("GET", f"/api/git/{archived.id}/status"))[0] == 409


async def local(shop: Shop) -> Thread:
    new = NewThread(project_id=shop.project.id, title="local", mode=ThreadMode.LOCAL, idle=True, user_id="__local__")
    return await shop.threads.create(new)


async def test_a_local_thread_has_the_state_of_the_project(shop: Shop) -> None:
    thread = await local(shop)
    assert (await shop.client.get(f"/api/git/{thread.id}/status"))["state"] == "pushed"
    shop.repository.commit("own", {"own": "1"})
    assert (await shop.client.get(f"/api/git/{thread.id}/status"))["state"] == "unpushed"


async def test_what_is_not_there(shop: Shop) -> None:
    assert await shop.refused("GET", "/api/git/status") == (400, "projectId required")
    assert await shop.refused("GET", "/api/git/status?projectId=nope") == (404, "Project not found")
    assert await shop.refused("GET", "/api/git/nope/status") == (404, "Thread not found")


async def test_other_people_see_nothing(shop: Shop) -> None:
    thread = await shop.thread()
    anna = shop.client.acting_as("anna")
    for path in (f"/api/git/{thread.id}/status", f"/api/git/status?projectId={shop.project.id}"):
        assert (await anna.answer("GET", path)).status == 404


class Agency(Plugin):
    """Says what the agents plugin says when runs end."""

    manifest = Manifest(api="1.0")
    ctx: PluginContext

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        type(self).ctx = ctx
        yield


def output(thread: Thread, number: int) -> AgentToolOutput:
    return AgentToolOutput(thread_id=thread.id, owner=thread.user_id, tool_call_id=f"c{number}", output="done")


def result(thread: Thread) -> AgentResult:
    return AgentResult(
        thread_id=thread.id, owner=thread.user_id, status="completed", cost=0, duration=1, stage="review"
    )


async def test_after_a_result_the_state_is_sent(open_shop: OpenShop) -> None:
    shop = await open_shop(plugins={"agency": Agency})
    thread = await shop.thread()
    tree(thread).write("new", "x")
    async with shop.client.websocket() as socket:
        Agency.ctx.publish(result(thread))
        frame = await socket.receive("git:status")
    expected = {"threadId": thread.id, **CLEAN, "state": "dirty", "dirtyFileCount": 1}
    assert frame == {"type": "git:status", "threadId": thread.id, "data": {"statuses": [expected]}}


async def test_tool_results_cause_one_look_and_only_news_is_sent(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("a_parallel_plugins.git.telling.DELAY", 0.05)
    shop = await open_shop(plugins={"agency": Agency})
    thread = await shop.thread()
    async with shop.client.websocket() as socket:
        for step in ("first", "second"):
            tree(thread).write(step, "x")
            for number in range(5):
                Agency.ctx.publish(output(thread, number))
            frame = await socket.receive("git:status")
            assert frame["data"]["statuses"][0]["dirtyFileCount"] == (1 if step == "first" else 2)
        Agency.ctx.publish(output(thread, 9))  # changes nothing, so nothing is sent
        tree(thread).write("third", "x")
        frame = await socket.receive("git:status")
    assert [one["type"] for one in socket.frames].count("git:status") == 3


async def test_after_a_result_nothing_of_the_run_is_told_again(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("a_parallel_plugins.git.telling.DELAY", 0.2)
    shop = await open_shop(plugins={"agency": Agency})
    thread, marker = await shop.thread(), await shop.thread("marker")
    async with shop.client.websocket() as socket:
        Agency.ctx.publish(output(thread, 1))
        Agency.ctx.publish(result(thread))
        await socket.receive("git:status")
        Agency.ctx.publish(output(marker, 1))  # told after the first thread's look would have been
        frame = await socket.receive("git:status")
    assert frame["threadId"] == marker.id


async def test_local_and_vanished_worktrees_are_silent(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = await open_shop(plugins={"agency": Agency})
    vanished, told = await shop.thread("vanished"), await shop.thread("told")
    tree(vanished).path.rename(tmp_path / "away")
    async with shop.client.websocket() as socket:
        for thread in (await local(shop), vanished, told):
            Agency.ctx.publish(result(thread))
        frame = await socket.receive("git:status")
        await shop.running.settled()
    assert frame["threadId"] == told.id
    assert shop.running.state("git") == "running"


@pytest.mark.skipif(sys.platform != "linux", reason="inotify(7) is there on Linux only")
async def test_a_commit_in_a_shell_is_told_without_asking(shop: Shop) -> None:
    thread = await shop.thread()
    await bulk(shop)
    async with shop.client.websocket() as page:
        tree(thread).commit("by hand", {"own": "1"})
        frame = await page.receive("git:status")
    assert frame["threadId"] == thread.id
    assert [(one["state"], one["unpushedCommitCount"]) for one in frame["data"]["statuses"]] == [("unpushed", 1)]
