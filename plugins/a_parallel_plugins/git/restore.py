"""Brings back what a snapshot kept: files are written as they were stored, past all filters."""

import asyncio
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import Conflict
from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import LONG, Commands

_BATCH = 32 * 1024 * 1024
_DIFF = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-commit-id")
_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=all", "--no-renames", "-z")


class _Plan(Struct, frozen=True):
    """What to write: changes of files, and the commit whose tree becomes the index."""

    changes: list[parse.Change]
    index: str | None


class Restorer:
    """Restores snapshots."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def restore(self, root: Path, commit: str) -> None:
        """Apply the snapshot `commit` to the working tree with the root `root` (see `Git.restore_snapshot`)."""
        report = parse.status_report(await self._commands.output(root, _STATUS, timeout=LONG))
        plan = await self._plan(root, commit, report)
        changes = await asyncio.to_thread(lambda: [one for one in plan.changes if not _is_so_already(root, one)])
        _refuse_overwriting(root, changes, report)
        await asyncio.to_thread(_remove, root, changes)
        await self._write(root, [change for change in changes if change.letter != "D"])
        if plan.index is not None and not report.has_staged:
            await self._commands.output(root, ["read-tree", plan.index])
        await self._commands.run(root, ["update-index", "-q", "--refresh"], environment={"GIT_OPTIONAL_LOCKS": "1"})

    async def _plan(self, root: Path, commit: str, report: parse.Report) -> _Plan:
        parents = (await self._commands.line(root, ["rev-list", "--parents", "-n", "1", commit, "--"])).split()[1:]
        if not parents or parents[0] == report.oid:
            before = parents[0] if parents else await self._empty_tree(root)
            return _Plan(await self._diff(root, before, commit), next(iter(parents[1:]), None))
        return _Plan(await self._diff(root, "HEAD", await self._merged(root, commit, parents[0])), None)

    async def _diff(self, root: Path, before: str, after: str) -> list[parse.Change]:
        changes = parse.changes(await self._commands.output(root, [*_DIFF, before, after, "--"]))
        return [change for change in changes if change.mode != "160000"]

    async def _empty_tree(self, root: Path) -> str:
        output = await self._commands.output(root, ["hash-object", "-t", "tree", "-w", "--stdin"], stdin=b"")
        return output.decode("ascii").strip()

    async def _merged(self, root: Path, commit: str, parent: str) -> str:
        """Return the tree of HEAD with the snapshot's changes merged in (git-merge-tree(1), git 2.38)."""
        grown = await self._commands.run(root, ["merge-base", "--is-ancestor", parent, "HEAD"])
        merged = await self._commands.run(root, ["merge-tree", "--write-tree", "HEAD", commit])
        if not grown.ok or not merged.ok:
            raise Conflict(
                f"The kept changes ({commit}) do not fit the branch as it is now. "
                f"Take what you need with: git checkout {commit[:12]} -- <path>"
            )
        return merged.text.splitlines()[0]

    async def _write(self, root: Path, changes: list[parse.Change]) -> None:
        sizes = await self._sizes(root, [change.oid for change in changes])
        small = [change for change in changes if sizes[change.oid] <= _BATCH]
        for group in _groups(small, sizes):
            blobs = await self._blobs(root, [change.oid for change in group])
            await asyncio.to_thread(_write_all, root, group, blobs)
        for change in changes:
            if sizes[change.oid] > _BATCH:
                await self._write_large(root, change)

    async def _sizes(self, root: Path, oids: list[str]) -> dict[str, int]:
        stdin = "".join(f"{oid}\n" for oid in oids).encode()
        output = await self._commands.output(
            root, ["cat-file", "--batch-check=%(objectname) %(objectsize)"], stdin=stdin
        )
        pairs = (line.split(" ") for line in output.decode("ascii").splitlines())
        return {oid: int(size) for oid, size in pairs}

    async def _blobs(self, root: Path, oids: list[str]) -> Iterator[bytes]:
        stdin = "".join(f"{oid}\n" for oid in oids).encode()
        output = await self._commands.output(root, ["cat-file", "--batch=%(objectsize)"], stdin=stdin, timeout=LONG)
        return _contents(output)

    async def _write_large(self, root: Path, change: parse.Change) -> None:
        name = await self._commands.line(root, ["unpack-file", change.oid])
        await asyncio.to_thread(_move, root / name, root, change)


def _is_so_already(root: Path, change: parse.Change) -> bool:
    """Tell whether a file is on disk as the snapshot has it."""
    path = root / change.path
    if change.letter == "D":
        return not os.path.lexists(path) or (path.is_dir() and not path.is_symlink())
    if not os.path.lexists(path):
        return False
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return change.mode == "120000" and _oid(os.fsencode(os.readlink(path)), change.oid)  # noqa: PTH115
    if not stat.S_ISREG(mode) or change.mode != ("100755" if mode & stat.S_IXUSR else "100644"):
        return False
    return _oid(path.read_bytes(), change.oid)


def _oid(content: bytes, oid: str) -> bool:
    """Tell whether `content` is the blob `oid` (git-hash-object(1)); the length tells SHA-1 from SHA-256."""
    algorithm = hashlib.sha256 if len(oid) == 64 else partial(hashlib.sha1, usedforsecurity=False)
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest() == oid


def _contents(output: bytes) -> Iterator[bytes]:
    """Iterate over the contents in what ``cat-file --batch=%(objectsize)`` prints."""
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        size = int(output[at:end])
        yield output[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _groups(changes: Iterable[parse.Change], sizes: dict[str, int]) -> Iterator[list[parse.Change]]:
    group: list[parse.Change] = []
    total = 0
    for change in changes:
        if group and total + sizes[change.oid] > _BATCH:
            yield group
            group, total = [], 0
        group.append(change)
        total += sizes[change.oid]
    if group:
        yield group


def _refuse_overwriting(root: Path, changes: list[parse.Change], report: parse.Report) -> None:
    """Refuse when a path to be written is changed, untracked, ignored or a directory of other files now."""
    busy = {entry.path for entry in report.entries}
    removed = {change.path for change in changes if change.letter == "D"}
    for change in changes:
        path = root / change.path
        new = change.letter == "A" and os.path.lexists(path) and not path.is_dir()
        if change.path in busy or new or _holds_others(root, path, removed) or _through_link(root, change, removed):
            raise Conflict(f"{change.path} would be overwritten. Commit it, or move it away, and try again.")


def _holds_others(root: Path, path: Path, removed: set[str]) -> bool:
    if path.is_symlink() or not path.is_dir():
        return False
    files = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    return any(str(file.relative_to(root)) not in removed for file in files)


def _through_link(root: Path, change: parse.Change, removed: set[str]) -> bool:
    """Tell whether a directory above the path is a symbolic link that stays: it may lead anywhere."""
    above = list(Path(change.path).parents)[:-1]
    return any((root / folder).is_symlink() and str(folder) not in removed for folder in above)


def _remove(root: Path, changes: Iterable[parse.Change]) -> None:
    for change in changes:
        path = root / change.path
        if change.letter != "A" and os.path.lexists(path):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            if change.letter == "D":
                _prune(path.parent, root)


def _prune(folder: Path, root: Path) -> None:
    """Remove directories that have become empty."""
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _write_all(root: Path, changes: Iterable[parse.Change], contents: Iterable[bytes]) -> None:
    for change, content in zip(changes, contents, strict=True):
        path = root / change.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if change.mode == "120000":
            os.symlink(content, os.fsencode(path))  # noqa: PTH211 - a Path would tidy up what the link says
        else:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _permissions(change)), "wb") as file:
                file.write(content)


def _move(source: Path, root: Path, change: parse.Change) -> None:
    path = root / change.path
    path.parent.mkdir(parents=True, exist_ok=True)
    source.replace(path)
    umask = os.umask(0o077)
    os.umask(umask)
    path.chmod(_permissions(change) & ~umask)


def _permissions(change: parse.Change) -> int:
    return 0o777 if change.mode == "100755" else 0o666
