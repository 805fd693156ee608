"""What happens in a run, each thing as the rows and events that follow from it (``agent-lifecycle.md`` §8)."""

from typing import Any

from msgspec import Struct

from a_parallel_contracts import now
from a_parallel_contracts.agents import (
    AgentInit,
    AgentMessage,
    AgentToolCall,
    AgentToolOutput,
    PermissionRequest,
    Prompt,
    WaitingReason,
)
from a_parallel_contracts.threads import Message, Role, ThreadChanges, ThreadStatus, ToolCall, tool_input_text
from a_parallel_plugins.agents import costs, outbox
from a_parallel_plugins.agents.book import Book

# What comes with each word of an agent is not frozen: that takes three times as long to make.


class UserMessageAdded(Struct, frozen=True):
    """A user's message was accepted; `prompt`, if any, waits until an agent has seen it.

    No ``agent:message``: the client shows it already (``agent-lifecycle.md`` §7).
    """

    message: Message
    prompt: Prompt | None = None

    def write(self, book: Book) -> None:
        """Insert the message, timed by the writer so that it sorts after what was written before it."""
        book.threads.add_message(book.tx, self.message.model_copy(update={"timestamp": now()}))
        if self.prompt is not None:
            outbox.put(book.tx, book.subject.thread_id, self.message.id, self.prompt)


class PromptsSeen(Struct, frozen=True):
    """The agent has seen these prompts."""

    prompt_ids: tuple[str, ...]

    def write(self, book: Book) -> None:
        """Take them out of the outbox."""
        outbox.drop(book.tx, self.prompt_ids)


class SessionSeen(Struct, frozen=True):
    """The agent told its session; `resumed` if it goes on with the one the thread had."""

    session_id: str
    tools: tuple[str, ...]
    cwd: str
    model: str
    resumed: bool

    def write(self, book: Book) -> None:
        """Store the session's id."""
        thread = book.thread
        if thread is None:
            return
        # A row written by another server holds the last total of its session (``agent-lifecycle.md`` §8.1).
        spent = thread.cost if self.resumed and thread.session_id == self.session_id else 0.0
        costs.open_session(book.tx, thread.id, self.session_id, spent=spent)
        if thread.session_id != self.session_id:
            book.update({"session_id": self.session_id})
        book.emit(
            AgentInit(
                tools=list(self.tools), cwd=self.cwd, model=self.model, thread_id=book.thread_id, owner=book.owner
            )
        )


class SessionForgotten(Struct, frozen=True):
    """The provider does not know the thread's session any more."""

    def write(self, book: Book) -> None:
        """Clear the session's id."""
        book.update({"session_id": None})


class AssistantText(Struct):
    """Text of an assistant's message; `silent` after the result, when nothing of the run may be told."""

    message_id: str
    content: str
    silent: bool = False

    def tell(self, book: Book) -> None:
        """Tell the whole text."""
        if not self.silent:
            told = AgentMessage(
                thread_id=book.thread_id, owner=book.owner, message_id=self.message_id, content=self.content
            )
            book.emit(told)


class TextAdded(AssistantText):
    """The assistant's message began."""

    def write(self, book: Book) -> None:
        """Insert the message."""
        message = Message(
            id=self.message_id,
            thread_id=book.thread_id,
            role=Role.ASSISTANT.value,
            content=self.content,
            timestamp=now(),
        )
        book.threads.add_message(book.tx, message)
        self.tell(book)


class TextChanged(AssistantText):
    """The assistant's message has grown."""

    def write(self, book: Book) -> None:
        """Replace the message's text."""
        book.threads.set_content(book.tx, self.message_id, self.content)
        self.tell(book)


class ThinkingAdded(Struct):
    """Thinking that belongs to a message, to follow what is kept of it already."""

    message_id: str
    text: str

    def write(self, book: Book) -> None:
        """Keep it beside the message."""
        book.tx.execute(
            "INSERT INTO agents_thinking (message_id, thread_id, text) VALUES (?, ?, ?)"
            " ON CONFLICT (message_id) DO UPDATE SET text = text || char(10, 10) || excluded.text",
            (self.message_id, book.subject.thread_id, self.text),
        )


class ToolCallAdded(Struct):
    """The assistant called a tool."""

    tool_use_id: str
    tool_call_id: str
    message_id: str
    name: str
    input: Any
    silent: bool = False

    def write(self, book: Book) -> None:
        """Insert the call."""
        call = ToolCall(
            id=self.tool_call_id, message_id=self.message_id, name=self.name, input=tool_input_text(self.input)
        )
        book.threads.add_tool_call(book.tx, call)
        book.tx.execute(
            "INSERT OR REPLACE INTO agents_tool_uses (thread_id, tool_use_id, tool_call_id) VALUES (?, ?, ?)",
            (book.subject.thread_id, self.tool_use_id, self.tool_call_id),
        )
        if not self.silent:
            book.emit(
                AgentToolCall(
                    tool_call_id=self.tool_call_id,
                    message_id=self.message_id,
                    name=self.name,
                    input=self.input,
                    thread_id=book.thread_id,
                    owner=book.owner,
                )
            )


class OutputSet(Struct):
    """A tool gave its result."""

    tool_call_id: str
    output: str
    silent: bool = False

    def write(self, book: Book) -> None:
        """Store the output."""
        book.threads.set_output(book.tx, self.tool_call_id, self.output)
        if not self.silent:
            book.emit(
                AgentToolOutput(
                    tool_call_id=self.tool_call_id, output=self.output, thread_id=book.thread_id, owner=book.owner
                )
            )


class CostSeen(Struct, frozen=True):
    """The provider told the running total of a session in US dollars."""

    session_id: str
    figure: float

    def write(self, book: Book) -> None:
        """Add the increase to the thread's cost."""
        increase = costs.add_figure(book.tx, book.subject.thread_id, self.session_id, self.figure)
        thread = book.thread
        if increase and thread is not None:
            book.update({"cost": thread.cost + increase})


class RowChanged(Struct, frozen=True):
    """The thread goes on with another model or permission mode."""

    changes: ThreadChanges

    def write(self, book: Book) -> None:
        """Change the row."""
        book.update(self.changes)


class RunningShown(Struct, frozen=True):
    """A request was answered or withdrawn, and the run goes on."""

    def write(self, book: Book) -> None:
        """Change row and status; the row first, with the stage (``agent-lifecycle.md`` §13)."""
        thread = book.update({"status": ThreadStatus.RUNNING.value})
        if thread is not None:
            book.set_waiting(None)
            book.status(thread)


class WaitingShown(Struct, frozen=True):
    """The agent waits for a person. `tool` is named for permissions."""

    reason: WaitingReason
    tool: str | None = None

    def write(self, book: Book) -> None:
        """Change row and status."""
        thread = book.update({"status": ThreadStatus.WAITING.value})
        if thread is None:
            return
        book.set_waiting(self.reason)
        request = PermissionRequest(tool_name=self.tool) if self.tool else None
        book.status(thread, waiting_reason=self.reason, permission_request=request)
