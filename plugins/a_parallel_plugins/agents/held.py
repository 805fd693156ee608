"""Rows of runs whose agent is in a holder; written with what the agent reports, they always fit it."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from a_parallel_contracts import Reader, Transaction
from a_parallel_contracts.agents import Prompt, Run
from a_parallel_contracts.threads import Model, PermissionMode, Thread
from a_parallel_plugins.agents.book import Book

VERSION = 1
"""Of the states; those of another version are not gone on from."""

_PUT = "INSERT OR REPLACE INTO agents_held (thread_id, hold, provider, run, state) VALUES (?, ?, ?, ?, ?)"
_KEEP = (
    "UPDATE agents_held SET state = :state, session = coalesce(:session, session)"
    " WHERE thread_id = :thread AND hold = :hold"
)


class HeldRun(Struct, frozen=True):
    """A run whose agent may be alive.

    Attributes:
        thread_id: whose run it is.
        hold: name of the holder.
        provider: that started it.
        run: facts about the run, as JSON.
        state: of the machine and what goes with it.
        session: the provider's last durable state, if any.
    """

    thread_id: str
    hold: str
    provider: str
    run: Mapping[str, Any]
    state: Mapping[str, Any]
    session: Mapping[str, Any] | None


class StateKept(Struct, frozen=True):
    """What the agent reported so far has become this state; `session` is None if the provider's has not changed."""

    hold: str
    state: bytes
    session: bytes | None

    def write(self, book: Book) -> None:
        """Keep it, unless the thread has another agent by now."""
        session = self.session.decode() if self.session is not None else None
        values = {"state": self.state.decode(), "session": session, "thread": book.thread_id, "hold": self.hold}
        book.tx.execute(_KEEP, values)


class HoldOver(Struct, frozen=True):
    """The agent is gone."""

    hold: str

    def write(self, book: Book) -> None:
        """Forget it."""
        book.tx.execute("DELETE FROM agents_held WHERE thread_id = ? AND hold = ?", (book.thread_id, self.hold))


def begin(tx: Transaction, run: Run, provider: str, state: bytes) -> None:
    """Write down an agent that is about to be started in a holder."""
    told = orjson.dumps(_told(run)).decode()
    tx.execute(_PUT, (run.thread.id, run.hold, provider, told, state.decode()))


def forget(tx: Transaction, lost: Iterable[HeldRun]) -> None:
    """Forget agents that are gone."""
    keys = [(run.thread_id, run.hold) for run in lost]
    tx.executemany("DELETE FROM agents_held WHERE thread_id = ? AND hold = ?", keys)


def load(reader: Reader) -> list[HeldRun]:
    """Return all that are written down."""
    rows = reader.all("SELECT * FROM agents_held")
    return [
        HeldRun(
            row["thread_id"],
            row["hold"],
            row["provider"],
            orjson.loads(row["run"]),
            orjson.loads(row["state"]),
            orjson.loads(row["session"]) if row["session"] else None,
        )
        for row in rows
    ]


def _told(run: Run) -> dict[str, Any]:
    """Return what of a run matters after its start; its environment may hold secrets."""
    return {
        "generation": run.generation,
        "directory": run.directory,
        "prompt": run.prompt.id,
        "model": run.model,
        "permission_mode": run.permission_mode,
        "session_id": run.session_id,
        "allowed_tools": run.allowed_tools,
        "disallowed_tools": run.disallowed_tools,
        "max_turns": run.max_turns,
    }


def run_of(held: HeldRun, thread: Thread, prompt: Prompt | None) -> Run:
    """Return the run of an agent that may be alive.

    Parameters:
        held: its row.
        thread: as it is now.
        prompt: that it was started with, if it may not have it yet.
    """
    told = held.run
    run = Run(
        thread=thread,
        generation=told["generation"],
        directory=told["directory"],
        prompt=Prompt(told["prompt"], ""),
        model=Model(told["model"]),
        permission_mode=PermissionMode(told["permission_mode"]),
        session_id=told["session_id"],
        allowed_tools=tuple(told["allowed_tools"]) if told["allowed_tools"] is not None else None,
        disallowed_tools=tuple(told["disallowed_tools"]),
        max_turns=told["max_turns"],
        hold=held.hold,
    )
    return run if prompt is None else replace(run, prompt=prompt)
