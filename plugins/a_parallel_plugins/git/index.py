"""Stage, unstage, revert (``http-core.md`` §7.4 and §7.8)."""

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import LONG, Commands
from a_parallel_plugins.git.diff import STAGED, DiffReader
from a_parallel_plugins.git.paths import FROM_STDIN, listed, resolved, shown

_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=all", "--no-renames", "-z", "--")


class Index:
    """Changes the index and the files of a working tree."""

    def __init__(self, commands: Commands, diffs: DiffReader) -> None:
        self._commands = commands
        self._diffs = diffs

    async def stage(self, directory: Path, paths: Sequence[str]) -> None:
        """Put files into the index as they are, or as they are gone.

        Raises:
            BadRequest: a path is invalid or names nothing; nothing is staged then.
            Conflict: another git process holds the index.
        """
        names = await resolved(self._commands, directory, paths)
        await self._on_paths(directory, ["add"], names)

    async def unstage(self, directory: Path, paths: Sequence[str]) -> None:
        """Take changes of files out of the index; of a renamed one both sides.

        Raises:
            BadRequest: a path is invalid or unknown to git.
            Conflict: another git process holds the index.
        """
        names = await self._both_sides(directory, await resolved(self._commands, directory, paths))
        if await self._has_head(directory):
            await self._on_paths(directory, ["restore", "--staged"], names)
        else:
            await self._on_paths(directory, ["rm", "--cached", "-r", "--force", "--quiet"], names)

    async def plan_revert(self, directory: Path, paths: Sequence[str]) -> "Reversal":
        """Look what reverting `paths` would do, without doing it.

        Raises:
            BadRequest: a path is invalid, unknown to git, or a repository of its own.
        """
        names = await self._both_sides(directory, await resolved(self._commands, directory, paths))
        prefix = await self._commands.output(directory, ["rev-parse", "--show-prefix"])
        report = parse.status_report(await self._commands.output(directory, [*_STATUS, "."]))
        base = parse.text(prefix.removesuffix(b"\n"))
        entries = [(entry, entry.path.removeprefix(base)) for entry in report.entries]
        for name in names:
            if not any(_below(path, name) for _, path in entries):
                await self._commands.output(directory, ["ls-files", "--error-unmatch", "-z", "--", name])
        chosen = [(entry, path) for entry, path in entries if any(_below(path, name) for name in names)]
        return _reversal(report.oid is not None, chosen)

    async def revert(self, directory: Path, reversal: "Reversal") -> None:
        """Bring files back to HEAD, and delete those that it does not have.

        Raises:
            Conflict: another git process holds the index.
        """
        if reversal.tracked and reversal.has_head:
            arguments = ["restore", "--source=HEAD", "--staged", "--worktree"]
            await self._on_paths(directory, arguments, reversal.tracked)
        elif reversal.tracked:
            await self._on_paths(directory, ["rm", "-r", "--force", "--quiet"], reversal.tracked)
        await asyncio.to_thread(_delete, directory, reversal.untracked)

    async def _both_sides(self, directory: Path, names: Sequence[str]) -> list[str]:
        """Add where staged files were renamed from: a page only knows their new names."""
        renamed = [file for file in await self._diffs.changed(directory, STAGED) if file.letter == "R"]
        origins = [file.original for file in renamed if file.original and any(_below(file.path, n) for n in names)]
        return list(dict.fromkeys([*names, *origins]))

    async def _has_head(self, directory: Path) -> bool:
        return (await self._commands.run(directory, ["rev-parse", "--verify", "--quiet", "HEAD"])).ok

    async def _on_paths(self, directory: Path, arguments: Sequence[str], names: Sequence[str]) -> None:
        await self._commands.output(directory, [*arguments, *FROM_STDIN], stdin=listed(names), timeout=LONG)


class Reversal:
    """What a revert does.

    Attributes:
        has_head: there is a commit to go back to.
        tracked: files to bring back, or to drop before the first commit.
        untracked: files to delete.
    """

    def __init__(self, *, has_head: bool, tracked: Sequence[str], untracked: Sequence[str]) -> None:
        self.has_head = has_head
        self.tracked = tracked
        self.untracked = untracked

    @property
    def paths(self) -> list[str]:
        """All of them."""
        return [*self.tracked, *self.untracked]

    @property
    def summary(self) -> str:
        """What it reverts, in a few words."""
        paths = [shown(path) for path in self.paths]
        return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _reversal(has_head: bool, chosen: Iterable[tuple[parse.Entry, str]]) -> Reversal:
    tracked: list[str] = []
    untracked: list[str] = []
    for entry, path in chosen:
        if path.endswith("/"):
            raise BadRequest(f"{shown(path)} is a repository of its own. Move or delete it yourself.")
        (untracked if entry.kind == "untracked" else tracked).append(path)
    return Reversal(has_head=has_head, tracked=tracked, untracked=untracked)


def _below(path: str, name: str) -> bool:
    """Tell whether `path` is `name` or lies below it; ``.`` is everything."""
    return name == "." or path == name or path.startswith(f"{name}/") or path.rstrip("/") == name


def _delete(directory: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (directory / path).unlink(missing_ok=True)
        _prune((directory / path).parent, directory)


def _prune(folder: Path, root: Path) -> None:
    """Remove directories that have become empty, as git does with those of tracked files."""
    while folder != root and folder.is_dir() and not any(os.scandir(folder)):
        folder.rmdir()
        folder = folder.parent
