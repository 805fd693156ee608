"""Remembers what git said about a working tree, for as long as nothing that it looked at has changed."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from a_parallel_plugins.git.tracked import TrackedDirectories
from a_parallel_plugins.git.watch import TreeWatch

if TYPE_CHECKING:
    import pygit2

ValueT = TypeVar("ValueT")
Stamp = tuple[object, ...]

IN_GIT_DIRECTORY = ("HEAD", "index", "config.worktree", "info/sparse-checkout")
IN_COMMON_DIRECTORY = ("config", "info/exclude", "info/attributes")
IN_HOME = (".gitconfig", ".config/git/config", ".config/git/ignore", ".config/git/attributes")


class Beginning(Struct, frozen=True):
    """What was there before git was asked: the number of the watch, and the stamp of everything but the files."""

    watch: int
    stamp: Stamp


class _Entry(Struct, Generic[ValueT], frozen=True):
    beginning: Beginning
    value: ValueT


class UnchangedTrees(Generic[ValueT]):
    """Values by working tree, each with the stamp of everything but the files themselves, which are watched."""

    def __init__(self) -> None:
        self._watch = TreeWatch()
        self._entries: dict[Path, _Entry[ValueT]] = {}

    async def get(self, work_tree: Path) -> ValueT | None:
        """Return the value that was put last, if git would say the same now."""
        entry = self._entries.get(work_tree)
        if entry is None or not await asyncio.to_thread(self._holds, work_tree, entry.beginning):
            self._entries.pop(work_tree, None)
            return None
        return entry.value

    async def begin(self, work_tree: Path) -> Beginning | None:
        """Return what to put the value with, or None if this tree cannot be watched; before git is asked."""
        return await asyncio.to_thread(self._begin, work_tree)

    def put(self, work_tree: Path, beginning: Beginning, value: ValueT) -> None:
        """Remember what git said."""
        self._entries[work_tree] = _Entry(beginning, value)

    def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._watch.close()

    def _holds(self, work_tree: Path, beginning: Beginning) -> bool:
        return self._watch.unchanged(work_tree, beginning.watch) and stamp_of(work_tree) == beginning.stamp

    def _begin(self, work_tree: Path) -> Beginning | None:
        import pygit2  # late, as it takes a while

        stamp = stamp_of(work_tree)  # before the index is read: of an index replaced meanwhile it must not hold
        if stamp is None:
            return None
        try:
            repository = pygit2.Repository(str(work_tree))
            prefix = _prefix(repository, work_tree)
            tracked = TrackedDirectories(repository)

            def wanted(directory: str) -> bool:
                path = prefix + directory
                return not repository.path_is_ignored(f"{path}/") or path in tracked

            watch = self._watch.begin(work_tree, wanted)
        except (pygit2.GitError, OSError, ValueError):
            return None
        return None if watch is None else Beginning(watch, stamp)


def stamp_of(work_tree: Path) -> Stamp | None:
    """Return what tells two states of everything but the files apart, or None if the repository cannot be read.

    HEAD, its commit, its upstream's commit, the index, and the settings and lists of ignored files.
    """
    import pygit2

    try:
        repository = pygit2.Repository(str(work_tree))
        directory = Path(repository.path)
        common = _common(directory)
        files = [
            *(directory / name for name in IN_GIT_DIRECTORY),
            *(common / name for name in IN_COMMON_DIRECTORY),
            *(Path.home() / name for name in IN_HOME),
        ]
        return (*map(_file_stamp, files), *_tips(repository))
    except (pygit2.GitError, OSError, KeyError, ValueError):
        return None


def _common(directory: Path) -> Path:
    pointer = directory / "commondir"
    return (directory / pointer.read_text("utf-8").strip()).resolve() if pointer.is_file() else directory


def _file_stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _tips(repository: "pygit2.Repository") -> tuple[str | None, str | None]:
    if repository.head_is_unborn:
        return None, None
    head = str(repository.head.target)
    if repository.head_is_detached:
        return head, None
    branch = repository.lookup_branch(repository.head.shorthand)
    upstream = branch.upstream if branch is not None else None
    return head, str(upstream.target) if upstream is not None else None


def _prefix(repository: "pygit2.Repository", work_tree: Path) -> str:
    """Return the path of `work_tree` inside its repository's working tree, with a slash behind it, or nothing."""
    relative = work_tree.resolve().relative_to(Path(repository.workdir).resolve()).as_posix()
    return "" if relative == "." else f"{relative}/"
