"""States of working trees, on real repositories."""

import os
from pathlib import Path

import pytest

from a_parallel_contracts import BadRequest
from a_parallel_contracts.git import GitSummary
from a_parallel_plugins.git.service import GitService
from a_parallel_plugins.git.status import state
from tests.support.repository import Repository, git, make_repository


async def summary(service: GitService, path: Path, base: str | None = "main", born: str | None = None) -> GitSummary:
    return await service.summary("t1", path, base=base, project=path, created_at=born)


def test_the_first_state_that_applies_is_told() -> None:
    facts = {"dirty": 1, "unpushed": 1, "merged": True, "pushed": True}
    told = []
    for name, off in (("dirty", 0), ("unpushed", 0), ("merged", False), ("pushed", False), ("", None)):
        told.append(state(**facts))  # type: ignore[arg-type]
        if name:
            facts[name] = off  # type: ignore[assignment]
    assert told == ["dirty", "unpushed", "merged", "pushed", "clean"]


async def test_a_new_worktree_is_clean_and_not_merged(
    service: GitService, repository: Repository, tmp_path: Path
) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    assert await summary(service, tmp_path / "side") == GitSummary(
        thread_id="t1",
        state="clean",
        dirty_file_count=0,
        unpushed_commit_count=0,
        has_remote_branch=False,
        is_merged_into_base=False,
        lines_added=0,
        lines_deleted=0,
    )


async def test_a_branch_goes_from_dirty_to_merged(service: GitService, cloned: Repository) -> None:
    cloned.git("switch", "--quiet", "--create", "side")
    cloned.write("own.txt", "1\n2\n")
    assert (await summary(service, cloned.path)).state == "dirty"
    cloned.commit("own")
    unpushed = await summary(service, cloned.path)
    assert (unpushed.state, unpushed.unpushed_commit_count) == ("unpushed", 1)
    cloned.git("push", "--quiet", "--set-upstream", "origin", "side")
    pushed = await summary(service, cloned.path)
    assert (pushed.state, pushed.has_remote_branch) == ("pushed", True)
    cloned.git("switch", "--quiet", "main")
    cloned.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    cloned.git("switch", "--quiet", "side")
    merged = await summary(service, cloned.path)
    assert (merged.state, merged.is_merged_into_base) == ("merged", True)


async def test_an_upstream_that_is_gone_does_not_count(service: GitService, cloned: Repository) -> None:
    cloned.git("switch", "--quiet", "--create", "side")
    cloned.commit("own", {"own.txt": "1"})
    cloned.git("push", "--quiet", "--set-upstream", "origin", "side")
    cloned.git("push", "--quiet", "origin", "--delete", "side")
    found = await summary(service, cloned.path)
    assert (found.has_remote_branch, found.unpushed_commit_count, found.state) == (False, 1, "unpushed")


async def test_files_and_lines_are_counted(service: GitService, repository: Repository) -> None:
    repository.write("src/app.py", "one\nTWO\nthree\n")  # 2 added, 1 deleted
    repository.write("staged.txt", "a\nb\n")
    repository.git("add", "staged.txt")  # 2 added
    repository.write("new/a", "")
    repository.write("new/b", "")  # an untracked directory is one line of git status
    (repository.path / "b.bin").write_bytes(b"\0\1\2")
    repository.git("add", "b.bin")
    found = await summary(service, repository.path)
    assert (found.dirty_file_count, found.lines_added, found.lines_deleted) == (4, 4, 1)


async def test_a_rename_is_one_file(service: GitService, repository: Repository) -> None:
    repository.git("mv", "src/app.py", "src/renamed.py")
    found = await summary(service, repository.path)
    assert (found.dirty_file_count, found.lines_added, found.lines_deleted) == (1, 0, 0)


async def test_the_settings_of_a_user_change_nothing(service: GitService, repository: Repository, home: Path) -> None:
    settings = """
[status]
    short = true
    showUntrackedFiles = no
    aheadBehind = false
    renames = false
    relativePaths = false
[diff]
    noprefix = true
    mnemonicPrefix = true
    external = false
    renames = false
    relative = true
    submodule = log
[color]
    ui = always
    diff = always
    status = always
[core]
    quotePath = true
    pager = false
[i18n]
    logOutputEncoding = latin1
"""
    (home / ".gitconfig").write_text(settings)
    repository.git("mv", "src/app.py", "src/renämed.py")
    repository.write("README.md", "# demo\nmore\n")
    repository.write("üñ\nicode.txt", "x")
    found = await summary(service, repository.path / "src")
    assert (found.dirty_file_count, found.lines_added) == (1, 0)
    found = await summary(service, repository.path)
    assert (found.dirty_file_count, found.lines_added) == (3, 1)


async def test_an_inherited_git_environment_is_ignored(
    service: GitService, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(tmp_path / "other")
    other.write("dirt", "x")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    assert (await summary(service, repository.path)).dirty_file_count == 0


async def test_a_project_in_a_subdirectory_sees_its_own_files(service: GitService, repository: Repository) -> None:
    repository.write("README.md", "changed\n")
    repository.write("src/app.py", "one\n")
    found = await summary(service, repository.path / "src")
    assert (found.dirty_file_count, found.lines_deleted) == (1, 1)


async def test_a_project_behind_a_symbolic_link(service: GitService, repository: Repository, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(repository.path)
    repository.write("new", "x")
    assert (await summary(service, link)).dirty_file_count == 1


async def test_a_repository_without_commits(service: GitService, tmp_path: Path) -> None:
    made = make_repository(tmp_path / "empty", {})
    assert (await summary(service, made.path, base=None)).state == "clean"
    made.write("first", "1\n")
    made.git("add", "first")
    found = await summary(service, made.path, base=None)
    assert (found.state, found.lines_added, found.unpushed_commit_count) == ("dirty", 1, 0)


async def test_a_detached_head_is_counted_against_the_base(service: GitService, repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--detach")
    repository.commit("loose", {"x": "1"})
    found = await summary(service, repository.path)
    assert (found.state, found.unpushed_commit_count, found.is_merged_into_base) == ("unpushed", 1, False)


async def test_conflicts_are_dirty(service: GitService, repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.commit("side", {"README.md": "side\n"})
    repository.git("switch", "--quiet", "main")
    repository.commit("main", {"README.md": "main\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "side")
    assert (await summary(service, repository.path)).state == "dirty"


async def test_a_base_that_only_origin_has(service: GitService, cloned: Repository) -> None:
    cloned.git("branch", "--quiet", "-D", "develop")
    cloned.git("switch", "--quiet", "--create", "side", "--no-track", "origin/develop")
    cloned.commit("own", {"x": "1"})
    assert (await summary(service, cloned.path, base="develop")).unpushed_commit_count == 1


async def test_an_unknown_base_is_no_error(service: GitService, repository: Repository) -> None:
    assert (await summary(service, repository.path, base="gone")).state == "clean"


async def test_a_shallow_clone(service: GitService, cloned: Repository, tmp_path: Path) -> None:
    for number in range(4):
        cloned.commit(f"{number}", {"n": f"{number}"})
    cloned.git("push", "--quiet", "origin", "main")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{cloned.remote}", str(shallow))
    git(shallow, "commit", "--quiet", "--allow-empty", "--message", "own")
    found = await summary(service, shallow)
    assert (found.state, found.unpushed_commit_count) == ("unpushed", 1)


async def test_a_directory_that_is_gone_or_no_repository(service: GitService, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="does not exist any more"):
        await summary(service, tmp_path / "gone")
    with pytest.raises(BadRequest, match="not a git repository"):
        await summary(service, tmp_path)


async def test_a_status_leaves_the_index_alone(service: GitService, repository: Repository) -> None:
    index = repository.path / ".git" / "index"
    os.utime(repository.path / "README.md", (1, 1))
    before = index.read_bytes(), index.stat().st_mtime_ns
    await summary(service, repository.path)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


async def test_what_is_a_work_tree(service: GitService, cloned: Repository, tmp_path: Path) -> None:
    assert cloned.remote is not None
    assert await service.is_work_tree(cloned.path)
    (cloned.path / "sub").mkdir()
    assert await service.is_work_tree(cloned.path / "sub")
    for other in (cloned.remote, cloned.path / ".git", tmp_path, tmp_path / "gone", cloned.path / "README.md"):
        assert not await service.is_work_tree(other)


async def test_the_current_branch(service: GitService, repository: Repository, tmp_path: Path) -> None:
    assert await service.current_branch(repository.path) == "main"
    repository.git("checkout", "--quiet", "--detach")
    assert await service.current_branch(repository.path) == "HEAD"
    assert await service.current_branch(make_repository(tmp_path / "empty", {}).path) is None
    assert await service.current_branch(tmp_path / "gone") is None
