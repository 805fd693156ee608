"""Lock files that a git which was killed has left (git-update-index(1), "index.lock")."""

import time
from collections.abc import Iterator
from pathlib import Path

from a_parallel_contracts import Finding

OLD = 600.0
"""Seconds after which no git command of ours can still hold one."""
NAMES = ("index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "shallow.lock")


def stale_locks(repository: Path, repair: bool) -> list[Finding]:
    """Return the old lock files of a repository; those that provably nobody has open are removed by a repair.

    Parameters:
        repository: the git directory that all working trees share.
        repair: remove them.
    """
    return [_finding(path, repair) for path in _old_locks(repository)]


def _finding(path: Path, repair: bool) -> Finding:
    free = _nobody_has(path)
    if free and repair:
        path.unlink(missing_ok=True)
    detail = "a git command that is gone has left it" if free else "remove it once no git command runs there"
    return Finding(check="stale-lock", subject=str(path), detail=detail, repairable=free, repaired=free and repair)


def _old_locks(repository: Path) -> Iterator[Path]:
    for directory in (repository, *(repository / "worktrees").glob("*")):
        for name in NAMES:
            path = directory / name
            try:
                if time.time() - path.stat().st_mtime > OLD:
                    yield path
            except OSError:
                continue


def _nobody_has(path: Path) -> bool:
    """Tell whether no process of this user has the file open; False where /proc does not show that."""
    proc = Path("/proc")
    if not (proc / "self" / "fd").is_dir():
        return False
    wanted = path.stat()
    for descriptor in _descriptors(proc):
        try:
            status = descriptor.stat()
        except OSError:
            continue  # closed meanwhile
        if (status.st_dev, status.st_ino) == (wanted.st_dev, wanted.st_ino):
            return False
    return True


def _descriptors(proc: Path) -> Iterator[Path]:
    for directory in proc.glob("[0-9]*/fd"):
        try:
            yield from directory.iterdir()
        except OSError:
            continue  # gone, or another user's
