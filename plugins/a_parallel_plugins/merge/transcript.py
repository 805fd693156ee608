"""Shows a merge in the messages and the status of its thread (``merge-agent.md`` §9)."""

import time
from collections.abc import Callable
from typing import Any, Literal

from a_parallel_contracts import Database, Transaction, new_id, now
from a_parallel_contracts.agents import AgentMessage, AgentResult, AgentStatus, AgentToolCall, AgentToolOutput
from a_parallel_contracts.threads import (
    Message,
    Role,
    Stage,
    Thread,
    ThreadChanges,
    Threads,
    ThreadStatus,
    ToolCall,
    tool_input_text,
)


class Transcript:
    """Writes rows of one thread, and tells them to its owner; a thread that is gone is written to no more."""

    def __init__(self, db: Database, threads: Threads, thread: Thread) -> None:
        self._db = db
        self._threads = threads
        self._id = thread.id
        self._owner = thread.user_id
        self._began = time.monotonic()
        self._rows: dict[str, str] = {}
        self._calls: dict[str, str] = {}

    async def begin(self) -> None:
        """Show the thread as running."""

        def write(tx: Transaction, thread: Thread) -> None:
            stage = Stage.IN_PROGRESS.value if thread.stage in (Stage.BACKLOG, Stage.REVIEW) else thread.stage
            self._change(tx, {"status": ThreadStatus.RUNNING.value, "stage": stage, "completed_at": None})
            tx.emit(AgentStatus(thread_id=self._id, owner=self._owner, status=ThreadStatus.RUNNING.value, stage=stage))

        await self._write(write)

    async def say(self, text: str) -> None:
        """Add a message."""
        await self._write(lambda tx, thread: self._put(tx, new_id(), text))

    async def text(self, message_id: str, text: str) -> None:
        """Add a message of an agent, or replace it by what it has become."""
        known = message_id in self._rows
        row = self._rows.setdefault(message_id, new_id())
        await self._write(lambda tx, thread: self._put(tx, row, text, known=known))

    async def tool(self, tool_use_id: str, message_id: str, name: str, input: Any) -> None:
        """Add a tool call of an agent to the message that makes it."""
        if tool_use_id in self._calls:
            return
        call_id = self._calls[tool_use_id] = new_id()
        known = message_id in self._rows
        row = self._rows.setdefault(message_id, new_id())

        def write(tx: Transaction, thread: Thread) -> None:
            if not known:
                self._put(tx, row, "")
            call = ToolCall(id=call_id, message_id=row, name=name, input=tool_input_text(input))
            self._threads.add_tool_call(tx, call)
            ids = {"thread_id": self._id, "owner": self._owner, "message_id": row}
            tx.emit(AgentToolCall(tool_call_id=call_id, name=name, input=input, **ids))

        await self._write(write)

    async def output(self, tool_use_id: str, output: str) -> None:
        """Set the output of a tool call."""
        call_id = self._calls.get(tool_use_id)
        if call_id is None:
            return

        def write(tx: Transaction, thread: Thread) -> None:
            self._threads.set_output(tx, call_id, output)
            tx.emit(AgentToolOutput(thread_id=self._id, owner=self._owner, tool_call_id=call_id, output=output))

        await self._write(write)

    async def spent(self, cost: float) -> None:
        """Add US dollars to the thread's cost."""
        await self._write(lambda tx, thread: self._change(tx, {"cost": thread.cost + cost}))

    async def end(self, status: Literal["completed", "failed"], text: str) -> None:
        """Say how it ended and show that; a thread that somebody has stopped meanwhile stays so."""

        def write(tx: Transaction, thread: Thread) -> None:
            self._put(tx, new_id(), text)
            if thread.status != ThreadStatus.RUNNING:
                return
            stage = Stage.REVIEW.value if thread.stage == Stage.IN_PROGRESS else thread.stage
            self._change(tx, {"status": status, "stage": stage, "completed_at": now()})
            tx.emit(
                AgentResult(
                    thread_id=self._id,
                    owner=self._owner,
                    status=status,
                    cost=thread.cost,
                    duration=round((time.monotonic() - self._began) * 1000),
                    stage=stage,
                    result=text,
                )
            )

        await self._write(write)

    async def interrupt(self) -> None:
        """Show that the merge was cut short by other than a person."""

        def write(tx: Transaction, thread: Thread) -> None:
            if thread.status == ThreadStatus.RUNNING:
                status = ThreadStatus.INTERRUPTED.value
                self._change(tx, {"status": status, "completed_at": now()})
                tx.emit(AgentStatus(thread_id=self._id, owner=self._owner, status=status, stage=thread.stage))

        await self._write(write)

    def _put(self, tx: Transaction, row: str, text: str, *, known: bool = False) -> None:
        if known:
            self._threads.set_content(tx, row, text)
        else:
            role = Role.ASSISTANT.value
            self._threads.add_message(tx, Message(id=row, thread_id=self._id, role=role, content=text, timestamp=now()))
        if text:
            tx.emit(AgentMessage(thread_id=self._id, owner=self._owner, message_id=row, content=text))

    def _change(self, tx: Transaction, changes: ThreadChanges) -> None:
        self._threads.update(tx, self._id, changes)

    async def _write(self, write: Callable[[Transaction, Thread], None]) -> None:
        def unit(tx: Transaction) -> None:
            thread = self._threads.find(tx, self._id)
            if thread is not None:
                write(tx, thread)

        await self._db.write(unit)
