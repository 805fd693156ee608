"""What git ignores in a working tree, and how much of it there is."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from a_parallel_contracts.git import IgnoredFile, IgnoredFiles
from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import LONG, Commands

_IGNORED = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")


class IgnoredFinder:
    """Finds ignored files; a directory that is ignored as a whole is one entry."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def find(self, root: Path, limit: int) -> IgnoredFiles:
        """Return what fits into `limit` bytes, the small first, and the rest (see `Git.ignored`)."""
        paths = await self._paths(root)
        return await asyncio.to_thread(_sorted_out, root, paths, limit)

    async def repositories(self, root: Path) -> list[str]:
        """Return the paths of repositories among what is ignored."""
        paths = await self._paths(root)
        return await asyncio.to_thread(lambda: [found for path in paths for found in _repositories(root, path)])

    async def _paths(self, root: Path) -> list[str]:
        output = await self._commands.output(root, _IGNORED, timeout=LONG)
        return [parse.text(record).rstrip("/") for record in parse.records(output) if record]


def files_below(root: Path, path: str) -> list[str]:
    """Return the files and links at or below `path`, relative to `root`."""
    whole = root / path
    if whole.is_symlink() or not whole.is_dir():
        return [path]
    found = []
    for folder, folders, names in os.walk(whole):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [os.path.relpath(Path(folder) / name, root) for name in (*names, *links)]
    return found


def _sorted_out(root: Path, paths: Iterable[str], limit: int) -> IgnoredFiles:
    measured = sorted((_size(root, path), path) for path in paths)
    fitting: list[IgnoredFile] = []
    rest: list[IgnoredFile] = []
    used = 0
    for size, path in measured:
        fits = used + size <= limit and not _repositories(root, path)
        (fitting if fits else rest).append(IgnoredFile(path=path, size=size))
        used += size if fits else 0
    return IgnoredFiles(fitting=fitting, rest=rest)


def _size(root: Path, path: str) -> int:
    return sum((root / file).lstat().st_size for file in files_below(root, path) if os.path.lexists(root / file))


def _repositories(root: Path, path: str) -> list[str]:
    """Return the directories at or below `path` that hold a ``.git``, which no tree can."""
    whole = root / path
    if whole.is_symlink() or not whole.is_dir():
        return []
    found = []
    for folder, folders, names in os.walk(whole):
        if ".git" in folders or ".git" in names:
            found.append(os.path.relpath(folder, root))
            folders.clear()
    return found
