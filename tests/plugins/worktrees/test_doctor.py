"""Rows, git, threads and the disk held against each other, and repaired without losing anything."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

from tests.plugins.worktrees.conftest import OpenShop, Shop, tree

HOURS = 7200


async def examined(shop: Shop, *, repair: bool = False) -> dict[str, Any]:
    """Return the findings that are no mere information, by check."""
    report = await shop.client.post("/api/kernel/doctor", json={"repair": repair})
    await shop.running.settled()
    open_ones = [finding for finding in report["findings"] if finding["severity"] != "info"]
    assert report["ok"] is all(finding["repaired"] for finding in open_ones)
    return {finding["check"]: finding for finding in open_ones}


def age(path: str) -> None:
    """Let a directory look as if it had been made long ago."""
    then = time.time() - HOURS
    os.utime(path, (then, then))


async def test_a_healthy_server_has_nothing_to_repair(shop: Shop) -> None:
    thread = await shop.thread()
    assert await examined(shop, repair=True) == {}
    assert Path(thread.worktree_path or "").is_dir()
    report = await shop.client.get("/api/kernel/doctor")
    assert [(each["check"], each["severity"]) for each in report["findings"]] == [("disk-use", "info")]
    assert "1 worktrees take" in report["findings"][0]["detail"]


async def test_a_worktree_whose_directory_is_gone_is_forgotten_with_what_was_staged(shop: Shop) -> None:
    thread = await shop.thread()
    (tree(thread).path / "staged.txt").write_text("precious")
    tree(thread).git("add", "staged.txt")
    shutil.rmtree(thread.worktree_path or "")

    assert (await examined(shop))["vanished-worktree"]["repairable"] is True
    assert (await shop.again(thread)).worktree_path == thread.worktree_path, "examining changes nothing"
    assert (await examined(shop, repair=True))["vanished-worktree"]["repaired"] is True
    assert (await shop.again(thread)).worktree_path is None
    assert (await shop.again(thread)).branch == thread.branch
    assert shop.repository.git("show", f"{shop.snapshots()[0]}:staged.txt") == "precious"
    assert await examined(shop) == {}
    again, _ = await shop.threads.ensure_directory(await shop.again(thread))
    assert (tree(again).path / "staged.txt").read_text() == "precious"


async def test_rows_of_what_neither_git_nor_the_disk_knows_are_forgotten(shop: Shop) -> None:
    thread = await shop.thread()
    shop.repository.git("worktree", "remove", "--force", thread.worktree_path or "")

    finding = (await examined(shop, repair=True))["thread-without-worktree"]
    assert "'Fix it'" in finding["detail"]
    assert (await shop.again(thread)).worktree_path is None
    assert [lease.path for lease in await shop.leases()] == [None]


async def test_a_worktree_without_a_thread_goes_with_its_changes_kept(shop: Shop) -> None:
    thread = await shop.thread()
    path = thread.worktree_path or ""
    (Path(path) / "work.txt").write_text("precious")
    await shop.running.kernel.db.write(lambda tx: tx.execute("DELETE FROM threads WHERE id = ?", (thread.id,)))
    assert await examined(shop) == {}, "one that was made just now may still get its thread"
    age(path)

    assert (await examined(shop))["worktree-without-thread"]["subject"] == path
    assert Path(path).is_dir()
    assert (await examined(shop, repair=True))["worktree-without-thread"]["repaired"] is True
    assert not Path(path).exists()
    assert shop.repository.git("show", f"{shop.snapshots()[0]}:work.txt") == "precious"


async def test_unmerged_commits_of_a_worktree_without_a_thread_keep_their_branch(shop: Shop) -> None:
    thread = await shop.thread()
    tree(thread).git("commit", "--allow-empty", "-q", "-m", "only here")
    await shop.running.kernel.db.write(lambda tx: tx.execute("DELETE FROM threads WHERE id = ?", (thread.id,)))
    age(thread.worktree_path or "")

    await examined(shop, repair=True)
    assert shop.repository.git("log", "-1", "--format=%s", thread.branch or "") == "only here"


async def test_what_cannot_be_kept_stays_and_says_why(shop: Shop) -> None:
    thread = await shop.thread()
    nested = tree(thread).path / "nested"
    nested.mkdir()
    tree(thread).git("init", "-q", str(nested))
    (nested / "file").write_text("precious")
    await shop.running.kernel.db.write(lambda tx: tx.execute("DELETE FROM threads WHERE id = ?", (thread.id,)))
    age(thread.worktree_path or "")

    finding = (await examined(shop, repair=True))["worktree-without-thread"]
    assert (finding["repaired"], finding["repairable"]) == (False, False)
    assert "Repositories inside this worktree" in finding["detail"]
    assert (nested / "file").read_text() == "precious"


async def test_worktrees_made_by_hand_are_nobodys_business(shop: Shop) -> None:
    body = {"projectId": shop.project.id, "branchName": "by-hand", "baseBranch": "main"}
    made = await shop.client.post("/api/worktrees", json=body)
    age(made["path"])
    assert await examined(shop, repair=True) == {}
    assert Path(made["path"]).is_dir()


async def test_a_directory_that_git_does_not_list_is_named(shop: Shop) -> None:
    thread = await shop.thread()
    path = Path(thread.worktree_path or "")
    path.rename(path.with_name("aside"))
    shop.repository.git("worktree", "prune")
    path.with_name("aside").rename(path)

    finding = (await examined(shop, repair=True))["unlisted-worktree"]
    assert "git worktree repair" in finding["detail"]
    assert path.is_dir()


async def test_locks_that_a_killed_git_left_are_removed_and_those_in_use_are_not(shop: Shop) -> None:
    lock = shop.repository.path / ".git" / "index.lock"
    lock.touch()
    assert await examined(shop) == {}, "a git command may be at work"
    age(str(lock))
    await shop.thread()
    with lock.open():
        assert (await examined(shop, repair=True))["stale-lock"]["repaired"] is False
        assert lock.exists()
    assert (await examined(shop, repair=True))["stale-lock"]["repaired"] is True
    assert not lock.exists()


async def test_rows_are_reconciled_when_the_server_starts(open_shop: OpenShop) -> None:
    shop = await open_shop()
    thread = await shop.thread()
    shop.repository.git("worktree", "remove", "--force", thread.worktree_path or "")
    await shop.running.kernel.supervisor.disable("worktrees")
    await shop.running.kernel.supervisor.enable("worktrees")
    service: Any = shop.worktrees
    await service.examiner.reconcile()
    await shop.running.settled()

    assert [lease.path for lease in await shop.leases()] == [None]
    assert (await shop.again(thread)).worktree_path is None
