"""What refs say about branches: pure questions to a `RefStore`, whoever reads the repository."""

import re
from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from a_parallel_contracts.git import Branches

_PREFERRED = ("main", "master", "develop")
_MOVED_ONLY = re.compile(
    r"branch: |reset: |rebase|checkout: |(merge|pull|fetch|push)\b.*(: fast-forward|: storing head|^push)$",
    re.IGNORECASE,
)
"""Reflog messages of moves that bring no commit of the branch's own (git-reflog(1))."""


class Head(Struct, frozen=True):
    """Where HEAD is.

    Attributes:
        branch: short name; None when detached.
        oid: hash of its commit; None before the first one.
    """

    branch: str | None
    oid: str | None


class Move(Struct, frozen=True):
    """One entry of a branch's reflog, hashes and message."""

    old: str
    new: str
    message: str


class RefStore(Protocol):
    """Reads one repository; calls block."""

    def head(self) -> Head:
        """Return where HEAD is."""
        ...

    def local_branches(self) -> list[str]:
        """Return the short names of local branches, sorted as git does."""
        ...

    def remote_branches(self) -> list[str]:
        """Return remote-tracking names such as ``origin/main``, sorted."""
        ...

    def symbolic(self, ref: str) -> str | None:
        """Return the full name of the ref that the symbolic ref `ref` points at, or None."""
        ...

    def commit(self, revision: str) -> str | None:
        """Return the hash of the commit that `revision` names, or None."""
        ...

    def count(self, tip: str, base: str) -> int:
        """Return how many commits of `tip` are not in `base`; both are hashes."""
        ...

    def contains(self, tip: str, ancestor: str) -> bool:
        """Tell whether `tip` is `ancestor` or descends from it; both are hashes."""
        ...

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the hash of the best common ancestor of two commits, by their hashes; None without any."""
        ...

    def moves(self, branch: str) -> list[Move]:
        """Return the reflog of a local branch, newest first; empty when there is none."""
        ...


def default_branch(store: RefStore) -> str | None:
    """Return the default branch by the rules of ``http-core.md`` §5.6."""
    return _default(store, selectable(store))


def selectable(store: RefStore) -> list[str]:
    """Return the names that can serve as base: local branches, without any those of origin."""
    local = store.local_branches()
    if local:
        return local
    names = (name.removeprefix("origin/") for name in store.remote_branches() if "HEAD" not in name)
    return list(dict.fromkeys(names))


def _default(store: RefStore, branches: list[str]) -> str | None:
    target = store.symbolic("refs/remotes/origin/HEAD")
    if target is not None and target.startswith("refs/remotes/origin/"):
        return target.removeprefix("refs/remotes/origin/")
    known = [name for name in _PREFERRED if name in branches]
    return next(iter([*known, *branches]), None)


def describe(store: RefStore) -> Branches:
    """Return what ``GET /api/projects/:id/branches`` answers (``http-core.md`` §5.6 and §5.8)."""
    branches = selectable(store)
    return Branches(
        branches=branches, default_branch=_default(store, branches), current_branch=store.head().branch or "HEAD"
    )


def tips(store: RefStore, base: str) -> list[str]:
    """Return the commits that a base branch stands for: the local branch and its counterpart in origin.

    Anything else that names a commit is taken as it is.
    """
    names = (f"refs/heads/{base}", f"refs/remotes/origin/{base}")
    found = [oid for oid in map(store.commit, names) if oid is not None]
    if not found and (oid := store.commit(base)) is not None:
        found = [oid]
    return list(dict.fromkeys(found))


def departure(store: RefStore, base: str) -> str | None:
    """Return the commit at which HEAD left the branch `base`, the newest that both have; None if they share none.

    Where the local branch is behind origin's, it is that of origin which counts. On the base branch itself its
    counterpart in origin does: what that lacks has been done here.
    """
    head = store.head()
    origin = store.commit(f"refs/remotes/origin/{base}") if head.branch == base else None
    newest: str | None = None
    for tip in [origin] if origin else tips(store, base):
        shared = store.merge_base(head.oid, tip) if head.oid else None
        if shared is not None and (newest is None or store.contains(shared, newest)):
            newest = shared
    return newest


class AgainstBase(Struct, frozen=True):
    """A branch compared with its base.

    Attributes:
        ahead: commits that the base lacks.
        merged: the branch has had commits of its own, and all are in the base.
    """

    ahead: int = 0
    merged: bool = False


def against_base(store: RefStore, branch: str | None, tip: str, base: str | None, born: str | None) -> AgainstBase:
    """Compare the branch `branch` at `tip` with its base, by default the repository's default branch.

    Parameters:
        store: the repository.
        branch: short name, None when detached.
        tip: hash of its commit.
        base: name of the base branch.
        born: hash of the commit at which the branch was created, if recorded.
    """
    base = base or default_branch(store)
    base_tips = tips(store, base) if base else []
    if not base_tips:
        return AgainstBase()
    ahead = store.count(tip, base_tips[0])
    if branch is None or branch == base or not _own_commits(store, branch, tip, born):
        return AgainstBase(ahead)
    return AgainstBase(ahead, any(store.contains(oid, tip) for oid in base_tips))


def _own_commits(store: RefStore, branch: str, tip: str, born: str | None) -> bool:
    """Tell whether a branch has had commits of its own (``http-core.md`` §7.8).

    Its tip differs from where it was created, and not every move since then merely followed others.
    """
    moves = store.moves(branch)
    born = born or birth(moves)
    if born is None or tip == born:
        return False
    return not moves or any(brings_commits(move) for move in moves)


def brings_commits(move: Move) -> bool:
    """Tell whether a move may have brought commits of the branch's own."""
    created = not move.old.strip("0")
    return not created and _MOVED_ONLY.match(move.message) is None


def birth(moves: Iterable[Move]) -> str | None:
    """Return the commit at which a branch was created, by its oldest reflog entry; None without one."""
    oldest = next(reversed(list(moves)), None)
    if oldest is None:
        return None
    return oldest.old if oldest.old.strip("0") else oldest.new
