"""The temporary working tree in which one branch is merged; the user's own files are not touched there."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import BadRequest
from a_parallel_contracts.git import Git, snapshot_ref
from a_parallel_contracts.merge import MERGED
from a_parallel_plugins.merge.repository import Recorded, Repository

LONG = 600.0
"""Seconds for what may check out large trees or run hooks (``http-core.md`` §7.8)."""

HEAD_ONLY = "head"
"""Cause of a ref that keeps a commit which no branch holds."""

_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_NO_MEMORY = ("-c", "rerere.enabled=false")  # of earlier resolutions, which would be applied without anybody's word


class Tried(Struct, frozen=True):
    """What git said about a merge, and the paths that it left unmerged."""

    output: str
    unmerged: tuple[str, ...] = ()


class Bench:
    """One temporary working tree, HEAD detached at the target; made and removed under the repository's lock.

    Attributes:
        path: its root.
        worked: somebody else than git was at work in it, so that what is there must be kept.
        noise: paths that looked changed before anybody worked, as with line endings that git would convert.
        landed: the merge is in the target.
    """

    def __init__(
        self, repository: Repository, path: Path, hooks: str = "/dev/null", environment: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self.worked = False
        self.noise: frozenset[str] = frozenset()
        self.landed = False
        self._git: Git = repository.git
        self._root = repository.root
        self._hooks = ("-c", f"core.hooksPath={hooks}")
        self._environment = environment or {}

    @classmethod
    async def make(
        cls, repository: Repository, path: Path, recorded: Recorded, environment: Mapping[str, str]
    ) -> "Bench":
        """Make one at `path`, whose parent is made too.

        Parameters:
            repository: whose branches are merged.
            path: directory that does not exist.
            recorded: where the target is.
            environment: author and committer.
        """
        git, root = repository.git, repository.root
        # A relative core.hooksPath is looked up in each working tree; an ignored directory of hooks is in one only.
        hooks = await git.command(root, ["rev-parse", "--path-format=absolute", "--git-path", "hooks"])
        bench = cls(repository, path, hooks.decode("utf-8", "surrogateescape").removesuffix("\n"), environment)
        await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True)
        arguments = ["worktree", "add", "--detach", "--", str(path), recorded.target_commit]
        try:
            await git.command(root, [*_NO_HOOKS, *arguments], timeout=LONG)
        except BaseException:
            await asyncio.shield(bench.remove())
            raise
        return bench

    async def merge(self, recorded: Recorded, message: str) -> Tried:
        """Merge the branch, running the repository's hooks.

        Raises:
            BadRequest: it failed for another reason than conflicts; the text is what git and the hooks said.
        """
        options = ["--no-ff", "--commit", "--no-edit", "--no-squash", "-m", message]
        arguments = [*self._hooks, *_NO_MEMORY, "merge", *options, f"refs/heads/{recorded.branch}"]
        try:
            return Tried(await self._said(arguments))
        except BadRequest as error:
            unmerged = await self.unmerged()
            if not unmerged:
                raise
            self.noise = frozenset(await self.changed(staged=False)) - {*unmerged}
            return Tried(error.message, tuple(unmerged))

    async def conclude(self, message: str) -> None:
        """Commit a merge whose conflicts are resolved, unless that was done; hooks run.

        Raises:
            BadRequest: paths are unmerged, or git or a hook refused; with all that was said.
        """
        if not await self.merging():
            return
        unmerged = await self.unmerged()
        if unmerged:
            raise BadRequest(f"Not resolved: {', '.join(unmerged)}")
        options = ["--file=-", "--cleanup=whitespace"]
        await self._said([*self._hooks, *_NO_MEMORY, "commit", *options], stdin=message.encode())

    async def merging(self) -> bool:
        """Tell whether a merge is not concluded."""
        try:
            await self._git.command(self.path, ["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])
        except BadRequest:
            return False
        return True

    async def changed(self, *, staged: bool = True) -> list[str]:
        """Return the files that differ from HEAD or, without `staged`, from the index; untracked ones too."""
        arguments = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal"]
        entries = (await self._git.command(self.path, arguments)).decode("utf-8", "surrogateescape").split("\0")
        return [entry[3:] for entry in entries if entry and (staged or entry[1] != " ")]

    async def unmerged(self) -> list[str]:
        """Return the paths that the index holds in several versions (git-diff(1), ``--diff-filter``)."""
        output = await self._git.command(self.path, ["diff", "--name-only", "--diff-filter=U", "-z"])
        return [path for path in output.decode("utf-8", "surrogateescape").split("\0") if path]

    async def head(self) -> str | None:
        """Return the commit that is checked out."""
        return await self._git.resolve(self.path, "HEAD")

    async def on(self, branch: str) -> bool:
        """Tell whether `branch` is checked out here, which is none of our doing."""
        return await self._git.current_branch(self.path) == branch

    async def keep(self, owner: str) -> None:
        """Keep everything uncommitted, and the commit that is checked out if no branch holds it, under hidden refs.

        Raises:
            BadRequest: a repository in it holds work that is nowhere else.
        """
        nested = await self._git.nested_work(self.path)
        if nested:
            raise BadRequest(f"Repositories inside {self.path} hold work that is nowhere else: {', '.join(nested)}")
        ignored = await self._git.ignored(self.path)
        message = "What was in the temporary working tree of a merge"
        await self._git.snapshot(self.path, snapshot_ref(owner, MERGED), message, ignored=ignored.fitting)
        head = await self.head()
        if head is not None:
            await self.keep_commit(head, owner)

    async def keep_commit(self, commit: str, owner: str) -> None:
        """Keep a commit that no branch holds."""
        arguments = ["for-each-ref", "--count=1", f"--contains={commit}", "refs/heads", "refs/remotes"]
        if not await self._git.command(self._root, arguments):
            await self._git.command(self._root, ["update-ref", snapshot_ref(owner, HEAD_ONLY), commit])

    async def remove(self) -> None:
        """Remove it from disk and from git's list."""
        arguments = ["worktree", "remove", "--force", "--force", "--", str(self.path)]
        try:
            await self._git.command(self._root, arguments, timeout=LONG)
        except BadRequest:
            if self.path.exists():
                raise
        if self.path.parent.is_dir() and not any(self.path.parent.iterdir()):
            await asyncio.to_thread(self.path.parent.rmdir)

    async def _said(self, arguments: list[str], *, stdin: bytes | None = None) -> str:
        output = await self._git.command(
            self.path, arguments, timeout=LONG, stdin=stdin, environment=self._environment, hooks=True
        )
        return output.decode("utf-8", "replace").strip()
