"""Worktrees and kept states that go by rules: planned first, and only with proof."""

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.worktrees.conftest import OpenShop, Shop, tree

LONG_AGO = "2020-01-01T00:00:00.000Z"
IDLE = {"plugins.worktrees.idle_days": 30}


async def rest(shop: Shop, thread: Any, since: str = LONG_AGO) -> None:
    """Let a thread look as if nothing had been done in it for long."""
    await shop.running.kernel.db.write(
        lambda tx: tx.execute("UPDATE threads SET created_at = ? WHERE id = ?", (since, thread.id))
    )


async def test_use_of_disk_is_shown(shop: Shop) -> None:
    thread = await shop.thread()
    (tree(thread).path / "large.bin").write_bytes(b"x" * 300_000)
    (usage,) = await shop.client.get("/api/worktrees/usage")

    assert usage["bytes"] > 300_000
    assert (usage["threadId"], usage["branch"], usage["busy"]) == (thread.id, thread.branch, False)
    assert await shop.client.acting_as("somebody").get("/api/worktrees/usage") == []


async def test_nothing_goes_without_a_rule(shop: Shop) -> None:
    thread = await shop.thread()
    await rest(shop, thread)
    assert await shop.client.post("/api/worktrees/retention") == []
    assert tree(thread).path.is_dir()


async def test_what_was_idle_for_long_goes_with_its_changes_and_comes_back(open_shop: OpenShop) -> None:
    shop = await open_shop(settings=IDLE)
    idle, fresh, busy = await shop.thread("idle"), await shop.thread("fresh"), await shop.thread("busy")
    (tree(idle).path / "work.txt").write_text("precious")
    await rest(shop, idle)
    await rest(shop, busy)
    await shop.running.kernel.db.write(
        lambda tx: tx.execute("UPDATE threads SET status = 'waiting' WHERE id = ?", (busy.id,))
    )

    (planned,) = await shop.client.get("/api/worktrees/retention")
    assert (planned["subject"], planned["done"], planned["kind"]) == (idle.worktree_path, False, "worktree")
    assert "30 days" in planned["reason"]
    assert tree(idle).path.is_dir(), "a plan changes nothing"
    told = (await shop.client.get("/api/kernel/doctor"))["findings"]
    assert [each["subject"] for each in told if each["check"] == "retention"] == [idle.worktree_path]

    (done,) = await shop.client.post("/api/worktrees/retention")
    await shop.running.settled()
    assert done["done"] is True
    assert not Path(idle.worktree_path or "").exists()
    assert tree(fresh).path.is_dir() and tree(busy).path.is_dir()
    again, _ = await shop.threads.ensure_directory(await shop.again(idle))
    assert (tree(again).path / "work.txt").read_text() == "precious"


async def test_the_longest_idle_go_until_the_rest_fits(open_shop: OpenShop) -> None:
    shop = await open_shop(settings={"plugins.worktrees.max_megabytes": 2.5})
    threads = [await shop.thread(f"thread {number}") for number in range(3)]
    for number, thread in enumerate(threads):
        (tree(thread).path / "large.bin").write_bytes(b"x" * 1_000_000)
        await rest(shop, thread, f"2020-01-0{3 - number}T00:00:00.000Z")

    planned = await shop.client.get("/api/worktrees/retention")
    assert [removal["subject"] for removal in planned] == [threads[2].worktree_path]


@pytest.mark.parametrize("discard", [False, True])
async def test_large_ignored_files_keep_a_worktree_unless_they_may_go(open_shop: OpenShop, discard: bool) -> None:
    shop = await open_shop(settings={**IDLE, "plugins.worktrees.discard_ignored": discard})
    thread = await shop.thread()
    with (tree(thread).path / "large.log").open("wb") as file:
        file.truncate(60 * 1024 * 1024)
    await rest(shop, thread)
    (removal,) = await shop.client.post("/api/worktrees/retention")

    assert (removal["done"], tree(thread).path.exists()) == (discard, not discard)
    assert discard or "too large" in removal["problem"]


async def test_kept_states_go_only_with_proof_and_the_newest_never(open_shop: OpenShop) -> None:
    shop = await open_shop(settings={"plugins.worktrees.snapshot_days": 0})
    repository = shop.repository
    merged = repository.git("rev-parse", "main")
    only_here = repository.git("commit-tree", f"{merged}^{{tree}}", "-m", "only here")
    refs = {
        "t1/20200101T000000000000Z": only_here,
        "t1/20200102T000000000000Z-head": merged,
        "t1/20200103T000000000000Z-restored": only_here,
        "t1/20200104T000000000000Z": only_here,
        "t2/20200101T000000000000Z-head": merged,
    }
    for name, commit in refs.items():
        repository.git("update-ref", f"refs/a-parallel/snapshots/{name}", commit)

    planned = await shop.client.get("/api/worktrees/retention")
    assert {removal["subject"].rpartition("/")[2]: removal["reason"] for removal in planned} == {
        "20200103T000000000000Z-restored": "it has been restored into its worktree",
        "20200102T000000000000Z-head": "it is part of refs/heads/develop",
    }
    assert len(shop.snapshots()) == len(refs)
    applied = await shop.client.post("/api/worktrees/retention")
    assert all(removal["done"] for removal in applied)
    assert [ref.partition("snapshots/")[2] for ref in shop.snapshots()] == [
        "t1/20200101T000000000000Z",
        "t1/20200104T000000000000Z",
        "t2/20200101T000000000000Z-head",
    ]


async def test_only_admins_may_apply_the_rules(shop: Shop) -> None:
    for method in ("GET", "POST"):
        answer = await shop.client.acting_as("somebody").answer(method, "/api/worktrees/retention")
        assert answer.status == 403
