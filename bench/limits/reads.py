"""Limit of reading: bare aiohttp handlers with the same SQL on plain ``sqlite3`` and the same encoder.

``python -m bench.limits.reads DATABASE`` prints ``ready PORT``.
"""

import asyncio
import sqlite3
import sys
from typing import Any

import orjson
from aiohttp import web

from bench.limits.serving import serve

THREADS = """
SELECT id, project_id AS projectId, user_id AS userId, title, mode, status, stage, permission_mode AS permissionMode,
    model, branch, base_branch AS baseBranch, worktree_path AS worktreePath, session_id AS sessionId,
    initial_prompt AS initialPrompt, cost, archived, pinned, created_at AS createdAt, completed_at AS completedAt
FROM threads
"""
LIST = THREADS + "WHERE project_id = ? ORDER BY pinned DESC, COALESCE(completed_at, created_at) DESC"
ONE = THREADS + "WHERE id = ?"
MESSAGES = """
SELECT id, thread_id AS threadId, role, content, images, model, permission_mode AS permissionMode, timestamp
FROM messages WHERE thread_id = ? ORDER BY timestamp, rowid
"""
NEWEST = """
SELECT * FROM (
    SELECT id, thread_id AS threadId, role, content, images, model, permission_mode AS permissionMode, timestamp
    FROM messages WHERE thread_id = ? ORDER BY timestamp DESC, rowid DESC LIMIT ?
) ORDER BY timestamp
"""
CALLS = """
SELECT c.id, c.message_id AS messageId, c.name, c.input, c.output
FROM tool_calls c JOIN messages m ON m.id = c.message_id WHERE m.thread_id = ? ORDER BY c.rowid
"""
SOME_CALLS = """
SELECT id, message_id AS messageId, name, input, output FROM tool_calls WHERE message_id IN ({}) ORDER BY rowid
"""


async def main(path: str) -> None:
    """Serve until standard input ends."""
    connection = sqlite3.connect(path)
    connection.row_factory = lambda cursor, row: {
        name[0]: value for name, value in zip(cursor.description, row, strict=True)
    }

    def booleans(row: dict[str, Any]) -> dict[str, Any]:
        row["archived"], row["pinned"] = bool(row["archived"]), bool(row["pinned"])
        return row

    async def threads(request: web.Request) -> web.Response:
        rows = [booleans(row) for row in connection.execute(LIST, (request.query["projectId"],))]
        return web.Response(body=orjson.dumps(rows), content_type="application/json")

    async def thread(request: web.Request) -> web.Response:
        id = request.match_info["id"]
        row = booleans(connection.execute(ONE, (id,)).fetchone())
        limit = request.query.get("limit")
        if limit:
            messages = connection.execute(NEWEST, (id, int(limit))).fetchall()
            marks = ", ".join("?" * len(messages))
            found = connection.execute(SOME_CALLS.format(marks), [message["id"] for message in messages])
        else:
            messages = connection.execute(MESSAGES, (id,)).fetchall()
            found = connection.execute(CALLS, (id,))
        calls: dict[str, list[dict[str, Any]]] = {}
        for call in found:
            calls.setdefault(call["messageId"], []).append(call)
        for message in messages:
            message["toolCalls"] = calls.get(message["id"], [])
        row["messages"] = messages
        return web.Response(body=orjson.dumps(row), content_type="application/json")

    await serve([web.get("/api/threads", threads), web.get("/api/threads/{id}", thread)])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
