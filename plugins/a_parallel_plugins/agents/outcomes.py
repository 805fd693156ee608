"""Beginnings and ends of runs as rows and events (``agent-lifecycle.md`` §7, §8.1, §9)."""

from typing import Literal

from msgspec import Struct, field

from a_parallel_contracts import NotFound, now
from a_parallel_contracts.agents import (
    AgentError,
    AgentResult,
    PermissionRequest,
    RunEnded,
    RunStarted,
    WaitingReason,
)
from a_parallel_contracts.threads import UNFINISHED, Stage, ThreadChanges, ThreadStatus
from a_parallel_plugins.agents.book import Book


class RunBegun(Struct, frozen=True):
    """A run begins; `changes` are what else the row gets (model, permission mode)."""

    generation: int
    changes: ThreadChanges = field(default_factory=ThreadChanges)

    def write(self, book: Book) -> None:
        """Set the row to ``running`` and tell it, before anything else of the run.

        Raises:
            NotFound: the thread is gone.
        """
        thread = book.thread
        if thread is None:
            raise NotFound("Thread not found")
        changes = self.changes.copy()
        changes.update({"status": ThreadStatus.RUNNING.value, "stage": _begun(thread.stage), "completed_at": None})
        after = book.update(changes)
        if after is None:
            raise NotFound("Thread not found")
        book.set_waiting(None)
        book.leave_queue()
        book.status(after)
        book.emit(
            RunStarted(
                project_id=book.subject.project_id,
                generation=self.generation,
                thread_id=book.thread_id,
                owner=book.owner,
            )
        )


class RunSettled(Struct, frozen=True):
    """The provider gave a result and is idle.

    Attributes:
        generation: of the run.
        status: what becomes of the thread.
        duration: of all turns in milliseconds.
        result: the last text.
        error_reason: why it failed.
        reason: what the thread waits for.
        denied: tool for which a permission was missing.
        detail: what the provider says about the failure beside its reason.
    """

    generation: int
    status: Literal["completed", "failed", "waiting"]
    duration: float
    result: str | None = None
    error_reason: str | None = None
    reason: WaitingReason | None = None
    denied: str | None = None
    detail: str | None = None

    def write(self, book: Book) -> None:
        """Set status, stage and end time, and tell the result with the thread's total cost."""
        thread = book.thread
        if thread is None:
            return
        waits = self.status == "waiting"
        changes: ThreadChanges = {"status": self.status}
        if not waits:
            changes.update({"completed_at": now(), "stage": _reviewed(thread.stage)})
        thread = book.update(changes) or thread
        book.set_waiting(self.reason, self._failure)
        book.emit(
            AgentResult(
                status=self.status,
                cost=thread.cost,
                duration=self.duration,
                stage=thread.stage,
                result=self.result,
                error_reason=self.error_reason,
                waiting_reason=self.reason,
                permission_request=PermissionRequest(tool_name=self.denied) if self.denied else None,
                thread_id=book.thread_id,
                owner=book.owner,
            )
        )
        _ended(book, self.generation, self.status)

    @property
    def _failure(self) -> str | None:
        return (self.result or self.detail or self.error_reason) if self.status == "failed" else None


AT_WORK = (ThreadStatus.PENDING, ThreadStatus.RUNNING)
"""States in which a thread needs an agent."""


class RunFailed(Struct, frozen=True):
    """The run failed without a result.

    Attributes:
        generation: of the run.
        error: what people are told.
        review: it never began, so it must not stay in progress.
        unless_over: nothing is written if the thread's row says already how the run has ended.
    """

    generation: int
    error: str
    review: bool = False
    unless_over: bool = False

    def write(self, book: Book) -> None:
        """Set the row to ``failed`` and tell it once."""
        thread = book.thread
        if thread is None or (self.unless_over and thread.status not in AT_WORK):
            return
        changes: ThreadChanges = {"status": ThreadStatus.FAILED.value, "completed_at": now()}
        if self.review:
            changes["stage"] = _reviewed(thread.stage)
        after = book.update(changes) or thread
        book.set_waiting(None, self.error)
        book.leave_queue()
        book.show_running_first(thread)
        book.emit(AgentError(error=self.error, thread_id=book.thread_id, owner=book.owner))
        book.status(after)
        _ended(book, self.generation, ThreadStatus.FAILED.value)


class RunEndedEarly(Struct, frozen=True):
    """A person stopped or interrupted the run, or the server goes down; the stage stays.

    Nothing changes unless the thread is pending, running or waiting (``agent-lifecycle.md`` §13). `in_run` is
    False for a thread whose run never began, or ended with a question before.
    """

    generation: int
    status: Literal["stopped", "interrupted"]
    in_run: bool = True

    def write(self, book: Book) -> None:
        """Set the row and tell it."""
        thread = book.thread
        if thread is None or thread.status not in UNFINISHED:
            return
        after = book.update({"status": self.status, "completed_at": now()}) or thread
        book.leave_queue()
        if self.status == "stopped":
            book.set_waiting(None)
        book.show_running_first(thread)
        book.status(after)
        if self.in_run:
            _ended(book, self.generation, self.status)


def _ended(book: Book, generation: int, status: str) -> None:
    book.emit(
        RunEnded(
            thread_id=book.thread_id,
            owner=book.owner,
            project_id=book.subject.project_id,
            generation=generation,
            status=status,
        )
    )


def _begun(stage: str) -> str:
    return Stage.IN_PROGRESS.value if stage in (Stage.BACKLOG, Stage.REVIEW) else stage


def _reviewed(stage: str) -> str:
    return Stage.REVIEW.value if stage == Stage.IN_PROGRESS else stage
