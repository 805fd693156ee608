"""Rows to read: threads with messages and tool calls, the same in every run."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOOL_INPUT = '{"command":"git status --short","description":"Look at the working tree"}'
THREAD = (
    "INSERT INTO threads (id, project_id, title, mode, status, stage, branch, cost, created_at, completed_at)"
    " VALUES (?, ?, ?, 'worktree', 'completed', 'review', ?, 0.25, ?, ?)"
)
MESSAGE = "INSERT INTO messages (id, thread_id, role, content, timestamp) VALUES (?, ?, ?, ?, ?)"
CALL = "INSERT INTO tool_calls (id, message_id, name, input, output) VALUES (?, ?, 'Bash', ?, ?)"


def stamp(number: int) -> str:
    """Return the timestamp of a running number, a second apart."""
    hours, seconds = divmod(number, 3600)
    return f"2026-01-{1 + hours // 24:02}T{hours % 24:02}:{seconds // 60:02}:{seconds % 60:02}.000Z"


def fill(database: Path, project: str, threads: int, messages: int) -> str:
    """Write `threads` threads, the first of them with `messages` messages, and return its id.

    Parameters:
        database: of a server that does not run.
        project: id of a registered project.
        threads, messages: how many.
    """
    with sqlite3.connect(database) as connection:
        connection.executemany(THREAD, _threads(project, threads))
        connection.executemany(MESSAGE, _messages(messages))
        connection.executemany(CALL, _calls(messages))
    connection.close()
    return "thread-00000"


def _threads(project: str, count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        id = f"thread-{number:05}"
        yield id, project, f"Task number {number}", f"bench/task-{number}", stamp(number), stamp(number + 60)


def _messages(count: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(7)  # noqa: S311 - the same text in every run
    for number in range(count):
        words = " ".join(f"word{chance.randrange(5000)}" for _ in range(chance.randrange(40, 160)))
        yield f"message-{number:06}", "thread-00000", "assistant" if number % 5 else "user", words, stamp(number)


def _calls(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        output = "\n".join(f" M src/module_{line}.py" for line in range(number % 60))
        yield f"call-{number:06}", f"message-{number:06}", TOOL_INPUT, output
