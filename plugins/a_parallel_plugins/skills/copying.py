"""Takes over a skill's files: nothing that leads out of it, and no more than allowed."""

import os
import shutil
import stat
from pathlib import Path

from a_parallel_contracts import BadRequest

_FILES = 5000


def copy_skill(source: Path, target: Path, size_limit: int) -> None:
    """Copy a skill's directory; `target` is made. Version control of the source stays behind.

    Parameters:
        source: a directory with a ``SKILL.md``.
        target: must not be there.
        size_limit: bytes.

    Raises:
        BadRequest: it is too large, holds something that is no file, or a link that leads out of it.
    """
    _measure(source, size_limit)
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"), copy_function=_copy)


def _measure(source: Path, size_limit: int) -> None:
    size = count = 0
    for root, directories, files in os.walk(source):
        directories[:] = [name for name in directories if name != ".git"]
        for name in (*directories, *files):
            path = Path(root, name)
            size += _admitted(source, path)
            count += 1
        if size > size_limit or count > _FILES:
            raise BadRequest(f"the skill is too large: more than {size_limit} bytes or {_FILES} files")


def _admitted(source: Path, path: Path) -> int:
    """Return the size of what may be copied."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        target = path.readlink()
        inside = path.resolve().is_relative_to(source.resolve())
        if target.is_absolute() or not inside:
            raise BadRequest(f"invalid skill: {path.relative_to(source)} is a link that leads out of it")
    elif not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise BadRequest(f"invalid skill: {path.relative_to(source)} is no file")
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _copy(source: str, target: str) -> str:
    """Copy a file with nothing of its mode but whether it can be run."""
    shutil.copyfile(source, target, follow_symlinks=False)
    if not Path(target).is_symlink():
        Path(target).chmod(0o755 if Path(source).stat().st_mode & 0o100 else 0o644)
    return target
