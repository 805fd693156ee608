"""Notices what people do with git outside of the server: HEAD and index of followed working trees (inotify(7))."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pygit2

if sys.platform == "linux":
    from inotify_simple import INotify, flags

    MASK = flags.CREATE | flags.MOVED_TO | flags.MODIFY | flags.ONLYDIR

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
        self._inotify = INotify(nonblocking=True) if sys.platform == "linux" else None
        if self._inotify is not None:
            asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._read)

    async def follow(self, key: str, work_tree: Path) -> None:
        """Follow a working tree under `key`; once is enough. Harmless if it is no repository."""
        if self._inotify is None or key in self._numbers:
            return
        directory = await asyncio.to_thread(_git_directory, work_tree)
        if directory is None or self._inotify is None or key in self._numbers:
            return
        try:
            number = self._inotify.add_watch(directory, MASK)
        except OSError:  # gone meanwhile, or no watches left
            return
        self._numbers[key], self._keys[number] = number, key

    def forget(self, key: str) -> None:
        """Follow a working tree no more."""
        number = self._numbers.pop(key, None)
        if number is None or self._inotify is None:
            return
        self._keys.pop(number, None)
        try:
            self._inotify.rm_watch(number)
        except OSError:  # the directory is gone, and its watch with it
            return

    def close(self) -> None:
        """Follow nothing any more."""
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    def _read(self) -> None:
        if self._inotify is None:
            return
        for event in self._inotify.read(timeout=0):
            key = self._keys.get(event.wd)
            if event.mask & flags.Q_OVERFLOW:
                for one in list(self._numbers):
                    self._changed(one)
            elif event.mask & flags.IGNORED and key is not None:
                del self._keys[event.wd], self._numbers[key]
            elif key is not None and event.name in NAMES:
                self._changed(key)


def _git_directory(work_tree: Path) -> str | None:
    try:
        return str(pygit2.Repository(str(work_tree)).path)
    except pygit2.GitError:
        return None
