"""Merging: finished branches of worktrees into a target branch, conflicts resolved by an agent (``merge-agent.md``)."""

from typing import Literal, Protocol

from pydantic import Field

from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.projects import Project
from a_parallel_contracts.services import ServiceKey
from a_parallel_contracts.threads import Model, Thread

MERGED = "merge"
"""Cause of a snapshot that keeps what was in the temporary working tree of a merge."""


class MergeOptions(WireModel):
    """What is to be merged, and how (``merge-agent.md`` §1).

    Attributes:
        target_branch: branch merged into; the repository's default branch without it.
        branches: only these; all that are ready without it.
        model: of the agent that resolves conflicts.
        max_turns: its model round trips for each branch.
    """

    target_branch: str | None = None
    branches: tuple[str, ...] | None = None
    model: Model = Model.SONNET
    max_turns: int = Field(default=50, ge=1)


class Candidate(WireModel):
    """A branch that is ready to be merged. `commit_count` is what it has and the target has not."""

    branch: str
    worktree_path: str
    status: Literal["unpushed", "pushed"]
    commit_count: int


class BranchResult(WireModel):
    """What became of one branch. `cost_usd` is what its agent cost, if one was needed."""

    branch: str
    success: bool
    had_conflicts: bool
    error: str | None = Field(default=None, exclude_if=lambda value: value is None)
    cost_usd: float | None = Field(default=None, exclude_if=lambda value: value is None)


class MergeReport(WireModel):
    """What became of all branches."""

    target_branch: str
    results: list[BranchResult]
    total_cost_usd: float = 0

    @property
    def failures(self) -> int:
        """How many branches are not merged although it was tried."""
        return sum(not result.success for result in self.results)

    @property
    def has_findings(self) -> bool:
        """Whether at least one branch was attempted."""
        return bool(self.results)

    @property
    def summary(self) -> str:
        """One line for people (``merge-agent.md`` §6)."""
        if not self.results:
            return "No branches ready to merge"
        merged, failed = len(self.results) - self.failures, self.failures
        failures = f" ({failed} failed)" if failed else ""
        cost = f"${self.total_cost_usd:.4f}"
        return f"Merged {merged}/{len(self.results)} branches into {self.target_branch}{failures} \N{EM DASH} {cost}"


class MergeEvent(Event):
    """Base of the events of a run; they stay in the server. `thread_id` shows the run, `owner` is its user."""

    thread_id: str
    owner: str


class MergeStarted(MergeEvent):
    """``merge:start``: the branches are known, none has been touched."""

    branches: list[Candidate]
    target_branch: str


class MergeBranchStarted(MergeEvent):
    """``merge:branch-start``: everything that could refuse the merge of a branch has been looked at."""

    branch: str
    target: str


class MergeProgress(MergeEvent):
    """``merge:progress``: the agent said something about a branch."""

    branch: str
    message: str


class MergeBranchDone(MergeEvent):
    """``merge:branch-done``: a branch is merged, or everything is as it was before it."""

    result: BranchResult


class MergeAborted(MergeEvent):
    """``merge:aborted``: the branches after this one are not tried."""

    branch: str
    reason: str


class MergeCompleted(MergeEvent):
    """``merge:complete``: the run is over."""

    report: MergeReport


class Merges(Protocol):
    """Merges branches without anybody present."""

    async def run(self, project: Project, thread: Thread, options: MergeOptions) -> MergeReport:
        """Merge the branches of a project that are ready, one after another.

        The thread shows it all: it is ``running`` meanwhile and ``completed`` or ``failed`` in the end, with
        the cost, and what happens is said in its messages, the report's summary last. Stopping, archiving or
        deleting it ends the run, as does cancelling the call; the branch at work is then as it was before.

        Nothing is pushed, no branch and no working tree is removed.

        Parameters:
            project: whose repository it is.
            thread: one of mode ``local`` that was made for this run.
            options: what is to be merged.

        Raises:
            Conflict: another merge or an agent is at work in the project, or the run was stopped.
            BadRequest: there is no such target.
        """
        ...


MERGE = ServiceKey[Merges]("merge")
