"""Everything that a thread's work changes in its base branch, over HTTP and on real repositories."""

from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.threads import NewThread, Thread, ThreadMode
from a_parallel_kernel.testing import KernelFactory
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree
from tests.support.repository import Repository, make_repository


@pytest.fixture
def open_shop(kernel: KernelFactory, tmp_path: Path) -> OpenShop:
    return OpenShop(kernel, tmp_path)


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop()


@pytest.fixture
async def thread(shop: Shop) -> Thread:
    return await shop.thread()


async def changed(shop: Shop, thread: Thread, **more: Any) -> list[dict[str, Any]]:
    query = {"against": "base", **more}
    found: list[dict[str, Any]] = await shop.client.get(f"/api/git/{thread.id}/diff", params=query)
    return found


async def refused(shop: Shop, thread: Thread, query: str = "against=base") -> tuple[int, str]:
    status, text = await shop.refused("GET", f"/api/git/{thread.id}/diff?{query}")
    return status, text


def shape(files: list[dict[str, Any]]) -> dict[str, str]:
    assert not any(file["staged"] for file in files)
    return {file["path"]: file["status"] for file in files}


async def test_what_is_committed_staged_changed_and_new_is_one_list(shop: Shop, thread: Thread) -> None:
    work = tree(thread)
    work.commit("first", {"committed": "c\n", "README.md": "# committed\n", "moved/from": "m\n" * 20})
    work.commit("second", {"staged": "1\n"})
    work.write("staged", "1\n2\n")
    work.git("add", "staged")
    work.write("README.md", "# not committed\n")
    work.write("untracked", "u\n")
    (work.path / "src/app.py").unlink()
    shop.repository.commit("meanwhile", {"theirs": "t\n", "README.md": "# theirs\n"})
    files = await changed(shop, thread)
    assert shape(files) == {
        "README.md": "modified",
        "committed": "added",
        "moved/from": "added",
        "src/app.py": "deleted",
        "staged": "added",
        "untracked": "added",
    }
    texts = {file["path"]: file["diff"] for file in files}
    assert "-# demo\n+# not committed" in texts["README.md"]
    assert texts["staged"].endswith("+1\n+2")
    plain = await shop.client.get(f"/api/git/{thread.id}/diff")
    assert {file["path"]: file["staged"] for file in plain} == {
        "README.md": False,
        "src/app.py": False,
        "staged": True,
        "untracked": False,
    }


async def test_a_file_that_was_moved_in_a_commit_and_changed_since_is_one_entry(shop: Shop, thread: Thread) -> None:
    shop.repository.commit("long", {"long": "line\n" * 50})
    other = await shop.thread("other")
    tree(other).git("mv", "long", "longer")
    tree(other).git("commit", "--quiet", "--message", "move")
    tree(other).write("longer", "line\n" * 50 + "more\n")
    (file,) = await changed(shop, other)
    assert (file["path"], file["status"]) == ("longer", "renamed")
    assert file["diff"].endswith("+more")
    assert await changed(shop, thread) == []


async def test_what_was_merged_from_the_base_is_not_part_of_it(shop: Shop, thread: Thread) -> None:
    tree(thread).commit("own", {"own": "1\n"})
    shop.repository.commit("theirs", {"theirs": "t\n"})
    tree(thread).git("merge", "--quiet", "--no-edit", "main")
    assert shape(await changed(shop, thread)) == {"own": "added"}


async def test_nothing_is_left_once_the_work_is_in_the_base(shop: Shop, thread: Thread) -> None:
    tree(thread).commit("own", {"own": "1\n"})
    shop.repository.git("merge", "--quiet", "--no-edit", str(thread.branch))
    assert await changed(shop, thread) == []


async def test_work_in_the_project_itself_is_what_origin_lacks(shop: Shop) -> None:
    new = NewThread(project_id=shop.project.id, title="local", mode=ThreadMode.LOCAL, idle=True, user_id="__local__")
    local = await shop.threads.create(new)
    assert await changed(shop, local) == []
    shop.repository.commit("not pushed", {"own": "1\n"})
    assert shape(await changed(shop, local)) == {"own": "added"}


async def test_a_conflict_shows_the_file_as_it_is(shop: Shop, thread: Thread) -> None:
    tree(thread).commit("own", {"README.md": "# ours\n"})
    shop.repository.commit("theirs", {"README.md": "# theirs\n"})
    with pytest.raises(AssertionError):
        tree(thread).git("merge", "main")
    (file,) = await changed(shop, thread)
    assert (file["path"], file["status"]) == ("README.md", "modified")
    assert "+<<<<<<< HEAD" in file["diff"]
    assert "Unmerged" not in file["diff"]


async def test_large_texts_are_left_out_and_come_by_path(shop: Shop, thread: Thread) -> None:
    tree(thread).commit("large", {"large": "x\n" * 400_000, "small": "s\n"})
    large, small = await changed(shop, thread)
    assert (large["path"], large["diff"], large["truncated"]) == ("large", "", True)
    assert "truncated" not in small
    (whole,) = await changed(shop, thread, path="large")
    assert (len(whole["diff"]) > 1_000_000, "truncated" in whole) == (True, False)
    tree(thread).write("untracked", "u\n")
    (untracked,) = await changed(shop, thread, path="untracked")
    assert untracked["diff"].endswith("+u")
    assert await refused(shop, thread, "against=base&path=../README.md") == (404, "../README.md has no changes")
    assert (await refused(shop, thread, "path=small"))[0] == 404


async def test_a_project_in_a_subdirectory_has_paths_of_its_own(open_shop: OpenShop, tmp_path: Path) -> None:
    made = make_repository(tmp_path / "work" / "demo", {"top": "t\n", "sub/file": "f\n"})
    made.git("switch", "--quiet", "--create", "side")
    made.commit("own", {"top": "outside\n", "sub/file": "inside\n"})
    shop = await open_shop(Repository(tmp_path / "work" / "demo" / "sub"))
    new = NewThread(project_id=shop.project.id, title="x", mode=ThreadMode.LOCAL, idle=True, user_id="__local__")
    local = await shop.threads.create(new)
    assert shape(await changed(shop, local)) == {"file": "modified"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("against=main", "against"),
        ("against=", "against"),
        ("against=base&staged=true", "staged and against exclude each other"),
    ],
)
async def test_nonsense_is_refused(shop: Shop, thread: Thread, query: str, said: str) -> None:
    status, text = await refused(shop, thread, query)
    assert status == 400
    assert said in text


async def test_a_base_that_is_gone_or_unrelated_is_a_clear_refusal(shop: Shop, thread: Thread) -> None:
    tree(thread).git("switch", "--quiet", "--orphan", "unrelated")
    assert (await refused(shop, thread))[1] == "There is no commit yet. What is not committed can be reviewed."
    tree(thread).commit("alone", {"alone": "1\n"})
    status, text = await refused(shop, thread)
    assert (status, text) == (400, "The work has no commit in common with its base branch main.")
    shop.repository.git("branch", "temporary")
    gone = await shop.thread("gone", base="temporary")
    shop.repository.git("branch", "--quiet", "--delete", "temporary")
    status, text = await refused(shop, gone)
    assert status == 400
    assert text.startswith("The base branch temporary is gone.")


async def test_other_people_see_nothing(shop: Shop, thread: Thread) -> None:
    anna = shop.client.acting_as("anna")
    assert (await anna.answer("GET", f"/api/git/{thread.id}/diff?against=base")).status == 404
    tree(thread).commit("own", {"own": "1\n"})
    await shop.archive(thread)
    assert (await refused(shop, thread))[0] == 409
