"""Reads what git prints with ``-z``. Pure functions; formats as in git-status(1), git-diff(1), gitglossary(7)."""

import os
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

Kind = Literal["changed", "renamed", "unmerged", "untracked", "ignored"]

_KINDS: dict[bytes, Kind] = {b"1": "changed", b"2": "renamed", b"u": "unmerged", b"?": "untracked", b"!": "ignored"}
_FIELDS_BEFORE_PATH = {b"1": 8, b"2": 9, b"u": 10, b"?": 1, b"!": 1}


class Entry(Struct, frozen=True):
    """One path of ``git status``.

    Attributes:
        kind: what git says about it.
        staged, unstaged: its letters, ``.`` for unchanged; both ``?`` when untracked.
        path: relative; bytes that are no UTF-8 as surrogates.
        original: path it was renamed or copied from.
        submodule: it is a repository of its own (a gitlink).
    """

    kind: Kind
    staged: str
    unstaged: str
    path: str
    original: str | None = None
    submodule: bool = False


class Report(Struct, frozen=True):
    """What ``git status --porcelain=v2 --branch -z`` says.

    Attributes:
        oid: hash of HEAD's commit, None before the first one.
        branch: short name, None when detached.
        upstream: short name of the upstream as configured.
        ahead: commits that the upstream lacks; None when there is no upstream or it does not resolve.
        entries: in git's order.
    """

    oid: str | None = None
    branch: str | None = None
    upstream: str | None = None
    ahead: int | None = None
    entries: tuple[Entry, ...] = ()

    @property
    def has_staged(self) -> bool:
        """Whether the index differs from HEAD."""
        return any(entry.staged not in ".?!" for entry in self.entries)

    @property
    def has_unstaged(self) -> bool:
        """Whether a tracked file differs from the index."""
        return any(entry.unstaged not in ".?!" for entry in self.entries)


def text(raw: bytes) -> str:
    """Return a path as git printed it; bytes that are no UTF-8 become surrogates and can be sent back."""
    return os.fsdecode(raw)


def records(output: bytes) -> Iterator[bytes]:
    """Iterate over NUL-terminated records."""
    yield from output.split(b"\0")[:-1] if output.endswith(b"\0") else output.split(b"\0")


def status_report(output: bytes) -> Report:
    """Read ``git status --porcelain=v2 --branch -z``; header lines of later versions are skipped."""
    headers: dict[bytes, bytes] = {}
    entries: list[Entry] = []
    rest = records(output)
    for record in rest:
        if record.startswith(b"# "):
            name, _, value = record[2:].partition(b" ")
            headers[name] = value
        elif record:
            entries.append(_entry(record, rest))
    return _with_headers(headers, tuple(entries))


def _entry(record: bytes, rest: Iterator[bytes]) -> Entry:
    mark = record[:1]
    fields = record.split(b" ", _FIELDS_BEFORE_PATH[mark])
    kind = _KINDS[mark]
    if kind in ("untracked", "ignored"):
        return Entry(kind, "?", "?", text(fields[1]))
    letters = fields[1].decode("ascii")
    original = text(next(rest)) if kind == "renamed" else None
    return Entry(kind, letters[0], letters[1], text(fields[-1]), original, fields[2][:1] == b"S")


def _with_headers(headers: dict[bytes, bytes], entries: tuple[Entry, ...]) -> Report:
    oid = headers.get(b"branch.oid", b"(initial)").decode("ascii")
    branch = headers.get(b"branch.head", b"(detached)").decode("utf-8", "replace")
    upstream = headers.get(b"branch.upstream")
    ahead = headers.get(b"branch.ab", b"").split(b" ")[0]
    return Report(
        oid=None if oid == "(initial)" else oid,
        branch=None if branch == "(detached)" else branch,
        upstream=upstream.decode("utf-8", "replace") if upstream else None,
        ahead=int(ahead) if ahead else None,
        entries=entries,
    )


def line_counts(output: bytes) -> tuple[int, int]:
    """Return the sums of added and deleted lines of ``--numstat -z``; binary files (``-``) do not count."""
    added = deleted = 0
    rest = records(output)
    for record in rest:
        if not record:
            continue
        plus, minus, path = record.split(b"\t", 2)
        if not path:  # a rename: old and new path follow as records of their own
            next(rest), next(rest)
        added += int(plus) if plus.isdigit() else 0
        deleted += int(minus) if minus.isdigit() else 0
    return added, deleted


class Change(Struct, frozen=True):
    """One path that differs between two trees (``git diff-tree -r -z --raw --no-renames``).

    Attributes:
        mode: of the newer side, ``000000`` where the path is gone.
        oid: of the newer side.
        letter: ``A``, ``D``, ``M`` or ``T``.
        path: relative to the root of the working tree.
    """

    mode: str
    oid: str
    letter: str
    path: str


def changes(output: bytes) -> list[Change]:
    """Read ``git diff-tree -r -z --raw --no-renames --no-abbrev`` of two trees."""
    found: list[Change] = []
    rest = records(output)
    for record in rest:
        if record.startswith(b":"):
            _, mode, _, oid, letter = record.decode("ascii").split(" ")
            found.append(Change(mode, oid, letter[0], text(next(rest))))
    return found


def c_quoted(path: str) -> bytes:
    """Return a path as one line for ``--stdin-paths``: quoted like a C string where a plain line will not do."""
    raw = os.fsencode(path)
    if raw[:1] != b'"' and not set(raw) & {0x0A, 0x0D}:
        return raw
    escaped = raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return b'"' + escaped + b'"'
