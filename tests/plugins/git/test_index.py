"""Stage, unstage and revert over HTTP (``http-core.md`` §7.4)."""

from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import BadRequest
from a_parallel_contracts.threads import Thread
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.git.paths import contained
from tests.plugins.git.test_snapshot import content, status
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree
from tests.support.repository import Repository, git, make_repository


@pytest.fixture
def open_shop(kernel: KernelFactory, tmp_path: Path) -> OpenShop:
    return OpenShop(kernel, tmp_path)


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop()


@pytest.fixture
async def thread(shop: Shop) -> Thread:
    return await shop.thread()


async def act(shop: Shop, thread: Thread, action: str, *paths: str) -> None:
    answer = await shop.client.post(f"/api/git/{thread.id}/{action}", json={"paths": list(paths)})
    assert answer == {"ok": True}


async def listed(shop: Shop, thread: Thread) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await shop.client.get(f"/api/git/{thread.id}/diff")
    return found


ODD_NAMES = ["sp ace", "üñï.txt", 'q"uote', "new\nline", "--all", ":(top)x", "*", "[a]", "sub dir/file"]


async def test_every_path_of_the_list_can_be_staged_and_unstaged(shop: Shop, thread: Thread) -> None:
    for name in ODD_NAMES:
        tree(thread).write(name, "x\n")
    (tree(thread).path / "README.md").unlink()
    tree(thread).write("src/app.py", "changed\n")
    before = status(tree(thread).path)
    paths = [file["path"] for file in await listed(shop, thread)]
    assert len(paths) == len(ODD_NAMES) + 2
    for path in paths:
        await act(shop, thread, "stage", path)
        staged = [file["path"] for file in await listed(shop, thread) if file["staged"]]
        assert staged == [path]
        await act(shop, thread, "unstage", path)
    assert status(tree(thread).path) == before
    await act(shop, thread, "stage", *paths)
    assert all(file["staged"] for file in await listed(shop, thread))
    await act(shop, thread, "unstage", *paths)
    assert status(tree(thread).path) == before


async def test_names_that_are_no_utf8_make_the_round_trip(shop: Shop, thread: Thread) -> None:
    with open(bytes(tree(thread).path) + b"/caf\xe9", "wb") as file:  # noqa: PTH123, ASYNC230
        file.write(b"c\n")
    (found,) = await listed(shop, thread)
    await act(shop, thread, "stage", found["path"])
    assert [one["staged"] for one in await listed(shop, thread)] == [True]
    await act(shop, thread, "revert", found["path"])
    assert await listed(shop, thread) == []


OUTSIDE = ["../x", "/etc/passwd", "..", "src/../../x", ".git", ".git/config", "src/.GIT/x", "a\0b", "\ud800", ""]


async def test_paths_that_lead_out_are_refused(shop: Shop, thread: Thread) -> None:
    for action in ["stage", "unstage", "revert"]:
        for path in OUTSIDE:
            tree(thread).write("README.md", "changed\n")
            before = content(tree(thread).path), status(tree(thread).path)
            code, _ = await shop.refused("POST", f"/api/git/{thread.id}/{action}", {"paths": ["README.md", path]})
            assert code == 400
            assert (content(tree(thread).path), status(tree(thread).path)) == before


def test_what_is_inside_a_directory(tmp_path: Path) -> None:
    inside, sibling = tmp_path / "in", tmp_path / "in-evil"
    (inside / "sub").mkdir(parents=True)
    sibling.mkdir()
    (inside / "out").symlink_to(sibling)
    (inside / "link").symlink_to("sub")
    (tmp_path / "door").symlink_to(inside)
    (inside / "circle").symlink_to("circle")
    assert contained(inside, "sub/x") == "sub/x"
    assert contained(inside, str(inside / "x")) == "x"
    assert contained(inside, "sub/../x/") == "x"
    assert contained(inside, "out") == "out"  # the link itself may be staged
    assert contained(inside, "link/x") == "sub/x"
    assert contained(tmp_path / "door", "x") == "x"
    assert contained(inside, ".") == "."
    for path in ("out/x", "../in-evil/x", str(sibling / "x"), "sub/../../x", "/", "circle/../out/x"):
        with pytest.raises(BadRequest, match="Invalid path"):
            contained(inside, path)


@pytest.mark.parametrize("body", [{"paths": []}, {}, {"paths": "x"}, {"paths": [1]}, [], "x", None])
async def test_bad_bodies_are_refused_after_the_thread_was_found(shop: Shop, thread: Thread, body: Any) -> None:
    for action in ("stage", "unstage", "revert"):
        assert (await shop.refused("POST", f"/api/git/{thread.id}/{action}", body))[0] == 400
        assert await shop.refused("POST", f"/api/git/nope/{action}", body) == (404, "Thread not found")


async def test_what_is_not_there_is_refused_with_the_words_of_git(shop: Shop, thread: Thread) -> None:
    tree(thread).write("new", "x")
    for action in ("stage", "unstage", "revert"):
        code, text = await shop.refused("POST", f"/api/git/{thread.id}/{action}", {"paths": ["new", "nope.txt"]})
        assert (code, "nope.txt" in text) == (400, True)
    assert status(tree(thread).path) == "?? new"


async def test_unstaging_a_rename_takes_both_sides(shop: Shop, thread: Thread) -> None:
    tree(thread).git("mv", "src/app.py", "src/other.py")
    (renamed,) = await listed(shop, thread)
    assert (renamed["path"], renamed["status"]) == ("src/other.py", "renamed")
    await act(shop, thread, "unstage", "src/other.py")
    assert status(tree(thread).path) == " D src/app.py\n?? src/other.py"


async def test_unstaging_before_the_first_commit(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = await open_shop(make_repository(tmp_path / "empty", {}))
    body = {"projectId": shop.project.id, "title": "x", "mode": "local"}
    thread = await shop.client.post("/api/threads/idle", json=body)
    shop.repository.write("new", "x")
    for action, expected in (("stage", "A  new"), ("unstage", "?? new"), ("stage", "A  new"), ("revert", "")):
        await shop.client.post(f"/api/git/{thread['id']}/{action}", json={"paths": ["new"]})
        assert status(shop.repository.path) == expected
    snapshots = await shop.client.get(f"/api/git/{thread['id']}/snapshots")
    assert [one["cause"] for one in snapshots] == ["revert"]


async def test_revert_brings_every_kind_of_change_back(shop: Shop, thread: Thread) -> None:
    before = content(tree(thread).path)
    root = tree(thread)
    root.write("README.md", "changed\n")
    root.git("mv", "src/app.py", "src/renamed.py")
    root.write("staged", "s")
    root.git("add", "staged")
    root.write("staged", "s, then changed")
    root.write("new dir/untracked", "u")
    (root.path / ".gitignore").unlink()
    paths = [file["path"] for file in await listed(shop, thread)]
    await act(shop, thread, "revert", *paths)
    assert content(root.path) == before
    assert status(root.path) == ""
    assert not (root.path / "new dir").exists()


async def test_revert_touches_nothing_else(shop: Shop, thread: Thread) -> None:
    root = tree(thread)
    root.write("README.md", "changed\n")
    root.write("src/app.py", "changed\n")
    root.write("a", "1")
    root.write("ab", "2")
    root.write("noise.log", "ignored")
    await act(shop, thread, "revert", "README.md", "a")
    assert status(root.path) == " M src/app.py\n?? ab"
    assert (root.path / "noise.log").exists()


async def test_revert_of_conflicts(shop: Shop, thread: Thread) -> None:
    root = tree(thread)
    shop.repository.commit("main", {"README.md": "main\n"})
    root.commit("own", {"README.md": "own\n"})
    with pytest.raises(AssertionError):
        root.git("merge", "main")
    await act(shop, thread, "revert", "README.md")
    assert (root.path / "README.md").read_text() == "own\n"


async def test_what_was_reverted_can_be_brought_back(shop: Shop, thread: Thread) -> None:
    root = tree(thread)
    root.write("README.md", "precious\n")
    root.write("new", "precious too\n")
    before, told = content(root.path), status(root.path)
    await act(shop, thread, "revert", "README.md", "new")
    (snapshot,) = await shop.client.get(f"/api/git/{thread.id}/snapshots")
    assert (snapshot["cause"], snapshot["message"]) == ("revert", "Before reverting README.md, new")
    path = f"/api/git/{thread.id}/snapshots/{snapshot['id']}/restore"
    assert await shop.client.post(path) == {"ok": True}
    assert (content(root.path), status(root.path)) == (before, told)


async def test_a_repository_inside_is_not_reverted(shop: Shop, thread: Thread) -> None:
    make_repository(tree(thread).path / "inner")
    code, text = await shop.refused("POST", f"/api/git/{thread.id}/revert", {"paths": ["inner/"]})
    assert (code, "inner" in text) == (400, True)
    assert (tree(thread).path / "inner" / "README.md").exists()


async def test_revert_of_what_has_not_changed_is_fine(shop: Shop, thread: Thread) -> None:
    await act(shop, thread, "revert", "README.md")
    assert await shop.client.get(f"/api/git/{thread.id}/snapshots") == []


async def test_a_locked_index_is_a_conflict(shop: Shop, thread: Thread) -> None:
    root = tree(thread)
    root.write("new", "x")
    lock = Path(root.git("rev-parse", "--path-format=absolute", "--git-path", "index.lock"))
    lock.touch()
    root.write("README.md", "changed\n")
    for action in ("stage", "unstage", "revert"):
        code, text = await shop.refused("POST", f"/api/git/{thread.id}/{action}", {"paths": ["README.md"]})
        assert (code, "index.lock" in text) == (409, True)
    lock.unlink()
    await act(shop, thread, "stage", "new")


async def test_a_project_in_a_subdirectory(open_shop: OpenShop, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "work" / "demo", {"top": "t\n", "sub/file": "f\n", "sub/other": "o\n" * 9})
    shop = await open_shop(Repository(tmp_path / "work" / "demo" / "sub"))
    thread = await shop.client.post(
        "/api/threads/idle", json={"projectId": shop.project.id, "title": "x", "mode": "local"}
    )
    repository.write("top", "outside\n")
    repository.write("sub/file", "inside\n")
    repository.write("sub/new", "n\n")
    git(repository.path / "sub", "mv", "other", "moved")
    found = await shop.client.get(f"/api/git/{thread['id']}/diff")
    assert [file["path"] for file in found] == ["moved", "file", "new"]
    paths = [file["path"] for file in found]
    await shop.client.post(f"/api/git/{thread['id']}/stage", json={"paths": paths})
    assert status(repository.path) == "M  sub/file\nR  sub/other -> sub/moved\nA  sub/new\n M top"
    await shop.client.post(f"/api/git/{thread['id']}/unstage", json={"paths": paths})
    await shop.client.post(f"/api/git/{thread['id']}/revert", json={"paths": ["file", "new", "moved", "other"]})
    assert status(repository.path) == " M top"


async def test_a_thread_without_a_worktree_never_touches_the_project(shop: Shop, thread: Thread) -> None:
    tree(thread).commit("own", {"own": "1"})
    await shop.archive(thread)
    shop.repository.write("README.md", "changed\n")
    for action in ("stage", "unstage", "revert"):
        assert (await shop.refused("POST", f"/api/git/{thread.id}/{action}", {"paths": ["README.md"]}))[0] == 409
    assert (await shop.refused("GET", f"/api/git/{thread.id}/diff"))[0] == 409
    assert status(shop.repository.path) == " M README.md"


async def test_a_vanished_directory_is_a_clear_refusal(shop: Shop, thread: Thread, tmp_path: Path) -> None:
    tree(thread).path.rename(tmp_path / "away")
    assert (await shop.refused("GET", f"/api/git/{thread.id}/diff"))[0] == 400
    assert (await shop.refused("POST", f"/api/git/{thread.id}/stage", {"paths": ["x"]}))[0] == 400
    assert (await shop.refused("POST", f"/api/git/{thread.id}/commit", {"message": "x"}))[0] == 400
    assert (await shop.refused("POST", f"/api/git/{thread.id}/push"))[0] == 400


async def test_the_owner_hears_of_changes(shop: Shop, thread: Thread) -> None:
    tree(thread).write("new", "x\n")
    async with shop.client.websocket() as socket:
        await act(shop, thread, "stage", "new")
        frame = await socket.receive("git:status")
    assert frame["threadId"] == thread.id
    assert frame["data"]["statuses"][0]["linesAdded"] == 1


async def test_one_file_with_all_of_its_text(shop: Shop, thread: Thread) -> None:
    tree(thread).write("README.md", "x\n" * 400_000)
    (file,) = await listed(shop, thread)
    assert (file["diff"], file["truncated"]) == ("", True)
    (whole,) = await shop.client.get(f"/api/git/{thread.id}/diff", params={"path": "README.md"})
    assert (len(whole["diff"]) > 1_000_000, "truncated" in whole) == (True, False)
    assert (await shop.refused("GET", f"/api/git/{thread.id}/diff?path=nope"))[0] == 404
