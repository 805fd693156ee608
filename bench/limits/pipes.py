"""Limit of reading agents: pipes of NDJSON, one ``sqlite3`` writer in groups, prebuilt frames to every socket.

``python -m bench.limits.pipes RUNS DATABASE WORD...`` prints ``ready PORT``; a line on standard input starts the
agents, whose command line the words are.
"""

import asyncio
import sqlite3
import sys
from collections import deque
from typing import Any

import orjson

from bench.limits.stream import Writer, event, serve

INSERT_MESSAGE = "INSERT INTO messages VALUES (?, ?, ?, ?, ?)"
INSERT_CALL = "INSERT INTO tool_calls VALUES (?, ?, ?, ?, ?)"
AHEAD = 64
"""Lines of one agent that are read while earlier ones are not committed yet."""
STAMP = "2026-01-01T00:00:00.000Z"


async def follow(number: int, words: list[str], writer: Writer) -> None:
    """Store and tell what one agent writes, one after another."""
    pipe = asyncio.subprocess.PIPE
    agent = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, limit=2**20)
    assert agent.stdout is not None
    assert agent.stdin is not None
    thread, message = f"thread-{number}", ""
    waiting: deque[asyncio.Future[None]] = deque()
    while data := await agent.stdout.readline():
        line = orjson.loads(data)
        if line["type"] == "result":
            await writer.store("SELECT ?", ("",), event("agent:result", thread, {"status": "completed"}))
            break
        block = line["message"]["content"][0]
        message = f"{thread}-{line['message']['id']}" if block["type"] == "text" else message
        waiting.append(writer.store(*stored(thread, message, block)))
        if len(waiting) > AHEAD:
            await waiting.popleft()
    agent.stdin.close()
    await agent.wait()


def stored(thread: str, message: str, block: dict[str, Any]) -> tuple[str, tuple[str, ...], bytes]:
    """Return the statement, its values and the frame for one block."""
    if block["type"] == "text":
        data = {"messageId": message, "role": "assistant", "content": block["text"]}
        row = (message, thread, "assistant", block["text"], STAMP)
        return INSERT_MESSAGE, row, event("agent:message", thread, data)
    if block["type"] == "tool_use":
        data = {"toolCallId": block["id"], "messageId": message, "name": block["name"], "input": block["input"]}
        values = (block["id"], message, block["name"], orjson.dumps(block["input"]).decode(), "")
        return INSERT_CALL, values, event("agent:tool_call", thread, data)
    data = {"toolCallId": block["tool_use_id"], "output": block["content"]}
    changed = (block["content"], block["tool_use_id"])
    return "UPDATE tool_calls SET output = ? WHERE id = ?", changed, event("agent:tool_output", thread, data)


async def main(runs: int, path: str, words: list[str]) -> None:
    """Serve, wait for the word, follow all agents."""

    async def work(writer: Writer) -> None:
        await asyncio.gather(*(follow(number, words, writer) for number in range(runs)))

    await serve(path, work)


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
    except sqlite3.Error as error:
        sys.exit(str(error))
