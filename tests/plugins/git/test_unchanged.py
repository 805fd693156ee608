"""What git said of a working tree is believed until anything that it looked at changes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from a_parallel_plugins.git.unchanged import UnchangedTrees

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify(7) is there on Linux only")


def git(path: Path, *words: str) -> None:
    identity = ["-c", "user.name=Peer", "-c", "user.email=peer@example.invalid"]
    subprocess.run(["git", "-C", str(path), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir(exist_ok=True)
    path = tmp_path / "repository"
    (path / "src" / "deep").mkdir(parents=True)
    (path / "build").mkdir()
    (path / "src" / "deep" / "a.txt").write_text("one\n")
    (path / "build" / "kept.txt").write_text("tracked although ignored\n")
    (path / ".gitignore").write_text("build/\nnode_modules/\n")
    git(path.parent, "init", "-q", "-b", "main", str(path))
    git(path, "add", "--all", "--force")
    git(path, "commit", "-q", "-m", "begin")
    (path / "node_modules" / "x").mkdir(parents=True)
    return path


async def remembered(trees: UnchangedTrees[str], path: Path) -> str | None:
    stamp = await trees.begin(path)
    assert stamp is not None
    trees.put(path, stamp, "said")
    return await trees.get(path)


def append(name: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with (path / name).open("a") as file:
            file.write("more\n")

    return change


CHANGES: dict[str, Callable[[Path], object]] = {
    "a tracked file": append("src/deep/a.txt"),
    "a tracked file in an ignored directory": append("build/kept.txt"),
    "a new file": append("src/new.txt"),
    "a new directory": lambda path: (path / "src" / "more").mkdir(),
    "a file that is gone": lambda path: (path / "src/deep/a.txt").unlink(),
    "a file's mode": lambda path: (path / "src/deep/a.txt").chmod(0o755),
    "a moved directory": lambda path: (path / "src").rename(path / "source"),
    "what is staged": lambda path: git(path, "rm", "-q", "--cached", "src/deep/a.txt"),
    "a commit": lambda path: git(path, "commit", "-q", "--allow-empty", "-m", "more"),
    "the branch": lambda path: git(path, "switch", "-q", "-c", "other"),
    "an ignore list": append(".git/info/exclude"),
    "the settings of the repository": lambda path: git(path, "config", "core.fileMode", "false"),
    "the settings of the user": lambda path: (path.parent / "home" / ".gitconfig").write_text("[core]\n"),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_is_seen_at_once(what: str, repository: Path) -> None:
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await remembered(trees, repository) == "said"
    CHANGES[what](repository)
    assert await trees.get(repository) is None
    assert await remembered(trees, repository) == "said"
    trees.close()


@pytest.mark.parametrize("version", ["2", "3", "4"])
async def test_tracked_files_in_an_ignored_directory_are_seen_in_any_index(version: str, repository: Path) -> None:
    git(repository, "update-index", "--index-version", version)
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await remembered(trees, repository) == "said"
    CHANGES["a tracked file in an ignored directory"](repository)
    assert await trees.get(repository) is None


async def test_the_upstream_moving_is_seen(repository: Path) -> None:
    bare = repository.parent / "remote.git"
    git(repository.parent, "init", "-q", "--bare", str(bare))
    git(repository, "remote", "add", "origin", str(bare))
    git(repository, "push", "-q", "-u", "origin", "main")
    git(repository, "commit", "-q", "--allow-empty", "-m", "more")
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await remembered(trees, repository) == "said"
    git(repository, "push", "-q")
    assert await trees.get(repository) is None


async def test_what_git_does_not_look_at_changes_nothing(repository: Path) -> None:
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await remembered(trees, repository) == "said"
    (repository / "node_modules" / "x" / "index.js").write_text("1\n")
    (repository / "src" / "deep" / "a.txt").read_text()
    git(repository, "--no-optional-locks", "status")
    git(repository, "tag", "a-tag")
    assert await trees.get(repository) == "said"


async def test_a_change_while_git_is_asked_is_not_missed(repository: Path) -> None:
    trees: UnchangedTrees[str] = UnchangedTrees()
    stamp = await trees.begin(repository)
    assert stamp is not None
    append("src/deep/a.txt")(repository)
    trees.put(repository, stamp, "said before")
    assert await trees.get(repository) is None


async def test_of_two_that_ask_at_once_the_earlier_is_not_believed(repository: Path) -> None:
    trees: UnchangedTrees[str] = UnchangedTrees()
    earlier = await trees.begin(repository)
    append("src/deep/a.txt")(repository)
    later = await trees.begin(repository)
    assert earlier is not None
    assert later is not None
    trees.put(repository, later, "after the change")
    trees.put(repository, earlier, "before the change")
    assert await trees.get(repository) is None


async def test_linked_worktrees_and_subdirectories_are_told_apart(repository: Path) -> None:
    linked = repository.parent / "linked"
    git(repository, "worktree", "add", "-q", "-b", "task", str(linked))
    trees: UnchangedTrees[str] = UnchangedTrees()
    for path in (repository, linked, repository / "src"):
        assert await remembered(trees, path) == "said"
    append("src/deep/a.txt")(linked)
    assert await trees.get(linked) is None
    assert await trees.get(repository) == "said"
    assert await trees.get(repository / "src") == "said"
    append(".gitignore")(repository)
    assert await trees.get(repository) is None
    assert await trees.get(repository / "src") == "said"


async def test_a_tree_with_a_repository_inside_is_not_believed(repository: Path) -> None:
    git(repository, "init", "-q", "inner")
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await trees.begin(repository) is None


async def test_nothing_is_known_of_what_is_no_repository(tmp_path: Path) -> None:
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await trees.begin(tmp_path) is None
    assert await trees.begin(tmp_path / "gone") is None


async def test_a_lost_event_counts_as_a_change(repository: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    trees: UnchangedTrees[str] = UnchangedTrees()
    assert await remembered(trees, repository) == "said"
    file = repository / "src" / "deep" / "a.txt"
    for number in range(limit // 2 + 10):  # two different events in turn, so that the kernel does not merge them
        os.utime(file, ns=(number, number))
        file.chmod(0o644 if number % 2 else 0o600)
    assert await trees.get(repository) is None
