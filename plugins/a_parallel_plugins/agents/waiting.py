"""Rows of runs that wait for their turn; they outlive a restart."""

from collections.abc import Sequence

import orjson
from msgspec import Struct, field

from a_parallel_contracts import NotFound, Reader, Row, now
from a_parallel_contracts.agents import StartRequest
from a_parallel_contracts.threads import ThreadChanges, ThreadStatus
from a_parallel_plugins.agents.book import Book

_PUT = (
    "INSERT INTO agents_queue (thread_id, status_before, allowed_tools, disallowed_tools, since)"
    " VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (thread_id) DO UPDATE"
    " SET allowed_tools = excluded.allowed_tools, disallowed_tools = excluded.disallowed_tools"
)


class WaitingRun(Struct, frozen=True):
    """A run that waits.

    Attributes:
        thread_id: whose run it is.
        status_before: status of the thread before it got in line.
        request: the tool lists; the messages lie in the outbox.
        since: ISO timestamp.
    """

    thread_id: str
    status_before: str
    request: StartRequest
    since: str


class RunQueued(Struct, frozen=True):
    """A run has to wait; `changes` are what else the row gets (model, permission mode)."""

    request: StartRequest
    changes: ThreadChanges = field(default_factory=ThreadChanges)

    def write(self, book: Book) -> None:
        """Set the row to ``pending`` and keep what the run is to be started with.

        No ``agent:status``: the client takes none of ``pending`` (``websocket.md`` §4.1). ``agents:queued`` tells it.

        A further message for a run that waits keeps its place and brings its own tool lists.

        Raises:
            NotFound: the thread is gone.
        """
        before = book.thread
        if before is None:
            raise NotFound("Thread not found")
        changes = self.changes.copy()
        changes.update({"status": ThreadStatus.PENDING.value, "completed_at": None})
        after = book.update(changes) or before
        lists = (_text(self.request.allowed_tools), _text(self.request.disallowed_tools))
        book.tx.execute(_PUT, (book.thread_id, before.status, *lists, now()))
        if after.status != before.status:
            book.set_waiting(None)


def find(reader: Reader, thread_id: str) -> WaitingRun | None:
    """Return a thread's run if it waits."""
    row = reader.one("SELECT * FROM agents_queue WHERE thread_id = ?", (thread_id,))
    return _run(row) if row else None


def ids(reader: Reader) -> set[str]:
    """Return the threads whose run waits."""
    return {thread_id for (thread_id,) in reader.tuples("SELECT thread_id FROM agents_queue")}


def all_of(reader: Reader) -> list[WaitingRun]:
    """Return all runs that wait, oldest first."""
    return [_run(row) for row in reader.all("SELECT * FROM agents_queue ORDER BY position")]


def _run(row: Row) -> WaitingRun:
    allowed, disallowed = (
        tuple(orjson.loads(row[name])) if row[name] is not None else None
        for name in ("allowed_tools", "disallowed_tools")
    )
    request = StartRequest(text="", allowed_tools=allowed, disallowed_tools=disallowed)
    return WaitingRun(row["thread_id"], row["status_before"], request, row["since"])


def _text(tools: Sequence[str] | None) -> str | None:
    return None if tools is None else orjson.dumps(list(tools)).decode()
