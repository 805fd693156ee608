"""Keeps the uncommitted state of a working tree as a commit, byte for byte, touching neither index nor files.

Files are hashed without filters, so that line endings and whatever a missing ``clean`` program would refuse are kept
as they are on disk.
"""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts.git import IgnoredFile
from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import LONG, Commands
from a_parallel_plugins.git.ignored import files_below

IDENTITY: Mapping[str, str] = {
    "GIT_AUTHOR_NAME": "a-parallel",
    "GIT_AUTHOR_EMAIL": "a-parallel@localhost",
    "GIT_COMMITTER_NAME": "a-parallel",
    "GIT_COMMITTER_EMAIL": "a-parallel@localhost",
}
"""Of commits that nobody asked for; a repository may have no identity configured."""

_STATUS = (
    "-c",
    "core.untrackedCache=false",  # nothing but the disk itself is believed here
    "-c",
    "core.fsmonitor=false",
    "status",
    "--porcelain=v2",
    "--branch",
    "--untracked-files=all",
    "--no-renames",
    "--ignore-submodules=none",
    "-z",
)
_ANY_NAME = ("-c", "core.protectNTFS=false", "-c", "core.protectHFS=false")


class Listed(Struct, frozen=True):
    """One entry of the index (``git ls-files -s -v -z``).

    Attributes:
        tag: lower case for assume-unchanged, ``S`` for skip-worktree: git does not look at such files.
        mode, oid: as recorded.
        path: relative to the root of the working tree.
    """

    tag: str
    mode: str
    oid: str
    path: str

    @property
    def hidden(self) -> bool:
        """Whether ``git status`` passes over changes of this file."""
        return self.tag.islower() or self.tag == "S"


def listed(output: bytes) -> list[Listed]:
    """Read ``git ls-files -s -v -z``."""
    found = []
    for record in parse.records(output):
        if record:
            facts, _, path = record.partition(b"\t")
            tag, mode, oid, _ = facts.decode("ascii").split(" ")
            found.append(Listed(tag, mode, oid, parse.text(path)))
    return found


def index_info(mode: str, oid: str, path: str) -> bytes:
    """Return one line for ``git update-index -z --index-info``; mode ``0`` removes the path."""
    return f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0"


class SnapshotTaker:
    """Makes snapshots."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    async def take(self, root: Path, ref: str, message: str, *, ignored: Sequence[IgnoredFile] = ()) -> str | None:
        """Keep the state of the working tree with the root `root` under `ref` (see `Git.snapshot`)."""
        extra = await asyncio.to_thread(lambda: [file for one in ignored for file in files_below(root, one.path)])
        report = parse.status_report(await self._commands.output(root, _STATUS, timeout=LONG))
        with tempfile.TemporaryDirectory(prefix="a-parallel-") as directory:
            scratch = Path(directory)
            tree = await self._tree(root, report, extra, scratch)
            index = await self._index_tree(root, scratch)
        before = await self._commands.line(root, ["rev-parse", f"{report.oid}^{{tree}}"]) if report.oid else None
        if self._nothing(before, tree, index, report, extra):
            return None
        parents = await self._parents(root, report.oid, before, index)
        commit = await self._commit(root, tree, parents, message)
        await self._commands.output(root, ["update-ref", "--create-reflog", ref, commit])
        return commit

    @staticmethod
    def _nothing(before: str | None, tree: str, index: str | None, report: parse.Report, extra: Sequence[str]) -> bool:
        if before is None:
            return not report.entries and not extra
        return tree == before and index in (None, before)

    async def _tree(self, root: Path, report: parse.Report, extra: Sequence[str], scratch: Path) -> str:
        """Write the tree of everything on disk that git tracks or would track, and of `extra` files."""
        index = {"GIT_INDEX_FILE": str(scratch / "index")}
        if report.oid is not None:
            await self._commands.output(root, ["read-tree", report.oid], environment=index)
        lines = await self._changed(root, report, extra, scratch)
        arguments = [*_ANY_NAME, "update-index", "--add", "--replace", "-z", "--index-info"]
        await self._commands.output(root, arguments, stdin=b"".join(lines), environment=index)
        return (await self._commands.output(root, ["write-tree"], environment=index)).decode("ascii").strip()

    async def _changed(self, root: Path, report: parse.Report, extra: Sequence[str], scratch: Path) -> list[bytes]:
        """Return what to change in HEAD's tree, removals first, as lines for ``--index-info``."""
        entries = listed(await self._commands.output(root, ["ls-files", "-s", "-v", "-z"]))
        hidden = {entry.path: entry for entry in entries if entry.hidden}
        paths = {entry.path for entry in report.entries if not entry.path.endswith("/")} | hidden.keys() | {*extra}
        files, gone = await asyncio.to_thread(_look, root, sorted(paths), scratch)
        oids = await self._hash(root, [file.source for file in files])
        kept = [index_info(hidden[path].mode, hidden[path].oid, path) for path in gone if path in hidden]
        nothing = "0" * len(report.oid or "")
        removed = [index_info("0", nothing, path) for path in gone if report.oid and path not in hidden]
        added = [index_info(file.mode, oid, file.path) for file, oid in zip(files, oids, strict=True)]
        return [*removed, *kept, *added, *await self._links(root, report)]

    async def _hash(self, root: Path, sources: Iterable[str]) -> list[str]:
        lines = b"".join(parse.c_quoted(source) + b"\n" for source in sources)
        if not lines:
            return []
        arguments = ["hash-object", "-w", "--no-filters", "--stdin-paths"]
        return (await self._commands.output(root, arguments, stdin=lines, timeout=LONG)).decode("ascii").split()

    async def _links(self, root: Path, report: parse.Report) -> list[bytes]:
        """Return the lines of submodules that are at another commit than recorded."""
        lines = []
        for entry in report.entries:
            if entry.submodule and (root / entry.path / ".git").exists():
                oid = await self._commands.line(root / entry.path, ["rev-parse", "--verify", "HEAD"])
                lines.append(index_info("160000", oid, entry.path))
        return lines

    async def _index_tree(self, root: Path, scratch: Path) -> str | None:
        """Write the tree of the index from a copy of it; None when there is none or it holds a conflict."""
        name = await self._commands.line(root, ["rev-parse", "--path-format=absolute", "--git-path", "index"])
        copy = scratch / "copy"
        if not Path(name).exists():
            return None
        await asyncio.to_thread(shutil.copyfile, name, copy)
        completed = await self._commands.run(root, ["write-tree"], environment={"GIT_INDEX_FILE": str(copy)})
        return completed.text if completed.ok else None

    async def _parents(self, root: Path, head: str | None, before: str | None, index: str | None) -> list[str]:
        if head is None:
            return []
        if index is None or index == before:
            return [head]
        return [head, await self._commit(root, index, [head], "Index of the snapshot that follows")]

    async def _commit(self, root: Path, tree: str, parents: Iterable[str], message: str) -> str:
        arguments = ["commit-tree", tree]
        for parent in parents:
            arguments += ["-p", parent]
        output = await self._commands.output(
            root, [*arguments, "-F", "-"], stdin=message.encode(), environment=IDENTITY
        )
        return output.decode("ascii").strip()


class _File(Struct, frozen=True):
    path: str
    mode: str
    source: str


def _look(root: Path, paths: Iterable[str], scratch: Path) -> tuple[list[_File], list[str]]:
    """Return the files among `paths`, with what to hash for each, and the paths where there is none."""
    files: list[_File] = []
    gone: list[str] = []
    for path in paths:
        try:
            mode = os.lstat(root / path).st_mode
        except (FileNotFoundError, NotADirectoryError):
            gone.append(path)
            continue
        if stat.S_ISREG(mode):
            files.append(_File(path, "100755" if mode & stat.S_IXUSR else "100644", path))
        elif stat.S_ISLNK(mode):
            files.append(_File(path, "120000", str(_link_text(root / path, scratch, len(files)))))
        else:
            gone.append(path)
    return files, gone


def _link_text(link: Path, scratch: Path, number: int) -> Path:
    """Write where a symbolic link points to into a file of its own, since ``hash-object`` follows links."""
    copy = scratch / f"link-{number}"
    copy.write_bytes(os.fsencode(os.readlink(link)))  # noqa: PTH115 - a Path would tidy up what the link says
    return copy
