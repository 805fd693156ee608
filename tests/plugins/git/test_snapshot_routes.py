"""What is kept of a thread's work, over HTTP."""

from pathlib import Path

import pytest

from a_parallel_kernel.testing import KernelFactory
from tests.plugins.git.test_snapshot import content
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree
from tests.support.repository import git, make_repository

MIB = 1024 * 1024


@pytest.fixture
async def shop(kernel: KernelFactory, tmp_path: Path) -> Shop:
    return await OpenShop(kernel, tmp_path)()


async def snapshots(shop: Shop, thread_id: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = await shop.client.get(f"/api/git/{thread_id}/snapshots")
    return found


async def test_snapshots_are_listed_newest_first_also_without_a_worktree(shop: Shop) -> None:
    thread = await shop.thread()
    assert await snapshots(shop, thread.id) == []
    tree(thread).write("new", "1")
    await shop.client.post(f"/api/git/{thread.id}/revert", json={"paths": ["new"]})
    tree(thread).write("other", "2")
    await shop.archive(thread)
    newest, oldest = await snapshots(shop, thread.id)
    assert (newest["cause"], oldest["cause"]) == ("removed", "revert")
    assert newest["message"].startswith("Uncommitted changes of ")
    assert newest["createdAt"].endswith("Z")
    assert shop.repository.git("show", f"{newest['commit']}:other") == "2"


async def test_a_thread_has_its_own_snapshots_only(shop: Shop) -> None:
    one, two = await shop.thread("one"), await shop.thread("two")
    tree(one).write("new", "1")
    await shop.client.post(f"/api/git/{one.id}/revert", json={"paths": ["new"]})
    (kept,) = await snapshots(shop, one.id)
    assert await snapshots(shop, two.id) == []
    path = f"/api/git/{two.id}/snapshots/{kept['id']}/restore"
    assert await shop.refused("POST", path) == (404, "Snapshot not found")
    anna = shop.client.acting_as("anna")
    assert (await anna.answer("GET", f"/api/git/{one.id}/snapshots")).status == 404


async def test_newer_work_stands_in_the_way_of_a_restore(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write("new", "old work")
    await shop.client.post(f"/api/git/{thread.id}/revert", json={"paths": ["new"]})
    tree(thread).write("new", "newer work")
    (kept,) = await snapshots(shop, thread.id)
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/snapshots/{kept['id']}/restore")
    assert (code, "new would be overwritten" in text) == (409, True)
    assert (tree(thread).path / "new").read_text() == "newer work"


async def test_commits_that_no_branch_has_come_back_as_a_branch(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).git("checkout", "--quiet", "--detach")
    loose = tree(thread).commit("loose", {"loose": "1"})
    await shop.archive(thread)
    (kept,) = await snapshots(shop, thread.id)
    assert (kept["cause"], kept["commit"]) == ("head", loose)
    answer = await shop.client.post(f"/api/git/{thread.id}/snapshots/{kept['id']}/restore")
    assert shop.repository.git("rev-parse", answer["branch"]) == loose


async def test_small_ignored_files_come_back_with_the_worktree(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write(".gitignore", "*.log\n.env\nbuild/\n")
    tree(thread).commit("ignore")
    tree(thread).write(".env", "SECRET=1")
    tree(thread).write("build/deep/out.o", "object")
    (tree(thread).path / "build" / "link").symlink_to("deep")
    before = content(tree(thread).path)
    await shop.archive(thread)
    await shop.archive(thread, archived=False)
    again, _ = await shop.threads.ensure_directory(thread)
    assert content(tree(again).path) == before
    assert tree(again).git("status", "--porcelain") == ""


async def test_large_ignored_files_are_asked_about_unless_the_thread_is_archived(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write("small.log", "small")
    with (tree(thread).path / "large.log").open("wb") as file:
        file.truncate(51 * MIB)
    answer = await shop.client.answer("DELETE", f"/api/threads/{thread.id}")
    assert answer.status == 409
    assert answer.json["ignored"] == [{"path": "large.log", "size": 51 * MIB}]
    assert "large.log (51.0 MiB)" in answer.json["error"]
    assert (tree(thread).path / "large.log").exists()
    await shop.archive(thread)
    (kept,) = await snapshots(shop, thread.id)
    names = shop.repository.git("ls-tree", "-r", "--name-only", kept["commit"]).splitlines()
    assert ("small.log" in names, "large.log" in names) == (True, False)
    assert await shop.client.delete(f"/api/threads/{thread.id}") == {"ok": True}


async def test_a_removal_by_hand_can_be_confirmed(shop: Shop) -> None:
    thread = await shop.thread()
    with (tree(thread).path / "large.log").open("wb") as file:
        file.truncate(51 * MIB)
    body = {"projectId": shop.project.id, "worktreePath": thread.worktree_path}
    assert (await shop.refused("DELETE", "/api/worktrees", body))[0] == 409
    assert await shop.client.delete("/api/worktrees", json={**body, "confirmed": True}) == {"ok": True}


async def test_many_ignored_files_are_one_entry_and_the_small_go_first(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write(".gitignore", "modules/\n*.log\n")
    for number in range(6):
        path = tree(thread).path / "modules" / f"{number}"
        path.mkdir(parents=True)
        with (path / "file").open("wb") as file:
            file.truncate(10 * MIB)
    tree(thread).write("a.log", "x")
    found = await shop.git.ignored(tree(thread).path)
    assert [one.path for one in found.fitting] == ["a.log"]
    assert [(one.path, one.size) for one in found.rest] == [("modules", 60 * MIB)]


async def test_an_ignored_clone_with_work_of_its_own_is_never_lost(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write(".gitignore", "vendor/\n")
    inner = make_repository(tree(thread).path / "vendor" / "lib", remote=tree(thread).path / "vendor" / "lib.git")
    (inner.path / "new").write_text("x")
    git(inner.path, "add", "new")
    code, text = await shop.refused("PATCH", f"/api/threads/{thread.id}", {"archived": True})
    assert (code, "vendor/lib" in text) == (409, True)
    assert (inner.path / "new").exists()
