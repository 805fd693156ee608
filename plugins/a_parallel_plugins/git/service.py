"""The `Git` service: what other capabilities ask of repositories."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from a_parallel_contracts import BadRequest, FailedDependency
from a_parallel_contracts.git import (
    IGNORED_LIMIT,
    Branches,
    GitSummary,
    IgnoredFile,
    IgnoredFiles,
    Snapshot,
    snapshot_prefix,
)
from a_parallel_contracts.hosts import Host
from a_parallel_plugins.git import refs
from a_parallel_plugins.git.commands import PARSED, QUIET, Commands
from a_parallel_plugins.git.commit import Committer
from a_parallel_plugins.git.kept import SNAPSHOT_FORMAT, kept_snapshots
from a_parallel_plugins.git.locks import RepositoryLocks
from a_parallel_plugins.git.questions import Questions
from a_parallel_plugins.git.status import StatusReader

if TYPE_CHECKING:  # loaded with the first snapshot
    from a_parallel_plugins.git.ignored import IgnoredFinder
    from a_parallel_plugins.git.nested import NestedFinder
    from a_parallel_plugins.git.restore import Restorer
    from a_parallel_plugins.git.snapshot import SnapshotTaker


class GitService:
    """Fulfils the contract `Git` on one host.

    Parameters:
        host: where git runs.
        web: base address of the server that tokens are for.
    """

    def __init__(self, host: Host, web: str = "https://github.com") -> None:
        self.commands = Commands(host)
        self._committer = Committer(self.commands)
        self._web = web
        self.questions = Questions(self.commands)
        self.status = StatusReader(self.commands, self.questions)
        self._locks = RepositoryLocks()

    def close(self) -> None:
        """Let go of the threads and of what is watched."""
        self.questions.close()
        self.status.close()

    @cached_property
    def _taker(self) -> "SnapshotTaker":
        from a_parallel_plugins.git.snapshot import SnapshotTaker

        return SnapshotTaker(self.commands)

    @cached_property
    def _restorer(self) -> "Restorer":
        from a_parallel_plugins.git.restore import Restorer

        return Restorer(self.commands)

    @cached_property
    def _ignored(self) -> "IgnoredFinder":
        from a_parallel_plugins.git.ignored import IgnoredFinder

        return IgnoredFinder(self.commands)

    @cached_property
    def _nested(self) -> "NestedFinder":
        from a_parallel_plugins.git.nested import NestedFinder

        return NestedFinder(self.commands)

    async def is_work_tree(self, path: Path) -> bool:
        """Tell whether `path` lies inside a working tree.

        Raises:
            BadRequest: it does, but git refuses to touch it because it belongs to somebody else.
        """
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib raises for names that are too long
            return False
        completed = await self.commands.run(path, ["rev-parse", "--is-inside-work-tree"])
        if "dubious ownership" in completed.reason:
            raise BadRequest(completed.reason)
        return completed.ok and completed.text == "true"

    async def top_level(self, path: Path) -> Path:
        """Return the root of the working tree that `path` lies in."""
        try:
            output = await self.commands.output(path, ["rev-parse", "--show-toplevel"])
        except BadRequest as error:
            raise FailedDependency(error.message) from error
        return Path(output.decode("utf-8", "surrogateescape").removesuffix("\n"))

    async def repository(self, path: Path) -> Path:
        """Return the real path of the git directory that all working trees of the repository share."""
        output = await self.commands.output(path, ["rev-parse", "--path-format=absolute", "--git-common-dir"])
        return Path(output.decode("utf-8", "surrogateescape").removesuffix("\n")).resolve()

    @asynccontextmanager
    async def exclusive(self, path: Path, *, wait: float | None = None) -> AsyncIterator[None]:
        """Hold the repository of `path` for writing."""
        async with self._locks.hold(await self.repository(path), wait):
            yield

    async def current_branch(self, path: Path) -> str | None:
        """Return the short name of HEAD's branch, ``HEAD`` when detached, None when unreadable."""
        try:
            head = await self.questions.ask(path, lambda store: store.head())
        except BadRequest:
            return None
        return None if head.oid is None else head.branch or "HEAD"

    async def branches(self, path: Path) -> Branches:
        """Return branches, default and current branch."""
        return await self.questions.ask(path, refs.describe)

    async def resolve(self, path: Path, revision: str) -> str | None:
        """Return the full hash of the commit that `revision` names, or None."""
        return await self.questions.ask(path, lambda store: store.commit(revision))

    async def is_ancestor(self, path: Path, ancestor: str, descendant: str) -> bool:
        """Tell whether all commits of `ancestor` are in `descendant`; False if one of them names no commit."""

        def contained(store: refs.RefStore) -> bool:
            old, new = store.commit(ancestor), store.commit(descendant)
            return old is not None and new is not None and store.contains(new, old)

        return await self.questions.ask(path, contained)

    async def default_branch(self, path: Path) -> str | None:
        """Return the repository's default branch."""
        return await self.questions.ask(path, refs.default_branch)

    async def summary(
        self,
        thread_id: str,
        work_tree: Path,
        *,
        base: str | None,
        project: Path,
        created_at: str | None = None,
    ) -> GitSummary:
        """Return the state of a working tree. The base is looked up there too: all of a repository share their refs."""
        return await self.status.summary(thread_id, work_tree, base=base, born=created_at)

    async def snapshot(
        self, work_tree: Path, ref: str, message: str, *, ignored: Sequence[IgnoredFile] = ()
    ) -> str | None:
        """Keep the uncommitted state of a working tree as a commit under `ref`."""
        return await self._taker.take(await self.top_level(work_tree), ref, message, ignored=ignored)

    async def snapshots(self, path: Path, owner: str) -> list[Snapshot]:
        """Return what is kept for `owner` in the repository of `path`, newest first."""
        arguments = ["for-each-ref", "--sort=-refname", SNAPSHOT_FORMAT, snapshot_prefix(owner)]
        return kept_snapshots(await self.commands.output(path, arguments))

    async def ignored(self, work_tree: Path, limit: int = IGNORED_LIMIT) -> IgnoredFiles:
        """Return what git ignores in a working tree."""
        return await self._ignored.find(await self.top_level(work_tree), limit)

    async def restore_snapshot(self, work_tree: Path, commit: str) -> None:
        """Bring a working tree to the uncommitted state that `snapshot` kept."""
        await self._restorer.restore(await self.top_level(work_tree), commit)

    async def nested_work(self, work_tree: Path) -> list[str]:
        """Return the paths of repositories inside a working tree that hold work which exists nowhere else."""
        return await self._nested.at_risk(await self.top_level(work_tree))

    async def command(
        self,
        path: Path,
        arguments: Sequence[str],
        *,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        environment: Mapping[str, str | None] | None = None,
        hooks: bool = False,
    ) -> bytes:
        """Run ``git`` with `arguments` in `path` and return its standard output."""
        return await self.commands.output(
            path,
            arguments,
            timeout=timeout,
            stdin=stdin,
            environment=environment,
            base=QUIET if hooks else PARSED,
        )

    async def push(self, path: Path, branch: str, *, token: str | None = None, track: bool = False) -> str:
        """Push a local branch to the branch of that name at origin, and return what git said."""
        return await self._committer.push(path, f"refs/heads/{branch}", token, self._web, track=track)
