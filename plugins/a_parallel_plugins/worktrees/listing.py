"""What ``git worktree list`` says (git-worktree(1), "porcelain format")."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import BadRequest
from a_parallel_contracts.git import Git
from a_parallel_contracts.worktrees import Worktree

_SHORT = 7


class Listed(Struct, frozen=True):
    """One working tree.

    Attributes:
        path: as git prints it.
        commit: hash of HEAD; empty for a bare repository.
        branch: short name; None when detached.
        main: it is the first one, to which the others belong.
        bare: it is no working tree at all.
        locked: why it is locked, empty text without a reason; None when it is not.
        prunable: its directory is gone.
    """

    path: str
    commit: str
    branch: str | None
    main: bool = False
    bare: bool = False
    locked: str | None = None
    prunable: bool = False

    def shown(self) -> Worktree:
        """Return it as ``GET /api/worktrees`` shows it; a detached one has its short hash for a branch (§9.4)."""
        branch = self.branch or f"({self.commit[:_SHORT]})"
        return Worktree(path=self.path, branch=branch, commit=self.commit, is_main=self.main)


def parse_list(output: bytes, separator: bytes = b"\0") -> list[Listed]:
    """Read ``git worktree list --porcelain``, with ``-z`` or, from git before 2.36, without."""
    blocks = output.split(separator * 2)
    return [
        _listed(_attributes(block.split(separator)), main=number == 0)
        for number, block in enumerate(block for block in blocks if block.strip(separator))
    ]


def _attributes(lines: Sequence[bytes]) -> dict[str, str]:
    pairs = (line.partition(b" ") for line in lines if line)
    return {name.decode("ascii"): value.decode("utf-8", "surrogateescape") for name, _, value in pairs}


def _listed(attributes: dict[str, str], *, main: bool) -> Listed:
    branch = attributes.get("branch")
    return Listed(
        path=attributes["worktree"],
        commit=attributes.get("HEAD", ""),
        branch=branch.removeprefix("refs/heads/") if branch is not None else None,
        main=main,
        bare="bare" in attributes,
        locked=attributes.get("locked"),
        prunable="prunable" in attributes,
    )


async def list_worktrees(git: Git, directory: Path) -> list[Listed]:
    """Return all working trees of a repository, main first.

    Raises:
        BadRequest: git's text.
    """
    try:
        return parse_list(await git.command(directory, ["worktree", "list", "--porcelain", "-z"]))
    except BadRequest as error:
        if "unknown switch" not in error.message:
            raise
        return parse_list(await git.command(directory, ["worktree", "list", "--porcelain"]), b"\n")


def find(worktrees: Sequence[Listed], path: str) -> Listed | None:
    """Return the working tree at `path`, however the path is written."""
    return next(_same(worktrees, path), None)


def _same(worktrees: Sequence[Listed], path: str) -> Iterator[Listed]:
    yield from (one for one in worktrees if one.path == path)
    real = Path(path).resolve()
    yield from (one for one in worktrees if Path(one.path).resolve() == real)
