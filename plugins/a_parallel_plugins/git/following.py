"""Notices what people do with git outside of the server: HEAD and index of followed working trees (inotify(7))."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from a_parallel_plugins.git import inotify

MASK = inotify.CREATE | inotify.MOVED_TO | inotify.MODIFY | inotify.ONLYDIR

NAMES = ("HEAD", "index")
"""Git replaces both by renaming a lock file, so one move is one change (gitrepository-layout(5))."""


class GitDirectories:
    """Follows the git directories of working trees; elsewhere than on Linux it follows nothing.

    Parameters:
        changed: called on the event loop with the key of a working tree whose HEAD or index was replaced.
    """

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self._keys: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._watches: inotify.Watches | None = None
        self._closed = not inotify.THERE

    async def follow(self, key: str, work_tree: Path) -> None:
        """Follow a working tree under `key`; once is enough. Harmless if it is no repository."""
        if self._closed or key in self._numbers:
            return
        directory = await asyncio.to_thread(_git_directory, work_tree)
        if directory is None or self._closed or key in self._numbers:
            return
        try:
            number = self._opened().add(directory, MASK)
        except OSError:  # gone meanwhile, or nothing more can be watched
            return
        self._numbers[key], self._keys[number] = number, key

    def forget(self, key: str) -> None:
        """Follow a working tree no more."""
        number = self._numbers.pop(key, None)
        if number is None or self._watches is None:
            return
        self._keys.pop(number, None)
        self._watches.remove(number)

    def close(self) -> None:
        """Follow nothing any more."""
        self._closed = True
        if self._watches is not None:
            asyncio.get_running_loop().remove_reader(self._watches.fileno())
            self._watches.close()
            self._watches = None

    def _opened(self) -> inotify.Watches:
        if self._watches is None:
            self._watches = inotify.Watches()
            asyncio.get_running_loop().add_reader(self._watches.fileno(), self._read)
        return self._watches

    def _read(self) -> None:
        for event in self._watches.read() if self._watches else ():
            key = self._keys.get(event.wd)
            if event.mask & inotify.Q_OVERFLOW:
                for one in list(self._numbers):
                    self._changed(one)
            elif event.mask & inotify.IGNORED and key is not None:
                del self._keys[event.wd], self._numbers[key]
            elif key is not None and event.name in NAMES:
                self._changed(key)


def _git_directory(work_tree: Path) -> str | None:
    import pygit2  # late, as it takes a while

    try:
        return str(pygit2.Repository(str(work_tree)).path)
    except pygit2.GitError:
        return None
