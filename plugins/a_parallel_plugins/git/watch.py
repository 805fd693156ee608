"""Knows whether a directory's files have changed since they were last looked at (inotify(7), Linux only).

The kernel queues an event before the call that caused it returns, so a queue that is read at the moment of the
question never answers too early; a watcher that is told of changes some time later would.
"""

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct, field

from a_parallel_plugins.git import inotify

MASK = (
    inotify.MODIFY | inotify.ATTRIB | inotify.CREATE | inotify.DELETE | inotify.MOVED_FROM | inotify.MOVED_TO
    | inotify.DELETE_SELF | inotify.MOVE_SELF | inotify.ONLYDIR | inotify.DONT_FOLLOW | inotify.EXCL_UNLINK
)  # fmt: skip

DIRECTORIES = 10_000
"""Of one tree; a larger one is read anew each time."""
WATCHES = 100_000
"""Of all trees together; the one that was asked about longest ago is forgotten first."""
REMOTE = ("nfs", "cifs", "smb", "9p", "fuse", "virtiofs", "vboxsf", "afs", "ceph", "gluster", "lustre")
"""Kinds of file systems on which others may write without this machine's kernel knowing."""


class _Tree(Struct, eq=False):
    number: int
    watches: set[int] = field(default_factory=set)
    changed: bool = False


class TooLarge(Exception):
    """A tree with more directories than are watched, or with a repository inside."""


class TreeWatch:
    """Watches trees until they change once; safe to be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._trees: dict[Path, _Tree] = {}
        self._of: dict[int, set[_Tree]] = {}
        self._watches: inotify.Watches | None = None
        self._closed = False

    def begin(self, root: Path, wanted: Callable[[str], bool]) -> int | None:
        """Watch a tree from now on and return the number of this watch; to be called before the tree is read.

        Of two that read at the same time, the later one's watch ends the earlier one's, which has not seen
        everything then.

        Parameters:
            root: absolute.
            wanted: tells of a directory, relative to `root`, whether its files count.

        Returns:
            None if the tree cannot be watched.
        """
        if not inotify.THERE or self._closed or _remote(root):
            return None
        with self._lock:
            self._forget(root)
            tree = self._trees[root] = _Tree(next(self._numbers))
            try:
                self._watches = self._watches or inotify.Watches()
                self._add(tree, root, wanted)
            except (OSError, TooLarge):  # no watches left, or the tree changes right now: read it anew next time
                self._forget(root)
                return None
            while len(self._of) > WATCHES and len(self._trees) > 1:
                self._forget(next(iter(self._trees)))
            return tree.number if root in self._trees else None

    def unchanged(self, root: Path, number: int) -> bool:
        """Tell whether nothing in a tree has changed since `begin` returned `number`."""
        with self._lock:
            self._drain()
            tree = self._trees.get(root)
            if tree is None or tree.number != number:
                return False
            self._trees[root] = self._trees.pop(root)  # asked about last
            if tree.changed:
                self._forget(root)
            return not tree.changed

    def close(self) -> None:
        """Watch nothing any more."""
        with self._lock:
            self._trees.clear()
            self._of.clear()
            self._closed = True
            if self._watches is not None:
                self._watches.close()
                self._watches = None

    def _add(self, tree: _Tree, root: Path, wanted: Callable[[str], bool]) -> None:
        for directory in _directories(root, wanted, self._watch_for(tree)):
            if len(tree.watches) > DIRECTORIES:
                raise TooLarge(directory)

    def _watch_for(self, tree: _Tree) -> Callable[[str], None]:
        assert self._watches is not None
        add, of = self._watches.add, self._of

        def watch(directory: str) -> None:
            number = add(directory, MASK)
            tree.watches.add(number)
            of.setdefault(number, set()).add(tree)

        return watch

    def _drain(self) -> None:
        for event in self._watches.read() if self._watches else ():
            lost = event.mask & inotify.Q_OVERFLOW
            for tree in self._trees.values() if lost else self._of.get(event.wd, ()):
                tree.changed = True

    def _forget(self, root: Path) -> None:
        tree = self._trees.pop(root, None)
        for number in tree.watches if tree else ():
            others = self._of[number]
            others.discard(tree)
            if not others:
                del self._of[number]
                if self._watches is not None:
                    self._watches.remove(number)


def _directories(root: Path, wanted: Callable[[str], bool], watch: Callable[[str], None]) -> Iterator[str]:
    """Watch a directory and then yield what is below, so that nothing made meanwhile is missed."""
    top = str(root)
    waiting = [top]
    while waiting:
        directory = waiting.pop()
        watch(directory)
        yield directory
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name == ".git":
                    if directory != top:
                        raise TooLarge(directory)
                elif entry.is_dir(follow_symlinks=False) and wanted(entry.path[len(top) + 1 :]):
                    waiting.append(entry.path)


def _remote(root: Path) -> bool:
    """Tell whether a directory lies on a file system that others may change (proc(5), mountinfo)."""
    device = root.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == number:
            return after.startswith(REMOTE)
    return False
