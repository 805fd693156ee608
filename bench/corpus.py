"""Rows to read: threads with messages and tool calls, the same in every run."""

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOOL_INPUT = '{"command":"git status --short","description":"Look at the working tree"}'
THREAD = (
    "INSERT INTO threads (id, project_id, title, mode, status, stage, branch, cost, created_at, completed_at)"
    " VALUES (?, ?, ?, 'worktree', 'completed', 'review', ?, 0.25, ?, ?)"
)
PROJECT = (
    "INSERT OR IGNORE INTO projects (id, name, path, created_at)"
    " VALUES ('crowd', 'crowd', '/nowhere', '2026-01-01T00:00:00.000Z')"
)
MESSAGE = "INSERT INTO messages (id, thread_id, role, content, timestamp) VALUES (?, ?, ?, ?, ?)"
CALL = "INSERT INTO tool_calls (id, message_id, name, input, output) VALUES (?, ?, 'Bash', ?, ?)"


def stamp(number: int) -> str:
    """Return the timestamp of a running number, a second apart."""
    hours, seconds = divmod(number, 3600)
    return f"2026-01-{1 + hours // 24:02}T{hours % 24:02}:{seconds // 60:02}:{seconds % 60:02}.000Z"


@dataclass(frozen=True, slots=True)
class Corpus:
    """How many rows there are: `threads`, and `messages` in one of them with `calls` tool calls each."""

    threads: int
    messages: int
    calls: int = 1


def fill(database: Path, project: str, corpus: Corpus) -> str:
    """Write threads of a project, the first of them with messages, and return its id.

    Parameters:
        database: of a server that does not run.
        project: id of a registered project.
        corpus: how many.
    """
    with sqlite3.connect(database) as connection:
        connection.executemany(THREAD, _threads(project, range(corpus.threads)))
        connection.executemany(MESSAGE, _messages("thread-00000", corpus.messages))
        connection.executemany(CALL, _calls("thread-00000", corpus))
    connection.close()
    return "thread-00000"


def crowd(database: Path, numbers: range, corpus: Corpus) -> None:
    """Write threads of another project, each with messages, of which nothing is read.

    Parameters:
        database: of a server that does not run.
        numbers: of the threads.
        corpus: how many messages each thread has, and tool calls each message.
    """
    with sqlite3.connect(database) as connection:
        connection.execute(PROJECT)
        connection.executemany(THREAD, _threads("crowd", numbers, "crowd"))
        for number in numbers:
            thread = f"crowd-{number:05}"
            connection.executemany(MESSAGE, _messages(thread, corpus.messages))
            connection.executemany(CALL, _calls(thread, corpus))
    connection.close()


def _threads(project: str, numbers: range, kind: str = "thread") -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        id = f"{kind}-{number:05}"
        yield id, project, f"Task number {number}", f"bench/task-{number}", stamp(number), stamp(number + 60)


def _messages(thread: str, count: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(7)  # noqa: S311 - the same text in every run
    for number in range(count):
        words = " ".join(f"word{chance.randrange(5000)}" for _ in range(chance.randrange(40, 160)))
        yield f"message-{thread}-{number:06}", thread, "assistant" if number % 5 else "user", words, stamp(number)


def _calls(thread: str, corpus: Corpus) -> Iterator[tuple[Any, ...]]:
    for number in range(corpus.messages * corpus.calls):
        output = "\n".join(f" M src/module_{line}.py" for line in range(number % 60))
        message = f"message-{thread}-{number // corpus.calls:06}"
        yield f"call-{thread}-{number:06}", message, TOOL_INPUT, output
