"""Worktrees of threads: archive, delete, and coming back without having lost anything."""

import asyncio
import shutil
from pathlib import Path

import pytest

from a_parallel_contracts import Conflict
from a_parallel_contracts.threads import Thread
from tests.plugins.git.test_snapshot import content, disturb, status
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree
from tests.support.repository import Repository, git, make_repository


async def bring_back(shop: Shop, thread: Thread) -> Thread:
    await shop.archive(thread, archived=False)
    again, _ = await shop.threads.ensure_directory(thread)
    return again


async def test_a_thread_gets_its_worktree(shop: Shop) -> None:
    thread = await shop.thread("Fix the Bug!", "develop")
    assert thread.branch == f"demo/fix-the-bug-{thread.id[:6]}"
    assert thread.worktree_path == str(shop.container / thread.branch.replace("/", "-"))
    (lease,) = await shop.leases()
    assert (lease.thread_id, lease.branch, lease.path) == (thread.id, thread.branch, thread.worktree_path)
    assert lease.base_commit == shop.repository.git("rev-parse", "develop")


async def test_a_branch_with_the_name_of_the_project_is_gone_around(shop: Shop) -> None:
    shop.repository.git("branch", "demo")
    thread = await shop.thread()
    assert thread.branch == f"demo-2/fix-it-{thread.id[:6]}"


async def test_an_unknown_base_leaves_no_thread(shop: Shop) -> None:
    body = {"projectId": shop.project.id, "title": "x", "mode": "worktree", "baseBranch": "nope"}
    status_, text = await shop.refused("POST", "/api/threads/idle", body)
    assert (status_, "nope" in text) == (400, True)
    assert await shop.client.get("/api/threads", params={"projectId": shop.project.id}) == []


async def test_an_untouched_thread_is_archived_without_a_trace(shop: Shop) -> None:
    thread = await shop.thread()
    archived = await shop.archive(thread)
    assert (archived.archived, archived.worktree_path, archived.branch) == (True, None, None)
    assert shop.repository.branches() == ["develop", "main"]
    assert (shop.snapshots(), await shop.leases()) == ([], [])
    assert not Path(str(thread.worktree_path)).exists()


async def test_unmerged_commits_keep_the_branch(shop: Shop) -> None:
    thread = await shop.thread()
    tip = tree(thread).commit("own", {"own": "1"})
    archived = await shop.archive(thread)
    assert (archived.worktree_path, archived.branch) == (None, thread.branch)
    assert shop.repository.git("rev-parse", str(thread.branch)) == tip
    (lease,) = await shop.leases()
    assert (lease.path, lease.branch) == (None, thread.branch)


async def test_pushed_and_merged_branches_go(shop: Shop) -> None:
    pushed, merged = await shop.thread("pushed"), await shop.thread("merged")
    tree(pushed).commit("own", {"own": "1"})
    tree(pushed).git("push", "--quiet", "--set-upstream", "origin", str(pushed.branch))
    tree(merged).commit("own", {"other": "1"})
    shop.repository.git("merge", "--quiet", "--no-edit", str(merged.branch))
    assert (await shop.archive(pushed)).branch is None
    assert (await shop.archive(merged)).branch is None
    assert shop.repository.branches() == ["develop", "main"]
    assert "branch." + str(pushed.branch) not in shop.repository.git("config", "--list")


async def test_everything_uncommitted_comes_back_on_the_kept_branch(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).commit("own", {"own": "1"})
    disturb(tree(thread))
    before, told = content(tree(thread).path), status(tree(thread).path)
    await shop.archive(thread)
    again = await bring_back(shop, thread)
    assert (again.branch, again.worktree_path) == (thread.branch, thread.worktree_path)
    assert content(tree(again).path) == before
    assert status(tree(again).path) == told


async def test_everything_uncommitted_comes_back_when_the_branch_was_not_kept(shop: Shop) -> None:
    thread = await shop.thread()
    disturb(tree(thread))
    before = content(tree(thread).path)
    assert (await shop.archive(thread)).branch is None
    shop.repository.commit("the base moves on", {"src/app.py": "another\n"})
    again = await bring_back(shop, thread)
    assert again.branch == thread.branch
    assert content(tree(again).path) == before
    assert (await shop.leases())[0].base_commit == tree(again).git("rev-parse", "HEAD")


async def test_what_was_restored_is_not_restored_again(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write("draft", "first")
    await shop.archive(thread)
    again = await bring_back(shop, thread)
    tree(again).commit("done with the draft", {"draft": "second"})
    await shop.archive(again)
    third = await bring_back(shop, thread)
    assert (tree(third).path / "draft").read_text() == "second"
    assert status(tree(third).path) == ""
    (ref,) = shop.snapshots()
    assert ref.endswith("-restored")
    assert shop.repository.git("show", f"{ref}:draft") == "first"


async def test_the_birth_of_a_branch_is_remembered(shop: Shop) -> None:
    thread = await shop.thread()
    born = shop.repository.git("rev-parse", "main")
    tree(thread).commit("own", {"own": "1"})
    again = await bring_back(shop, await shop.archive(thread))
    assert await shop.worktrees.birth(shop.project, str(again.branch)) == born


async def test_without_any_changes_a_new_branch_begins_at_the_base(shop: Shop) -> None:
    thread = await shop.thread(base="develop")
    await shop.archive(thread)
    git(shop.repository.path, "branch", "-f", "develop", shop.repository.commit("x", {"x": "1"}))
    again = await bring_back(shop, thread)
    assert tree(again).git("rev-parse", "HEAD") == shop.repository.git("rev-parse", "develop")


async def test_a_base_that_is_gone_is_a_conflict_that_says_so(shop: Shop) -> None:
    thread = await shop.thread(base="develop")
    await shop.archive(thread)
    shop.repository.git("push", "--quiet", "origin", "--delete", "develop")
    shop.repository.git("branch", "--quiet", "-D", "develop")
    with pytest.raises(Conflict, match="develop"):
        await bring_back(shop, thread)


async def test_a_kept_branch_that_is_checked_out_elsewhere_is_a_conflict(shop: Shop, tmp_path: Path) -> None:
    thread = await shop.thread()
    tree(thread).commit("own", {"own": "1"})
    await shop.archive(thread)
    shop.repository.git("worktree", "add", "--quiet", str(tmp_path / "mine"), str(thread.branch))
    with pytest.raises(Conflict, match="checked out at"):
        await bring_back(shop, thread)


async def test_a_deleted_thread_leaves_its_work_reachable(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).commit("own", {"own": "1"})
    tree(thread).write("draft", "precious")
    assert await shop.client.delete(f"/api/threads/{thread.id}") == {"ok": True}
    assert str(thread.branch) in shop.repository.branches()
    (ref,) = shop.snapshots()
    assert shop.repository.git("show", f"{ref}:draft") == "precious"
    assert not Path(str(thread.worktree_path)).exists()


async def test_a_branch_the_agent_switched_to_stays(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).git("switch", "--quiet", "--create", "agents-own")
    tree(thread).commit("own", {"own": "1"})
    assert (await shop.archive(thread)).branch is None
    assert shop.repository.branches() == ["agents-own", "develop", "main"]


async def test_a_worktree_removed_by_hand_is_forgotten_with_its_branch_kept(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).write("draft", "precious")
    body = {"projectId": shop.project.id, "worktreePath": thread.worktree_path}
    await shop.client.delete("/api/worktrees", json=body)
    await shop.running.settled()
    found = await shop.again(thread)
    assert (found.worktree_path, found.branch) == (None, thread.branch)
    again, directory = await shop.threads.ensure_directory(found)
    assert (Path(directory) / "draft").read_text() == "precious"
    assert again.branch == thread.branch


async def test_a_directory_deleted_by_hand_comes_back_from_its_branch(shop: Shop, tmp_path: Path) -> None:
    thread = await shop.thread()
    tip = tree(thread).commit("own", {"own": "1"})
    tree(thread).path.rename(tmp_path / "away")
    archived = await shop.archive(thread)
    assert (archived.worktree_path, archived.branch) == (None, thread.branch)
    again = await bring_back(shop, thread)
    assert tree(again).git("rev-parse", "HEAD") == tip


async def test_a_directory_deleted_by_hand_is_made_anew_with_what_was_staged(shop: Shop) -> None:
    thread = await shop.thread()
    tip = tree(thread).commit("own", {"own": "1"})
    tree(thread).write("staged", "precious")
    tree(thread).write("README.md", "# changed\n")
    tree(thread).git("add", "staged", "README.md")
    shutil.rmtree(tree(thread).path)
    again, directory = await shop.threads.ensure_directory(thread)
    await shop.running.settled()
    assert (await shop.again(thread)) == again
    assert (directory, again.branch) == (thread.worktree_path, thread.branch)
    assert tree(again).git("rev-parse", "HEAD") == tip
    assert tree(again).git("symbolic-ref", "--short", "HEAD") == thread.branch
    assert {name: tree(again).path.joinpath(name).read_text() for name in ("staged", "README.md", "own")} == {
        "staged": "precious",
        "README.md": "# changed\n",
        "own": "1",
    }
    (lease,) = await shop.leases()
    assert (lease.path, lease.branch) == (thread.worktree_path, thread.branch)


async def test_a_directory_deleted_by_hand_without_anything_staged_leaves_no_snapshot(shop: Shop) -> None:
    thread = await shop.thread()
    shutil.rmtree(tree(thread).path)
    again, _ = await shop.threads.ensure_directory(thread)
    assert status(tree(again).path) == status(shop.repository.path)
    assert shop.snapshots() == []


async def test_a_directory_deleted_by_hand_keeps_the_commits_of_a_detached_head(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).git("checkout", "--quiet", "--detach")
    tip = tree(thread).commit("own", {"own": "1"})
    shutil.rmtree(tree(thread).path)
    again, _ = await shop.threads.ensure_directory(thread)
    assert again.branch == thread.branch
    assert tip in shop.repository.git("rev-list", "--all").splitlines()


async def test_a_directory_deleted_by_hand_comes_back_when_its_branch_is_gone_too(shop: Shop) -> None:
    thread = await shop.thread(base="develop")
    shutil.rmtree(tree(thread).path)
    shop.repository.git("update-ref", "-d", f"refs/heads/{thread.branch}")
    again, _ = await shop.threads.ensure_directory(thread)
    assert tree(again).git("rev-parse", "HEAD") == shop.repository.git("rev-parse", "develop")


async def test_a_worktree_on_a_disk_that_is_away_is_not_made_anew(shop: Shop) -> None:
    thread = await shop.thread()
    shop.repository.git("worktree", "lock", "--reason", "on a stick", str(thread.worktree_path))
    shutil.rmtree(tree(thread).path)
    with pytest.raises(Conflict, match="on a stick"):
        await shop.threads.ensure_directory(thread)
    assert (await shop.again(thread)).worktree_path == thread.worktree_path
    assert str(thread.worktree_path) in shop.repository.git("worktree", "list")


async def test_a_worktree_of_an_older_server_is_recognised_by_its_name(shop: Shop) -> None:
    thread = await shop.thread()
    await shop.running.kernel.db.write(lambda tx: tx.execute("DELETE FROM worktrees_leases"))
    assert (await shop.archive(thread)).branch is None
    assert shop.repository.branches() == ["develop", "main"]


async def test_a_foreign_branch_is_never_deleted(shop: Shop, tmp_path: Path) -> None:
    shop.repository.git("branch", "topic")
    shop.repository.git("worktree", "add", "--quiet", str(tmp_path / "topic"), "topic")
    await shop.worktrees.remove(shop.project, str(tmp_path / "topic"), thread_id="AbCdEfGh")
    assert "topic" in shop.repository.branches()


async def test_a_vanished_repository_does_not_keep_a_thread_from_being_archived(shop: Shop, tmp_path: Path) -> None:
    thread = await shop.thread()
    shop.repository.path.rename(tmp_path / "away")
    archived = await shop.archive(thread)
    assert (archived.archived, archived.worktree_path) == (True, thread.worktree_path)
    assert Path(str(thread.worktree_path)).exists()


async def test_deleting_a_project_loses_nothing(shop: Shop) -> None:
    clean, dirty, ahead = [await shop.thread(title) for title in ("clean", "dirty", "ahead")]
    tree(dirty).write("draft", "precious")
    tree(ahead).commit("own", {"own": "1"})
    made = await shop.client.post(
        "/api/worktrees", json={"projectId": shop.project.id, "branchName": "loose", "baseBranch": "main"}
    )
    Path(made["path"], "draft").write_text("precious too")
    assert await shop.client.delete(f"/api/projects/{shop.project.id}") == {"ok": True}
    assert not Path(str(clean.worktree_path)).exists()
    assert str(ahead.branch) in shop.repository.branches()
    assert Path(made["path"], "draft").read_text() == "precious too"
    assert Path(str(dirty.worktree_path), "draft").read_text() == "precious"
    assert str(dirty.branch) in shop.repository.branches()


async def test_threads_are_made_and_archived_at_once(shop: Shop) -> None:
    threads = await asyncio.gather(*(shop.thread(f"number {number}") for number in range(6)))
    for thread in threads[:3]:
        tree(thread).write("draft", thread.title)
    await asyncio.gather(*(shop.archive(thread) for thread in threads))
    assert len(shop.repository.worktrees()) == 1
    assert len(shop.snapshots()) == 3


async def test_a_thread_of_a_project_in_a_subdirectory(open_shop: OpenShop, tmp_path: Path) -> None:
    make_repository(tmp_path / "work" / "demo", {"sub/file": "x"})
    shop = await open_shop(Repository(tmp_path / "work" / "demo" / "sub"))
    thread = await shop.thread()
    assert thread.worktree_path == str(
        tmp_path / "work" / "demo" / ".a-parallel-worktrees" / "sub" / str(thread.branch).replace("/", "-")
    )
    tree(thread).write("sub/new", "x")
    await shop.archive(thread)
    again = await bring_back(shop, thread)
    assert (tree(again).path / "sub" / "new").read_text() == "x"
