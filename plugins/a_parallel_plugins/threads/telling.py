"""Tells pages what people do in other pages: the page in which they did it shows it already."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import orjson

from a_parallel_contracts import Database, Event, Topic, Transaction
from a_parallel_contracts.threads import (
    THREADS,
    Message,
    MessageAdded,
    Thread,
    ThreadChanged,
    ThreadCreated,
    ThreadDeleted,
    ThreadStatus,
)

_WRITTEN = (
    "SELECT m.id AS message_id, m.thread_id, t.user_id AS owner, m.role, m.content, m.model, m.permission_mode,"
    " m.timestamp, {images} AS images"
    " FROM json_each(:ids) asked JOIN messages m ON m.id = asked.value JOIN threads t ON t.id = m.thread_id"
)
_RECALLED = _WRITTEN.format(images="iif(json_valid(m.images), json_array_length(m.images), 0)")
_TOLD = _WRITTEN.format(images=":images")


def message_topic(db: Database) -> Topic:
    """Return the topic ``threads:message``, which is told again from the rows.

    It is on request: clients that show a message only where it was written must see no difference
    (``agent-lifecycle.md`` §7).
    """
    return Topic(
        "threads:message",
        MessageAdded,
        subject="thread_id",
        owner="owner",
        loads=THREADS,
        reference="message_id",
        recall=partial(recall, db),
        on_request=True,
    )


async def recall(db: Database, ids: Collection[str]) -> dict[str, Event]:
    """Return messages as they are now, by id."""
    rows = await db.rows(_RECALLED, ids=orjson.dumps(list(ids)).decode())
    return {row["message_id"]: MessageAdded.model_validate(row) for row in rows}


def tell(tx: Transaction, message: Message) -> None:
    """Emit what was written of a message."""
    params = {"ids": orjson.dumps([message.id]).decode(), "images": len(message.images or ())}
    for row in tx.all(_TOLD, params):
        tx.emit(MessageAdded.model_validate(row))


class ThreadRow(Event):
    """The row of a thread as it is now, without one that is gone. What a run changes in it is told as ``agent:*``."""

    thread_id: str
    owner: str
    thread: Thread | None = None


ROW_TOPIC = Topic("threads:row", ThreadRow, subject="thread_id", owner="owner", logged=False, on_request=True)
"""What people do to threads: make, move, pin, archive, delete, and have wait. Who was away loads the lists anew."""

_TOLD_BY_RUNS = {"status", "cost", "completed_at", "session_id"}


class RowTeller:
    """Tells pages about rows.

    Parameters:
        publish: of the plugin's context.
    """

    def __init__(self, publish: Callable[[Event], None]) -> None:
        self._publish = publish

    async def created(self, event: ThreadCreated) -> None:
        """Tell a new row."""
        self._tell(event.thread, event.thread)

    async def changed(self, event: ThreadChanged) -> None:
        """Tell a row in which more has changed than a run tells."""
        if _lasting(event.before) != _lasting(event.after):
            self._tell(event.after, event.after)

    async def deleted(self, event: ThreadDeleted) -> None:
        """Tell that a row is gone."""
        self._tell(event.thread, None)

    def _tell(self, thread: Thread, row: Thread | None) -> None:
        self._publish(ThreadRow(thread_id=thread.id, owner=thread.user_id, thread=row))


def _lasting(thread: Thread) -> dict[str, Any]:
    """Return what no run tells; that one waits for its turn is among it."""
    return {**thread.model_dump(exclude=_TOLD_BY_RUNS), "waits": thread.status == ThreadStatus.PENDING}
