"""Merges branches one after another, and tells about each (``merge-agent.md`` §2, §6)."""

from collections.abc import Iterable
from typing import TypedDict

from a_parallel_contracts import ApiError, PluginContext
from a_parallel_contracts.git import GitHooks
from a_parallel_contracts.merge import (
    BranchResult,
    Candidate,
    MergeAborted,
    MergeBranchDone,
    MergeBranchStarted,
    MergeCompleted,
    MergeOptions,
    MergeProgress,
    MergeReport,
    MergeStarted,
)
from a_parallel_contracts.threads import Thread
from a_parallel_plugins.merge.merger import Attempt, Merger
from a_parallel_plugins.merge.repository import Repository
from a_parallel_plugins.merge.resolver import AgentResolver
from a_parallel_plugins.merge.transcript import Transcript


class _Ids(TypedDict):
    thread_id: str
    owner: str


class Series:
    """The branches of one run.

    Parameters:
        ctx: of the plugin.
        merger: merges one branch.
        thread: shows the run; its owner is author of what is committed.
        options: of the run.
        transcript: where it is said what happens.
    """

    def __init__(
        self, ctx: PluginContext, merger: Merger, thread: Thread, options: MergeOptions, transcript: Transcript
    ) -> None:
        self._ctx = ctx
        self._merger = merger
        self._thread = thread
        self._options = options
        self._transcript = transcript
        self._ids = _Ids(thread_id=thread.id, owner=thread.user_id)

    async def merge_all(self, repository: Repository, target: str, candidates: Iterable[Candidate]) -> MergeReport:
        """Merge all candidates; a failure ends the run only when not everything is as it was before it."""
        found = list(candidates)
        self._ctx.publish(MergeStarted(branches=found, target_branch=target, **self._ids))
        await self._transcript.say(_plan(found, target))
        results: list[BranchResult] = []
        for candidate in found:
            attempt, result = await self.merge_one(repository, target, candidate.branch)
            results.append(result)
            reason = None if result.success else await self._not_as_before(attempt)
            if reason is not None:
                self._ctx.publish(MergeAborted(branch=candidate.branch, reason=reason, **self._ids))
                await self._transcript.say(f"The remaining branches are left alone: {reason}")
                break
        report = MergeReport(
            target_branch=target, results=results, total_cost_usd=sum(one.cost_usd or 0 for one in results)
        )
        self._ctx.publish(MergeCompleted(report=report, **self._ids))
        return report

    async def merge_one(self, repository: Repository, target: str, branch: str) -> tuple[Attempt, BranchResult]:
        """Merge one branch and return what became of it."""
        identity = await self._ctx.hooks.first(GitHooks.git_identity, self._thread.user_id)
        environment = identity.environment if identity is not None else {}

        async def begun() -> None:
            self._ctx.publish(MergeBranchStarted(branch=branch, target=target, **self._ids))

        async def progress(text: str) -> None:
            self._ctx.publish(MergeProgress(branch=branch, message=text, **self._ids))

        resolver = AgentResolver(
            self._ctx,
            self._thread,
            self._transcript,
            model=self._options.model,
            max_turns=self._options.max_turns,
            environment=environment,
            progress=progress,
        )
        attempt = Attempt(repository, target, branch, self._thread.id, environment, begun, resolver)
        try:
            error = await self._merge(attempt)
        finally:
            if resolver.cost:
                await self._transcript.spent(resolver.cost)
        result = BranchResult(
            branch=branch,
            success=error is None,
            had_conflicts=attempt.had_conflicts,
            error=error,
            cost_usd=resolver.cost if attempt.had_conflicts else None,
        )
        self._ctx.publish(MergeBranchDone(result=result, **self._ids))
        await self._transcript.say(_told(result, target))
        return attempt, result

    async def _merge(self, attempt: Attempt) -> str | None:
        try:
            await self._merger.merge(attempt)
        except ApiError as error:
            return error.message
        return None

    async def _not_as_before(self, attempt: Attempt) -> str | None:
        """Return why the run cannot go on after a failure, or None if the roll-back is verified."""
        repository = attempt.repository
        try:
            if attempt.recorded is None:
                await repository.refuse_unready()
                return None
            difference = await repository.differs(attempt.recorded)
            changed = await repository.changed()
        except ApiError as error:
            return error.message
        if difference is None and changed:
            difference = f"{', '.join(changed[:5])} changed"
        return None if difference is None else f"{difference} now; before the merge it was {attempt.recorded}"


def _plan(candidates: list[Candidate], target: str) -> str:
    if not candidates:
        return f"No branches are ready to be merged into {target}."
    lines = "\n".join(f"- {one.branch} ({one.commit_count} commits)" for one in candidates)
    return f"Merging into {target}:\n\n{lines}"


def _told(result: BranchResult, target: str) -> str:
    if not result.success:
        return f"{result.branch} is not merged into {target}: {result.error}"
    how = ", its conflicts were resolved" if result.had_conflicts else ""
    return f"{result.branch} is merged into {target}{how}."
