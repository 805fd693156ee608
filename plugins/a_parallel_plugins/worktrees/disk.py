"""How much a directory takes on disk, as du(1) counts."""

import os
from collections.abc import Iterator
from stat import S_ISDIR

BLOCK = 512


def disk_use(path: str) -> int:
    """Return the bytes that a directory and everything below take; what cannot be read counts as nothing."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for status in _statuses(path):
        if status.st_nlink > 1 and not S_ISDIR(status.st_mode):
            identity = (status.st_dev, status.st_ino)
            if identity in seen:
                continue
            seen.add(identity)
        total += status.st_blocks * BLOCK
    return total


def _statuses(path: str) -> Iterator[os.stat_result]:
    waiting = [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    yield status
                    if S_ISDIR(status.st_mode):
                        waiting.append(entry.path)
        except OSError:
            continue
