"""What changes of a thread's run are written with, inside one unit of work."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from a_parallel_contracts import Event, Transaction
from a_parallel_contracts.agents import AgentStatus, PermissionRequest, WaitingReason
from a_parallel_contracts.threads import Thread, ThreadChanges, Threads, ThreadStatus

SHOWN_AS_RUNNING = (ThreadStatus.RUNNING,)
"""States from which the client accepts every other one (``websocket.md`` §4.1)."""


class Subject(Struct, frozen=True):
    """The thread that a run belongs to.

    Attributes:
        thread_id: the thread's id.
        owner: user id of the thread's owner.
        project_id: the thread's project.
    """

    thread_id: str
    owner: str
    project_id: str

    @classmethod
    def of(cls, thread: Thread) -> "Subject":
        """Return the subject that stands for `thread`."""
        return cls(thread.id, thread.user_id, thread.project_id)


class Book(Struct):
    """Rows and events of one thread.

    Attributes:
        tx: unit of work.
        threads: the thread store.
        subject: whose rows they are.
    """

    tx: Transaction
    threads: Threads
    subject: Subject

    @property
    def thread_id(self) -> str:
        """Id of the thread."""
        return self.subject.thread_id

    @property
    def owner(self) -> str:
        """Who owns the thread."""
        return self.subject.owner

    @property
    def thread(self) -> Thread | None:
        """The thread's row as it is now."""
        return self.threads.find(self.tx, self.subject.thread_id)

    def update(self, changes: ThreadChanges) -> Thread | None:
        """Change the thread's row; None if it is gone."""
        return self.threads.update(self.tx, self.subject.thread_id, changes)

    def emit(self, event: Event) -> None:
        """Publish `event` after the commit."""
        self.tx.emit(event)

    def status(
        self,
        thread: Thread,
        *,
        waiting_reason: WaitingReason | None = None,
        permission_request: PermissionRequest | None = None,
    ) -> None:
        """Tell the client the status of `thread`, its stage included."""
        self.emit(
            AgentStatus(
                thread_id=self.thread_id,
                owner=self.owner,
                status=thread.status,
                stage=thread.stage,
                waiting_reason=waiting_reason,
                permission_request=permission_request,
            )
        )

    def show_running_first(self, before: Thread) -> None:
        """Tell ``running`` if the client would ignore an outcome in the state that `before` shows.

        While a thread waits, only ``running`` is accepted; ``pending`` accepts no ``stopped``
        (``websocket.md`` §4.1).
        """
        if before.status not in SHOWN_AS_RUNNING:
            running = ThreadStatus.RUNNING.value
            self.emit(AgentStatus(thread_id=self.thread_id, owner=self.owner, status=running, stage=before.stage))

    def set_waiting(self, reason: str | None, failure: str | None = None) -> None:
        """Remember for what the thread waits, so that an answer is known as one after the agent is gone.

        Parameters:
            reason: what it waits for.
            failure: why its run failed, for whoever asks after the event.
        """
        self.tx.execute(
            "INSERT INTO agents_threads (thread_id, waiting, failure) VALUES (?, ?, ?)"
            " ON CONFLICT (thread_id) DO UPDATE SET waiting = excluded.waiting, failure = excluded.failure",
            (self.subject.thread_id, reason, failure),
        )

    def leave_queue(self) -> None:
        """Forget that the thread's run waits for its turn."""
        self.tx.execute("DELETE FROM agents_queue WHERE thread_id = ?", (self.subject.thread_id,))


class Change(Protocol):
    """Something that happened in a run, as rows and events. Writing it twice in two tries gives the same."""

    def write(self, book: Book) -> None:
        """Write the rows and emit the events."""
        ...


def write_all(book: Book, changes: Iterable[Change]) -> None:
    """Write `changes` in order."""
    for change in changes:
        change.write(book)
