"""What an agent said and did, as it is told again to a browser that missed it."""

from collections.abc import Collection
from typing import Any

import orjson

from a_parallel_contracts import Database, Event, Row
from a_parallel_contracts.agents import AgentMessage, AgentToolCall, AgentToolOutput

_OF = " FROM json_each(:ids) asked JOIN {table} x ON x.id = asked.value"
_THREAD = " JOIN threads t ON t.id = {thread}"
_WHO = "SELECT x.id, t.id AS thread_id, t.user_id AS owner"
_CALLS = " JOIN messages m ON m.id = x.message_id"

MESSAGES = _WHO + ", x.content" + _OF.format(table="messages") + _THREAD.format(thread="x.thread_id")
CALLS = (_WHO + ", x.message_id, x.name, x.input" + _OF.format(table="tool_calls") + _CALLS) + _THREAD.format(
    thread="m.thread_id"
)
OUTPUTS = (_WHO + ", x.output" + _OF.format(table="tool_calls") + _CALLS) + _THREAD.format(thread="m.thread_id")


class Recall:
    """Rebuilds events from rows, whoever owns them now.

    Parameters:
        db: the database.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def messages(self, ids: Collection[str]) -> dict[str, Event]:
        """Return messages with their current text."""
        found = await self._rows(MESSAGES, ids)
        return {id: AgentMessage(message_id=id, content=row["content"], **_who(row)) for id, row in found.items()}

    async def calls(self, ids: Collection[str]) -> dict[str, Event]:
        """Return tool calls."""
        found = await self._rows(CALLS, ids)
        return {id: _call(id, row) for id, row in found.items()}

    async def outputs(self, ids: Collection[str]) -> dict[str, Event]:
        """Return the outputs of tool calls that have one."""
        found = await self._rows(OUTPUTS, ids)
        return {
            id: AgentToolOutput(tool_call_id=id, output=row["output"], **_who(row))
            for id, row in found.items()
            if row["output"]
        }

    async def _rows(self, sql: str, ids: Collection[str]) -> dict[str, Row]:
        rows = await self._db.rows(sql, ids=orjson.dumps(list(ids)).decode())
        return {row["id"]: row for row in rows}


def _who(row: Row) -> dict[str, Any]:
    return {"thread_id": row["thread_id"], "owner": row["owner"]}


def _call(id: str, row: Row) -> AgentToolCall:
    try:
        given: Any = orjson.loads(row["input"] or "{}")
    except orjson.JSONDecodeError:  # rows of an older server
        given = {}
    return AgentToolCall(tool_call_id=id, message_id=row["message_id"], name=row["name"], input=given, **_who(row))
