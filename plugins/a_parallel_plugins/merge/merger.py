"""Merges one branch into a target: all of it, or everything is as it was (``merge-agent.md`` §4, §8)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from a_parallel_contracts import ApiError, BadRequest, PluginContext, new_id
from a_parallel_contracts.git import GIT
from a_parallel_plugins.merge.bench import Bench, Tried
from a_parallel_plugins.merge.landing import land
from a_parallel_plugins.merge.repository import Recorded, Repository
from a_parallel_plugins.merge.settings import Settings
from a_parallel_plugins.merge.verify import verified

UP_TO_DATE = "Already up to date."

Resolver = Callable[[Bench, Recorded, Sequence[str]], Awaitable[None]]
"""Resolves the unmerged paths of a merge in its temporary working tree, or raises `BadRequest`."""


class MergeConflict(BadRequest):
    """The branches cannot be merged without somebody who resolves conflicts; the text is git's."""


class Attempt(Struct):
    """One branch on its way into a target.

    Attributes:
        repository: whose branches they are.
        target, branch: short names.
        owner: id of the thread under which what must be kept is kept.
        environment: author and committer.
        begun: told when nothing speaks against the merge any more.
        resolver: called for conflicts; without one they are a failure.
        recorded: where everything was before.
        had_conflicts: git could not merge it alone.
    """

    repository: Repository
    target: str
    branch: str
    owner: str
    environment: Mapping[str, str]
    begun: Callable[[], Awaitable[None]] | None = None
    resolver: Resolver | None = None
    recorded: Recorded | None = None
    had_conflicts: bool = False

    @property
    def message(self) -> str:
        """Message of the commit that merges the branch."""
        return f"Merge branch '{self.branch}' into {self.target}"


class Merger:
    """Merges branches in temporary working trees of its own.

    Parameters:
        ctx: of the plugin.
        directory: where the temporary working trees are made.
    """

    def __init__(self, ctx: PluginContext, directory: Path) -> None:
        self._ctx = ctx
        self._git = ctx.get(GIT)
        self._directory = directory
        self._patience = ctx.settings(Settings).patience

    async def merge(self, attempt: Attempt) -> str:
        """Merge a branch and return what git said.

        The repository is held while refs or working trees are written, not while somebody resolves conflicts.

        Raises:
            MergeConflict: there are conflicts and nobody to resolve them.
            BadRequest: it cannot be done, or was not; the text says why.
            Conflict: somebody else is at work in the repository, or the target has moved meanwhile.
        """
        bench: Bench | None = None
        try:
            async with self._held(attempt.repository):
                recorded = await self._begin(attempt)
                if await self._contained(attempt.repository, recorded):
                    return UP_TO_DATE
                bench = await self._make(attempt.repository, recorded, attempt.environment)
                tried = await bench.merge(recorded, attempt.message)
                if not tried.unmerged:
                    await finish(self._land(bench, attempt, recorded))
                    return tried.output
            attempt.had_conflicts = True
            await self._resolve(bench, attempt, recorded, tried)
            async with self._held(attempt.repository):
                await bench.conclude(attempt.message)
                await finish(self._land(bench, attempt, recorded))
            return tried.output
        finally:
            if bench is not None:
                await finish(self._dispose(bench, attempt))

    async def _begin(self, attempt: Attempt) -> Recorded:
        recorded = await attempt.repository.record(attempt.target, attempt.branch)
        attempt.recorded = recorded
        if attempt.begun is not None:
            await attempt.begun()
        return recorded

    async def _contained(self, repository: Repository, recorded: Recorded) -> bool:
        return await self._git.is_ancestor(repository.root, recorded.branch_commit, recorded.target_commit)

    async def _resolve(self, bench: Bench, attempt: Attempt, recorded: Recorded, tried: Tried) -> None:
        if attempt.resolver is None:
            raise MergeConflict(tried.output)
        bench.worked = True
        await attempt.resolver(bench, recorded, tried.unmerged)

    async def _land(self, bench: Bench, attempt: Attempt, recorded: Recorded) -> None:
        commit = await verified(self._git, bench, recorded)
        await land(attempt.repository, bench, recorded, commit, attempt.environment)
        bench.landed = True

    async def _make(self, repository: Repository, recorded: Recorded, environment: Mapping[str, str]) -> Bench:
        return await Bench.make(repository, self._directory / new_id() / repository.root.name, recorded, environment)

    async def _dispose(self, bench: Bench, attempt: Attempt) -> None:
        """Remove the temporary working tree; what cannot be removed safely stays until the next start."""
        try:
            async with self._git.exclusive(attempt.repository.root):
                if bench.worked:
                    await bench.keep(attempt.owner)
                if bench.worked and not bench.landed and attempt.recorded is not None:
                    await self._put_back(bench, attempt, attempt.recorded)
                await bench.remove()
        except ApiError as error:
            self._ctx.log.warning("the temporary working tree %s stays: %s", bench.path, error.message)

    async def _put_back(self, bench: Bench, attempt: Attempt, recorded: Recorded) -> None:
        """Undo what an agent did to the target itself, if nobody else can have done it (rule 4)."""
        root, now = attempt.repository.root, await attempt.repository.tip(recorded.target)
        if now is None or now == recorded.target_commit or not await bench.on(recorded.target):
            return
        if await self._git.is_ancestor(root, recorded.target_commit, now):
            arguments = ["update-ref", f"refs/heads/{recorded.target}", recorded.target_commit, now]
            await self._git.command(root, arguments)
            await bench.keep_commit(now, attempt.owner)

    @asynccontextmanager
    async def _held(self, repository: Repository) -> AsyncIterator[None]:
        async with self._git.exclusive(repository.root, wait=self._patience):
            yield


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end even if the caller is cancelled meanwhile; the cancellation comes through afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
