"""What has changed in a thread's directory, file by file (``http-core.md`` §7.3 and §7.8)."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from msgspec import Struct
from pydantic import Field

from a_parallel_contracts import BadRequest, NotFound, WireModel
from a_parallel_plugins.git import parse, untracked
from a_parallel_plugins.git.commands import DIFF_FORMAT, LONG, Commands, failure
from a_parallel_plugins.git.patches import Changed, take_apart, texts
from a_parallel_plugins.git.paths import shown

FILE_LIMIT = 512 * 1024
"""Bytes of one file's text; what is longer is left out and can be asked for by path."""

TOTAL_LIMIT = 16 * 1024 * 1024
"""Bytes that git may print at a time, and of untracked files' texts in all."""

WHOLE_LIMIT = 64 * 1024 * 1024
_ROUNDS = 5
_NAMED = 1000
_DIFF = (
    "-c",
    "diff.autoRefreshIndex=true",
    "-c",
    "diff.suppressBlankEmpty=false",
    "diff",
    "--patch",
    "-z",
    "--relative",
    "--unified=3",
    "--inter-hunk-context=0",
    *DIFF_FORMAT,
)

Status = Literal["added", "modified", "deleted", "renamed"]
_STATUS: dict[str, Status] = {"A": "added", "C": "added", "D": "deleted", "R": "renamed"}


class FileDiff(WireModel):
    """One changed file (``http-core.md`` §3.6). `truncated` is there when its text was left out for its size."""

    path: str
    status: Status
    diff: str
    staged: bool
    truncated: bool = Field(default=False, exclude_if=lambda value: not value)


class Side(Struct, frozen=True):
    """One comparison: HEAD with the index, the index with the files, or the commit `since` with the files."""

    staged: bool
    since: str | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """For conflicts, git compares files with our side, which is HEAD's."""
        if self.since is not None:
            return (self.since,)
        return ("--cached",) if self.staged else ("--ours",)


STAGED, UNSTAGED = Side(staged=True), Side(staged=False)


class DiffReader:
    """Reads differences with a few git calls, whatever the number of files."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def files(self, directory: Path, *, staged_only: bool = False) -> list[FileDiff]:
        """Return changed files, one entry for each path: staged, then unstaged, then untracked ones.

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        if staged_only:
            return await self._side(directory, STAGED)
        parts = await asyncio.gather(
            self._side(directory, STAGED), self._side(directory, UNSTAGED), self._untracked(directory)
        )
        first: dict[str, FileDiff] = {}
        for file in chain.from_iterable(parts):
            first.setdefault(file.path, file)
        return list(first.values())

    async def since(self, directory: Path, commit: str) -> list[FileDiff]:
        """Return the files that differ from those of `commit`, whether that is committed or not.

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        changed = await self._side(directory, Side(staged=False, since=commit))
        known = {file.path for file in changed}
        return [*changed, *(file for file in await self._untracked(directory) if file.path not in known)]

    async def whole(self, directory: Path, path: str, staged: bool | None, since: str | None = None) -> FileDiff:
        """Return one file with all of its text.

        Parameters:
            directory: of the thread.
            path: relative to it.
            staged: which comparison; None for the one that `files` shows.
            since: commit to compare with, as `since` does.

        Raises:
            NotFound: it has not changed.
            BadRequest: the text is too large for any page.
        """
        sides = [side for side in (STAGED, UNSTAGED) if staged in (None, side.staged)]
        if since is not None:
            sides = [Side(staged=False, since=since)]
        for side in sides:
            for file in await self.changed(directory, side):
                if file.path == path:
                    text = await self._whole_text(directory, side, file)
                    return _file_diff(path, _status(file), text, staged=side.staged, limit=WHOLE_LIMIT)
        if not staged and path in await self.untracked(directory):
            added = await asyncio.to_thread(untracked.patch, directory, path, WHOLE_LIMIT)
            return _file_diff(path, "added", added, staged=False, limit=WHOLE_LIMIT)
        raise NotFound(f"{shown(path)} has no changes")

    async def changed(self, directory: Path, side: Side) -> list[Changed]:
        """Return the files that differ, without their texts; of a conflict, its difference to our side only."""
        arguments = [argument for argument in _DIFF if argument != "--patch"]
        output = await self._commands.output(directory, [*arguments, "--raw", *side.options], timeout=LONG)
        return _without_conflicts(take_apart(output)[0])

    async def untracked(self, directory: Path) -> list[str]:
        """Return untracked files that are not ignored; a repository inside ends with a slash."""
        output = await self._commands.output(directory, ["ls-files", "--others", "--exclude-standard", "-z"])
        return [parse.text(record) for record in parse.records(output) if record]

    async def _side(self, directory: Path, side: Side) -> list[FileDiff]:
        arguments = [*_DIFF, "--raw", *side.options]
        completed = await self._commands.run(directory, arguments, timeout=LONG, limit=TOTAL_LIMIT)
        if not (completed.ok or completed.truncated):
            raise failure(completed)
        if completed.truncated:
            return await self._in_rounds(directory, side)
        files, patches = take_apart(completed.stdout)
        files = _without_conflicts(files)
        return [_entry(file, side, text) for file, text in zip(files, texts(patches, files), strict=True)]

    async def _in_rounds(self, directory: Path, side: Side) -> list[FileDiff]:
        """Leave out the text of each file that is too large for git's output, and go on behind it."""
        files = await self.changed(directory, side)
        found: list[bytes | None] = []
        for _ in range(_ROUNDS):
            rest = files[len(found) :]
            if not rest or len(rest) > _NAMED:
                break
            found += await self._some_texts(directory, side, rest)
        found += [None] * (len(files) - len(found))
        return [_entry(file, side, text) for file, text in zip(files, found, strict=True)]

    async def _some_texts(self, directory: Path, side: Side, files: Sequence[Changed]) -> list[bytes | None]:
        """Return the texts of the first of `files`, up to the one at which the output was cut."""
        arguments = [*_DIFF, *side.options, "--", *_paths(files)]
        completed = await self._commands.run(directory, arguments, timeout=LONG, limit=TOTAL_LIMIT)
        if not (completed.ok or completed.truncated):
            raise failure(completed)
        found = texts(completed.stdout, files)
        if not completed.truncated:
            return found
        last = max((number for number, text in enumerate(found) if text is not None), default=0)
        return [*found[:last], None]

    async def _whole_text(self, directory: Path, side: Side, file: Changed) -> bytes:
        arguments = [*_DIFF, *side.options, "--", *file.paths]
        completed = await self._commands.run(directory, arguments, timeout=LONG, limit=WHOLE_LIMIT)
        if completed.truncated:
            raise BadRequest(f"The difference of {shown(file.path)} is larger than {WHOLE_LIMIT >> 20} MiB.")
        if not completed.ok:
            raise failure(completed)
        return texts(completed.stdout, [file])[0] or b""

    async def _untracked(self, directory: Path) -> list[FileDiff]:
        return await asyncio.to_thread(_read_untracked, directory, await self.untracked(directory))


def _read_untracked(directory: Path, names: Iterable[str]) -> list[FileDiff]:
    entries = []
    left = TOTAL_LIMIT
    for name in names:
        text = untracked.patch(directory, name, min(FILE_LIMIT, left))
        left -= len(text or b"")
        entries.append(_file_diff(name, "added", text, staged=False))
    return entries


def _entry(file: Changed, side: Side, text: bytes | None) -> FileDiff:
    return _file_diff(file.path, _status(file), text, staged=side.staged)


def _status(file: Changed) -> Status:
    return _STATUS.get(file.letter, "modified")


def _file_diff(path: str, status: Status, text: bytes | None, *, staged: bool, limit: int = FILE_LIMIT) -> FileDiff:
    truncated = text is None or len(text) > limit
    diff = "" if truncated or text is None else text.decode("utf-8", "replace").rstrip("\n")
    return FileDiff(path=shown(path), status=status, diff=diff, staged=staged, truncated=truncated)


def _without_conflicts(files: Iterable[Changed]) -> list[Changed]:
    return [file for file in files if file.letter != "U"]


def _paths(files: Iterable[Changed]) -> list[str]:
    return list(dict.fromkeys(path for file in files for path in file.paths))
