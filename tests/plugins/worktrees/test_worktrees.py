"""Worktrees over HTTP (``http-core.md`` §9)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Conflict, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.projects import Project
from a_parallel_contracts.worktrees import WORKTREES, WorktreeHooks, WorktreeRemoved
from a_parallel_kernel.testing import KernelFactory
from tests.plugins.worktrees.conftest import PLUGINS, OpenShop, Shop
from tests.support.repository import Repository, git, make_repository


def new(shop: Shop, branch: str, base: str = "main") -> dict[str, str]:
    return {"projectId": shop.project.id, "branchName": branch, "baseBranch": base}


def old(shop: Shop, path: Path | str) -> dict[str, str]:
    return {"projectId": shop.project.id, "worktreePath": str(path)}


async def listed(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await shop.client.get("/api/worktrees", params={"projectId": shop.project.id})
    return found


async def test_a_worktree_is_made_listed_and_removed(shop: Shop) -> None:
    answer = await shop.client.answer("POST", "/api/worktrees", json=new(shop, "feature/x", "develop"))
    path = shop.container / "feature-x"
    assert (answer.status, answer.json) == (201, {"path": str(path), "branch": "feature/x"})
    head = shop.repository.git("rev-parse", "develop")
    assert await listed(shop) == [
        {"path": str(shop.repository.path), "branch": "main", "commit": head, "isMain": True},
        {"path": str(path), "branch": "feature/x", "commit": head, "isMain": False},
    ]
    assert await shop.client.delete("/api/worktrees", json=old(shop, path)) == {"ok": True}
    assert not path.exists()
    assert "feature/x" in shop.repository.branches()
    assert [one["isMain"] for one in await listed(shop)] == [True]


async def test_the_new_branch_tracks_nothing(shop: Shop) -> None:
    shop.repository.git("config", "branch.autoSetupMerge", "always")
    await shop.client.post("/api/worktrees", json=new(shop, "x"))
    assert "branch.x" not in shop.repository.git("config", "--list")


async def test_a_base_that_only_origin_has(shop: Shop) -> None:
    shop.repository.git("branch", "--quiet", "-D", "develop")
    assert (await shop.client.post("/api/worktrees", json=new(shop, "x", "develop")))["branch"] == "x"


@pytest.mark.parametrize(
    "branch",
    ["..", "../x", "a..b", "-x", "a b", "x.lock", "/x", "x/", "@{-1}", "HEAD", "a\0b", "\ud800", "~", "x" * 300],
)
async def test_names_that_are_none_are_refused_and_leave_nothing(shop: Shop, branch: str) -> None:
    status, _ = await shop.refused("POST", "/api/worktrees", new(shop, branch))
    assert status == 400
    assert len(await listed(shop)) == 1
    assert shop.repository.branches() == ["develop", "main"]
    assert not list(shop.container.glob("*"))


async def test_what_is_taken_is_refused(shop: Shop) -> None:
    await shop.client.post("/api/worktrees", json=new(shop, "a/b"))
    for branch in ("a/b", "a-b", "main", "a", "a/b/c"):
        status, _ = await shop.refused("POST", "/api/worktrees", new(shop, branch))
        assert status == 400
    assert shop.repository.branches() == ["a/b", "develop", "main"]
    assert len(await listed(shop)) == 2


@pytest.mark.parametrize("base", ["nope", "-f", "main..develop", "README.md"])
async def test_an_unknown_base_is_refused(shop: Shop, base: str) -> None:
    status, text = await shop.refused("POST", "/api/worktrees", new(shop, "x", base))
    assert (status, base in text) == (400, True)
    assert shop.repository.branches() == ["develop", "main"]


async def test_a_repository_without_commits_says_so(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = await open_shop(make_repository(tmp_path / "empty", {}))
    status, text = await shop.refused("POST", "/api/worktrees", new(shop, "x", "main"))
    assert status == 400
    assert (await listed(shop))[0]["commit"] == "0" * 40
    assert text


@pytest.mark.parametrize(
    "body", [{}, {"projectId": ""}, {"projectId": "p", "branchName": "x"}, {"branchName": "x", "baseBranch": "y"}]
)
async def test_bad_bodies_are_refused(shop: Shop, body: Any) -> None:
    assert (await shop.refused("POST", "/api/worktrees", body))[0] == 400
    assert (await shop.refused("DELETE", "/api/worktrees", body))[0] == 400
    assert (await shop.refused("DELETE", "/api/worktrees"))[0] == 400


async def test_unknown_projects(shop: Shop) -> None:
    assert await shop.refused("GET", "/api/worktrees") == (400, "projectId is required")
    assert (await shop.refused("GET", "/api/worktrees?projectId=nope"))[0] == 404
    body = {"projectId": "nope", "branchName": "x", "baseBranch": "main"}
    assert (await shop.refused("POST", "/api/worktrees", body))[0] == 404


async def test_ten_worktrees_are_made_at_once(shop: Shop) -> None:
    calls = [shop.client.post("/api/worktrees", json=new(shop, f"b{number}")) for number in range(10)]
    made = await asyncio.gather(*calls)
    assert len({one["path"] for one in made}) == 10
    assert len(await listed(shop)) == 11
    assert len(await shop.leases()) == 10
    paths = [Path(one["path"]) for one in made]
    assert all((path / "src/app.py").read_text() == "one\ntwo\n" for path in paths)


async def test_a_project_in_a_subdirectory_and_behind_a_link(open_shop: OpenShop, tmp_path: Path) -> None:
    make_repository(tmp_path / "work" / "demo", {"sub/file": "x"})
    (tmp_path / "link").symlink_to(tmp_path / "work" / "demo" / "sub")
    shop = await open_shop(Repository(tmp_path / "link"))
    made = await shop.client.post("/api/worktrees", json=new(shop, "x"))
    assert made["path"] == str(tmp_path / ".a-parallel-worktrees" / "link" / "x")
    assert [one["isMain"] for one in await listed(shop)] == [True, False]
    await shop.client.delete("/api/worktrees", json=old(shop, made["path"]))


async def test_detached_bare_and_vanished_ones(open_shop: OpenShop, tmp_path: Path) -> None:
    bare = tmp_path / "store.git"
    seed = make_repository(tmp_path / "seed", remote=bare)
    git(bare, "worktree", "add", "--quiet", str(tmp_path / "home" / "checkout"), "main")
    git(bare, "worktree", "add", "--quiet", "--detach", str(tmp_path / "loose"), "main")
    git(bare, "worktree", "add", "--quiet", "-b", "gone", str(tmp_path / "gone"), "main")
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    shop = await open_shop(Repository(tmp_path / "home" / "checkout"))
    short = seed.git("rev-parse", "HEAD")[:7]
    assert [(one["branch"], one["isMain"]) for one in await listed(shop)] == [("main", False), (f"({short})", False)]
    status, text = await shop.refused("DELETE", "/api/worktrees", old(shop, tmp_path / "home" / "checkout"))
    assert (status, "project Demo" in text) == (400, True)


async def test_the_main_one_and_foreign_directories_are_never_removed(shop: Shop, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    shop.repository.git("worktree", "add", "--quiet", "-b", "x", str(tmp_path / "x"))
    for path in (shop.repository.path, other.path, tmp_path, tmp_path / "gone", "/", "a\0b", "x/../../y"):
        status, _ = await shop.refused("DELETE", "/api/worktrees", old(shop, path))
        assert status == 400
    assert (other.path / "README.md").exists()
    assert (shop.repository.path / "README.md").exists()


async def test_a_locked_one_is_refused(shop: Shop) -> None:
    made = await shop.client.post("/api/worktrees", json=new(shop, "x"))
    shop.repository.git("worktree", "lock", "--reason", "on a stick", made["path"])
    status, text = await shop.refused("DELETE", "/api/worktrees", old(shop, made["path"]))
    assert (status, "on a stick" in text) == (400, True)
    assert Path(made["path"], "README.md").exists()
    assert shop.snapshots() == []


async def test_a_directory_that_was_deleted_by_hand_is_forgotten(shop: Shop, tmp_path: Path) -> None:
    made = await shop.client.post("/api/worktrees", json=new(shop, "x"))
    Path(made["path"]).rename(tmp_path / "away")
    assert len(await listed(shop)) == 1
    assert await shop.client.delete("/api/worktrees", json=old(shop, made["path"])) == {"ok": True}
    assert made["path"] not in shop.repository.git("worktree", "list")


async def test_a_damaged_worktree_inside_another_repository_is_left_alone(open_shop: OpenShop, tmp_path: Path) -> None:
    make_repository(tmp_path / "outer")
    inner = make_repository(tmp_path / "outer" / "work" / "demo")
    shop = await open_shop(inner)
    made = Path((await shop.client.post("/api/worktrees", json=new(shop, "x")))["path"])
    (made / ".git").rename(tmp_path / "dot-git")
    (made / "precious").write_text("x")
    status, _ = await shop.refused("DELETE", "/api/worktrees", old(shop, made))
    assert status == 400
    assert (made / "precious").read_text() == "x"


async def test_uncommitted_work_is_kept_when_one_is_removed_by_hand(shop: Shop) -> None:
    made = Path((await shop.client.post("/api/worktrees", json=new(shop, "x")))["path"])
    (made / "new").write_text("precious")
    await shop.client.delete("/api/worktrees", json=old(shop, made))
    (ref,) = shop.snapshots()
    assert shop.repository.git("show", f"{ref}:new") == "precious"


async def test_commits_on_a_detached_head_are_kept(shop: Shop) -> None:
    made = Path((await shop.client.post("/api/worktrees", json=new(shop, "x")))["path"])
    git(made, "checkout", "--quiet", "--detach")
    loose = Repository(made).commit("loose", {"new": "precious"})
    await shop.client.delete("/api/worktrees", json=old(shop, made))
    assert [shop.repository.git("rev-parse", ref) for ref in shop.snapshots()] == [loose]


async def test_a_clone_inside_with_work_of_its_own_stands_in_the_way(shop: Shop) -> None:
    made = Path((await shop.client.post("/api/worktrees", json=new(shop, "x")))["path"])
    inner = make_repository(made / "inner")
    status, text = await shop.refused("DELETE", "/api/worktrees", old(shop, made))
    assert (status, "inner" in text) == (409, True)
    assert (inner.path / "README.md").exists()


async def test_a_failing_hook_does_not_spoil_a_worktree(shop: Shop) -> None:
    hook = shop.repository.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no such tool >&2\nexit 1\n")
    hook.chmod(0o755)
    made = await shop.client.post("/api/worktrees", json=new(shop, "x"))
    assert Path(made["path"], "README.md").exists()


async def test_what_fails_half_way_leaves_nothing(shop: Shop) -> None:
    shop.repository.git("config", "filter.broken.clean", "cat")
    shop.repository.git("config", "filter.broken.smudge", "false")
    shop.repository.git("config", "filter.broken.required", "true")
    shop.repository.commit("filter", {".gitattributes": "*.bin filter=broken\n", "x.bin": "x"})
    status, _ = await shop.refused("POST", "/api/worktrees", new(shop, "x"))
    assert status == 400
    assert shop.repository.branches() == ["develop", "main"]
    assert len(shop.repository.worktrees()) == 1
    assert await shop.leases() == []
    assert not (shop.container / "x").exists()


class Objector(Plugin, WorktreeHooks):
    """Objects to removals, and hears of them."""

    manifest = Manifest(api="1.0", requires=(WORKTREES,))
    heard: list[WorktreeRemoved]
    objects = True

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        type(self).heard, type(self).objects = [], True
        ctx.on(WorktreeRemoved, self.hear)
        yield

    async def hear(self, event: WorktreeRemoved) -> None:
        self.heard.append(event)

    @hookimpl
    async def before_worktree_removed(self, ctx: PluginContext, project: Project, path: str) -> None:
        if self.objects:
            raise Conflict(f"Somebody is at work in {path}.")


async def test_others_may_object_and_are_told(open_shop: OpenShop) -> None:
    shop = await open_shop(plugins={"objector": Objector})
    made = await shop.client.post("/api/worktrees", json=new(shop, "x"))
    status, text = await shop.refused("DELETE", "/api/worktrees", old(shop, made["path"] + "/"))
    assert (status, text) == (409, f"Somebody is at work in {made['path']}.")
    Objector.objects = False
    await shop.client.delete("/api/worktrees", json=old(shop, made["path"]))
    await shop.running.settled()
    assert Objector.heard == [
        WorktreeRemoved(project_id=shop.project.id, path=made["path"], branch="x", branch_deleted=False)
    ]


async def gone(pattern: Path) -> bool:
    """Wait until nothing fits a pattern any more."""
    for _ in range(1000):
        if not list(pattern.parent.glob(pattern.name)):
            return True
        await asyncio.sleep(0.01)
    return False


async def test_removed_files_are_deleted_in_the_background_and_after_a_crash(
    shop: Shop, kernel: KernelFactory, tmp_path: Path
) -> None:
    made = Path((await shop.client.post("/api/worktrees", json=new(shop, "x")))["path"])
    await shop.client.delete("/api/worktrees", json=old(shop, made))
    assert await gone(shop.container / ".removed-*")
    remains = shop.container / ".removed-left"
    remains.mkdir()
    (remains / "file").write_text("x")
    insert = "INSERT INTO worktrees_remains VALUES (?, '')"
    await shop.running.kernel.db.write(lambda tx: tx.execute(insert, (str(remains),)))
    data = shop.running.kernel.info.data_directory
    await shop.running.stop()
    await kernel(installed=PLUGINS, data_directory=data)
    assert await gone(remains)
