"""Body and answer of ``POST /api/git/:threadId/merge`` (``http-core.md`` §7.7)."""

from pydantic import Field

from a_parallel_contracts import Omissible, WireModel


class MergeBody(WireModel):
    """What to merge into, and what to do afterwards.

    Attributes:
        target_branch: the thread's base branch without it.
        push: push the target to origin.
        cleanup: remove the thread's worktree, and its branch.
        confirmed: ignored files that are too large to be kept may be lost with the worktree.
        resolve: have an agent resolve conflicts; the answer does not wait for it.
    """

    target_branch: Omissible[str] = None
    push: bool = False
    cleanup: bool = False
    confirmed: bool = False
    resolve: bool = False


class MergeAnswer(WireModel):
    """What git said. With `thread_id` nothing is merged yet: an agent works on the conflicts, shown by that thread."""

    ok: bool = True
    output: str
    thread_id: str | None = Field(default=None, exclude_if=lambda value: value is None)
