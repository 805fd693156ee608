"""Tells pages what people write: the page that sent a message shows it already, but the others do not."""

from collections.abc import Collection
from functools import partial

import orjson

from a_parallel_contracts import Database, Event, Row, Topic, Transaction
from a_parallel_contracts.threads import THREADS, Message, MessageAdded

_WRITTEN = (
    "SELECT m.id AS message_id, m.thread_id, t.user_id AS owner, m.role, m.content, m.model, m.permission_mode,"
    " m.timestamp, CASE WHEN json_valid(m.images) THEN json_array_length(m.images) ELSE 0 END AS images"
    " FROM json_each(:ids) asked JOIN messages m ON m.id = asked.value JOIN threads t ON t.id = m.thread_id"
)


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
    return {row["message_id"]: _event(row) for row in await db.rows(_WRITTEN, ids=orjson.dumps(list(ids)).decode())}


def tell(tx: Transaction, message: Message) -> None:
    """Emit what was written of a message."""
    for row in tx.all(_WRITTEN, {"ids": orjson.dumps([message.id]).decode()}):
        tx.emit(_event(row))


def _event(row: Row) -> MessageAdded:
    return MessageAdded.model_validate(row)
