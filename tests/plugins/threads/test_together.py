"""Threads with the real projects, git and worktrees, in a real repository."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from tests.support.repository import Repository, make_repository

OTHERS = ("hosts", "git", "projects", "worktrees", "threads")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "code" / "shop", {"README.md": "# shop\n"}, branches=("release",))


@pytest.fixture
async def running(kernel: KernelFactory) -> Any:
    started = await kernel(installed=OTHERS)
    for plugin in OTHERS:
        started.expect_running(plugin)
    return started


@pytest.fixture
async def make(running: Any, repository: Repository) -> Callable[..., Awaitable[dict[str, Any]]]:
    project = await running.client.post("/api/projects", json={"name": "Shop", "path": str(repository.path)})

    async def start(title: str, **body: Any) -> dict[str, Any]:
        body = {"projectId": project["id"], "title": title, "mode": "worktree", **body}
        thread: dict[str, Any] = await running.client.post("/api/threads/idle", json=body)
        return thread

    return start


async def test_a_worktree_thread_gets_a_branch_and_a_directory_beside_the_project(
    make: Callable[..., Any], repository: Repository
) -> None:
    thread = await make("Fix the ÄCart!", baseBranch="release")
    assert thread["branch"] == f"shop/fix-the-cart-{thread['id'][:6]}"
    expected = repository.path.parent / ".a-parallel-worktrees" / "shop" / thread["branch"].replace("/", "-")
    assert Path(thread["worktreePath"]) == expected
    assert (expected / "README.md").read_text() == "# shop\n"
    assert expected in repository.worktrees()


async def test_a_local_thread_knows_the_branch_it_was_made_on(make: Callable[..., Any], repository: Repository) -> None:
    repository.git("switch", "-q", "release")
    assert (await make("x", mode="local"))["branch"] == "release"


async def test_an_unknown_base_leaves_neither_thread_nor_branch(
    running: Any, make: Callable[..., Any], repository: Repository
) -> None:
    project = (await running.client.get("/api/projects"))[0]["id"]
    body = {"projectId": project, "title": "x", "mode": "worktree", "baseBranch": "nowhere"}
    answer = await running.client.answer("POST", "/api/threads/idle", json=body)
    assert answer.status == 400
    assert await running.client.get("/api/threads") == []
    assert repository.branches() == ["main", "release"]
    assert len(repository.worktrees()) == 1


@pytest.mark.parametrize("way", ["archive", "delete"])
async def test_a_branch_without_work_of_its_own_goes_with_its_thread(
    running: Any, make: Callable[..., Any], repository: Repository, way: str
) -> None:
    thread = await make("x")
    await leave(running, thread, way)
    assert repository.branches() == ["main", "release"]
    assert len(repository.worktrees()) == 1
    if way == "archive":
        shown = await running.client.get(f"/api/threads/{thread['id']}")
        assert (shown["archived"], shown["worktreePath"], shown["branch"]) == (True, None, None)


@pytest.mark.parametrize("way", ["archive", "delete"])
async def test_a_branch_with_unmerged_work_stays_and_so_does_what_was_uncommitted(
    running: Any, make: Callable[..., Any], repository: Repository, way: str
) -> None:
    thread = await make("x")
    tree = Repository(Path(thread["worktreePath"]))
    commit = tree.commit("Work", {"work.txt": "work\n"})
    tree.write("draft.txt", "not committed\n")
    await leave(running, thread, way)
    assert not tree.path.exists()
    assert repository.git("rev-parse", thread["branch"]) == commit
    refs = repository.git("for-each-ref", "--format=%(refname)", f"refs/a-parallel/snapshots/{thread['id']}")
    assert repository.git("show", f"{refs}:draft.txt") == "not committed"
    if way == "archive":
        shown = await running.client.get(f"/api/threads/{thread['id']}")
        assert (shown["worktreePath"], shown["branch"]) == (None, thread["branch"])


async def test_a_thread_forgets_a_worktree_that_somebody_removed(
    running: Any, make: Callable[..., Any], repository: Repository
) -> None:
    thread = await make("x")
    body = {"projectId": thread["projectId"], "worktreePath": thread["worktreePath"]}
    assert await running.client.delete("/api/worktrees", json=body) == {"ok": True}
    await running.settled()
    shown = await running.client.get(f"/api/threads/{thread['id']}")
    assert shown["worktreePath"] is None
    assert not Path(thread["worktreePath"]).exists()


@pytest.mark.parametrize("way", ["archive", "delete"])
async def test_a_thread_can_go_although_its_project_has_vanished(
    running: Any, make: Callable[..., Any], repository: Repository, way: str
) -> None:
    thread = await make("x")
    repository.path.rename(repository.path.with_name("elsewhere"))
    await leave(running, thread, way)


async def test_a_project_takes_its_threads_along(
    running: Any, make: Callable[..., Any], repository: Repository
) -> None:
    threads = [await make("one"), await make("two", mode="local")]
    assert await running.client.delete(f"/api/projects/{threads[0]['projectId']}") == {"ok": True}
    await running.settled()
    for thread in threads:
        assert (await running.client.answer("GET", f"/api/threads/{thread['id']}")).status == 404
    assert len(repository.worktrees()) == 1


async def leave(running: Any, thread: dict[str, Any], way: str) -> None:
    url = f"/api/threads/{thread['id']}"
    if way == "delete":
        assert await running.client.delete(url) == {"ok": True}
        return
    assert (await running.client.patch(url, json={"archived": True}))["archived"] is True
