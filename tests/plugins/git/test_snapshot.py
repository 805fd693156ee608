"""Snapshots keep every byte, disturb nothing, and bring everything back."""

import os
import stat
from pathlib import Path

import pytest

from a_parallel_contracts import Conflict
from a_parallel_plugins.git.service import GitService
from tests.support.repository import Repository, git, make_repository

REF = "refs/a-parallel/snapshots/t1/1"


def content(root: Path) -> dict[str, tuple[str, bytes]]:
    """Return everything below a working tree but git's own files: type and content by path."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in [*files, *links]:
            path = Path(folder) / name
            if path == root / ".git":
                continue
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[str(path.relative_to(root))] = ("link", os.fsencode(os.readlink(path)))  # noqa: PTH115
            else:
                kind = "program" if mode & stat.S_IXUSR else "file"
                found[str(path.relative_to(root))] = (kind, path.read_bytes())
    return found


def status(root: Path) -> str:
    return git(root, "status", "--porcelain=v1", "--untracked-files=all")


def disturb(repository: Repository) -> None:
    """Change a working tree in every way that git knows."""
    root = repository.path
    repository.write("src/app.py", "one\r\ntwo\nthree")  # mixed line endings, no newline at the end
    repository.write("staged.txt", "staged\n")
    repository.git("add", "staged.txt")
    repository.write("staged.txt", "staged, then changed\n")
    (root / "new dir").mkdir()
    repository.write("new dir/üñ\nicode\t.txt", "x")
    (root / "raw.bin").write_bytes(bytes(range(256)))
    Path(os.fsdecode(bytes(root) + b"/broken-\xff")).write_bytes(b"name that is no UTF-8")
    repository.write('"quoted"', "q")
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("./src//app.py")
    (root / "dangling").symlink_to("/nowhere/at all")
    (root / "README.md").unlink()
    (root / "README.md").mkdir()
    repository.write("README.md/now a directory", "d")


def prepare(path: Path) -> Repository:
    repository = make_repository(
        path,
        {"README.md": "# demo\n", "src/app.py": "one\ntwo\n", "gone": "g", ".gitattributes": "* text=auto\n"},
    )
    (repository.path / "tool").write_text("x")
    repository.commit("tool")
    return repository


@pytest.fixture
def busy(tmp_path: Path) -> Repository:
    repository = prepare(tmp_path / "work" / "busy")
    disturb(repository)
    (repository.path / "gone").unlink()
    (repository.path / "tool").chmod(0o755)
    return repository


async def test_nothing_uncommitted_is_no_snapshot(service: GitService, repository: Repository) -> None:
    assert await service.snapshot(repository.path, REF, "m") is None
    assert repository.git("for-each-ref", "refs/a-parallel") == ""


async def test_files_and_index_stay_as_they_are(service: GitService, busy: Repository) -> None:
    index = busy.path / ".git" / "index"
    before = content(busy.path), index.read_bytes(), status(busy.path)
    assert await service.snapshot(busy.path, REF, "m") is not None
    assert (content(busy.path), index.read_bytes(), status(busy.path)) == before


async def test_a_snapshot_is_a_child_of_head_under_its_ref(service: GitService, busy: Repository) -> None:
    commit = await service.snapshot(busy.path, REF, "Uncommitted\n\nchanges")
    assert commit == busy.git("rev-parse", REF)
    assert busy.git("rev-parse", f"{REF}^1") == busy.git("rev-parse", "HEAD")
    assert busy.git("log", "-1", "--format=%an %s", REF) == "a-parallel Uncommitted"
    assert busy.git("show", f"{REF}^2:staged.txt") == "staged"
    assert busy.git("show", f"{REF}:staged.txt") == "staged, then changed"


async def test_everything_comes_back_byte_for_byte(service: GitService, busy: Repository, tmp_path: Path) -> None:
    before, told = content(busy.path), status(busy.path)
    commit = await service.snapshot(busy.path, REF, "m")
    assert commit is not None
    other = tmp_path / "elsewhere"
    busy.git("worktree", "add", "--quiet", "--detach", str(other), "HEAD")
    await service.restore_snapshot(other, commit)
    assert content(other) == before
    assert status(other) == told


async def test_restoring_what_is_there_already_changes_nothing(service: GitService, busy: Repository) -> None:
    commit = await service.snapshot(busy.path, REF, "m")
    assert commit is not None
    before, told = content(busy.path), status(busy.path)
    await service.restore_snapshot(busy.path, commit)
    assert (content(busy.path), status(busy.path)) == (before, told)


@pytest.mark.parametrize("name", ["src/app.py", "raw.bin", "link", "README.md/now a directory", "gone"])
async def test_newer_work_is_never_overwritten(service: GitService, busy: Repository, name: str) -> None:
    commit = await service.snapshot(busy.path, REF, "m")
    assert commit is not None
    (busy.path / name).unlink(missing_ok=True)
    (busy.path / name).write_text("newer")
    before = content(busy.path)
    with pytest.raises(Conflict, match="would be overwritten"):
        await service.restore_snapshot(busy.path, commit)
    assert content(busy.path) == before


async def test_ignored_files_are_not_taken(service: GitService, repository: Repository) -> None:
    repository.write(".gitignore", "*.log\n")
    repository.write("noise.log", "x")
    assert await service.snapshot(repository.path, REF, "m")
    assert ".gitignore" in repository.git("ls-tree", "-r", "--name-only", REF).splitlines()
    assert "noise.log" not in repository.git("ls-tree", "-r", "--name-only", REF).splitlines()


async def test_files_that_git_was_told_to_pass_over_are_kept(service: GitService, repository: Repository) -> None:
    repository.git("update-index", "--assume-unchanged", "README.md")
    repository.write("README.md", "local settings\n")
    assert status(repository.path) == ""
    assert await service.snapshot(repository.path, REF, "m")
    assert repository.git("show", f"{REF}:README.md") == "local settings"


async def test_a_sparse_checkout_loses_nothing(service: GitService, repository: Repository) -> None:
    repository.commit("docs", {"docs/a": "a", "docs/b": "b"})
    repository.git("sparse-checkout", "set", "src")
    repository.write("src/new", "n")
    repository.write("docs/outside", "o")
    assert await service.snapshot(repository.path, REF, "m")
    names = repository.git("ls-tree", "-r", "--name-only", REF).splitlines()
    assert names == ["README.md", "docs/a", "docs/b", "docs/outside", "src/app.py", "src/new"]


async def test_only_the_index_differs(service: GitService, repository: Repository) -> None:
    repository.write("README.md", "precious\n")
    repository.git("add", "README.md")
    repository.write("README.md", "# demo\n")
    assert await service.snapshot(repository.path, REF, "m")
    assert repository.git("show", f"{REF}^2:README.md") == "precious"


async def test_during_a_conflict(service: GitService, repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.commit("side", {"README.md": "side\n"})
    repository.git("switch", "--quiet", "main")
    repository.commit("main", {"README.md": "main\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "side")
    assert await service.snapshot(repository.path, REF, "m")
    assert "<<<<<<< HEAD" in repository.git("show", f"{REF}:README.md")


async def test_before_the_first_commit(service: GitService, tmp_path: Path) -> None:
    made = make_repository(tmp_path / "empty", {})
    assert await service.snapshot(made.path, REF, "m") is None
    made.write("first", "1")
    made.write("staged", "2")
    made.git("add", "staged")
    commit = await service.snapshot(made.path, REF, "m")
    assert commit is not None
    assert made.git("ls-tree", "-r", "--name-only", commit).splitlines() == ["first", "staged"]
    other = make_repository(tmp_path / "other", {})
    other.git("fetch", "--quiet", str(made.path), REF)
    await service.restore_snapshot(other.path, commit)
    assert content(other.path) == content(made.path)


async def test_a_filter_that_is_missing_does_not_stand_in_the_way(service: GitService, repository: Repository) -> None:
    repository.commit("lfs", {".gitattributes": "*.bin filter=lfs\n"})
    repository.git("config", "filter.lfs.required", "true")
    repository.git("config", "filter.lfs.clean", "no-such-program %f")
    repository.git("config", "core.safecrlf", "true")
    (repository.path / "big.bin").write_bytes(b"\r\n" * 100)
    assert await service.snapshot(repository.path, REF, "m")
    assert int(repository.git("cat-file", "-s", f"{REF}:big.bin")) == 200


async def test_large_files_come_back(service: GitService, repository: Repository, tmp_path: Path) -> None:
    large = os.urandom(1024) * (33 * 1024)
    (repository.path / "large").write_bytes(large)
    (repository.path / "large").chmod(0o755)
    commit = await service.snapshot(repository.path, REF, "m")
    assert commit is not None
    other = tmp_path / "elsewhere"
    repository.git("worktree", "add", "--quiet", "--detach", str(other), "HEAD")
    await service.restore_snapshot(other, commit)
    assert (other / "large").read_bytes() == large
    assert content(other)["large"][0] == "program"


async def test_a_snapshot_is_merged_onto_a_branch_that_moved_on(
    service: GitService, repository: Repository, tmp_path: Path
) -> None:
    repository.write("src/app.py", "one\ntwo\nkept\n")
    repository.write("new", "n")
    commit = await service.snapshot(repository.path, REF, "m")
    assert commit is not None
    other = tmp_path / "elsewhere"
    repository.git("worktree", "add", "--quiet", "-b", "moved", str(other), "HEAD")
    Repository(other).commit("moved on", {"README.md": "# moved\n", "src/app.py": "one\nTWO\n"})
    with pytest.raises(Conflict, match="do not fit"):
        await service.restore_snapshot(other, commit)
    git(other, "reset", "--quiet", "--hard", "HEAD^")
    Repository(other).commit("elsewhere", {"README.md": "# moved\n"})
    await service.restore_snapshot(other, commit)
    assert (other / "src/app.py").read_text() == "one\ntwo\nkept\n"
    assert (other / "README.md").read_text() == "# moved\n"
    assert status(other) == " M src/app.py\n?? new"


async def test_a_link_that_leads_out_is_not_followed(
    service: GitService, repository: Repository, tmp_path: Path
) -> None:
    repository.write("inner/file", "x")
    commit = await service.snapshot(repository.path, REF, "m")
    assert commit is not None
    other, outside = tmp_path / "elsewhere", tmp_path / "outside"
    outside.mkdir()
    repository.git("worktree", "add", "--quiet", "--detach", str(other), "HEAD")
    (other / "inner").symlink_to(outside)
    with pytest.raises(Conflict):
        await service.restore_snapshot(other, commit)
    assert list(outside.iterdir()) == []


async def test_a_linked_worktree_in_a_subdirectory_is_taken_whole(
    service: GitService, repository: Repository, tmp_path: Path
) -> None:
    side = tmp_path / "side"
    repository.git("worktree", "add", "--quiet", "-b", "side", str(side))
    (side / "README.md").write_text("changed\n")
    assert await service.snapshot(side / "src", REF, "m")
    assert repository.git("show", f"{REF}:README.md") == "changed"


async def test_clones_inside_with_work_of_their_own_are_found(
    service: GitService, cloned: Repository, tmp_path: Path
) -> None:
    inner = cloned.path / "vendor" / "lib"
    git(tmp_path, "clone", "--quiet", str(cloned.remote), str(inner))
    assert await service.nested_work(cloned.path) == []
    (inner / "README.md").write_text("changed\n")
    assert await service.nested_work(cloned.path) == ["vendor/lib"]
    git(inner, "commit", "--quiet", "--all", "--message", "own")
    assert await service.nested_work(cloned.path) == ["vendor/lib"]
    git(inner, "push", "--quiet", "origin", "main")
    assert await service.nested_work(cloned.path) == []
    (inner / "README.md").write_text("stashed\n")
    git(inner, "stash", "--quiet")
    assert await service.nested_work(cloned.path) == ["vendor/lib"]


async def test_submodules_with_commits_of_their_own_are_found(
    service: GitService, cloned: Repository, tmp_path: Path
) -> None:
    library = make_repository(tmp_path / "library", {"l": "1"}, remote=tmp_path / "library.git")
    cloned.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.remote), "lib")
    cloned.commit("submodule")
    assert await service.nested_work(cloned.path) == []
    git(cloned.path / "lib", "commit", "--quiet", "--allow-empty", "--message", "own")
    assert await service.nested_work(cloned.path) == ["lib"]
    commit = await service.snapshot(cloned.path, REF, "m")
    assert commit is not None
    assert git(cloned.path / "lib", "rev-parse", "HEAD") in cloned.git("ls-tree", commit, "lib")
