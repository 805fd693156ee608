"""The machine's inotify(7), opened when something is to be watched for the first time; Linux only."""

import sys
from collections.abc import Sequence
from typing import Protocol

THERE = sys.platform == "linux"

MODIFY, ATTRIB, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF = (
    0x2, 0x4, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
)  # fmt: skip
Q_OVERFLOW, IGNORED, ONLYDIR, DONT_FOLLOW, EXCL_UNLINK = 0x4000, 0x8000, 0x1000000, 0x2000000, 0x4000000
"""Bits of masks, as in ``sys/inotify.h``."""


class Change(Protocol):
    """What happened: the number of the watch, a mask of bits, and a name inside the watched directory."""

    wd: int
    mask: int
    name: str


class Watches:
    """A queue of changes in the watched directories."""

    def __init__(self) -> None:
        """Open the queue.

        Raises:
            OSError: there are too many of them (``max_user_instances``).
        """
        from inotify_simple import INotify  # late: it looks for the C library with a program

        self._inotify = INotify(nonblocking=True)

    def fileno(self) -> int:
        """Return the descriptor that can be read when something has happened."""
        number: int = self._inotify.fileno()
        return number

    def add(self, directory: str, mask: int) -> int:
        """Watch a directory and return the number of the watch; the same one again if it is watched already.

        Raises:
            OSError: it is gone, or there are no watches left (``max_user_watches``).
        """
        number: int = self._inotify.add_watch(directory, mask)
        return number

    def remove(self, number: int) -> None:
        """End a watch."""
        try:
            self._inotify.rm_watch(number)
        except OSError:  # the directory is gone, and its watch with it
            return

    def read(self) -> Sequence[Change]:
        """Return what has happened since the last time, without waiting."""
        found: Sequence[Change] = self._inotify.read(timeout=0)
        return found

    def close(self) -> None:
        """Watch nothing any more."""
        self._inotify.close()
