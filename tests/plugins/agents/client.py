"""What the web client would show, from events alone (``websocket.md`` §4.1)."""

from dataclasses import dataclass, field

from a_parallel_contracts import Event
from a_parallel_contracts.admission import AgentQueued
from a_parallel_contracts.agents import (
    AgentEventBase,
    AgentInit,
    AgentMessage,
    AgentResult,
    AgentStatus,
    AgentToolCall,
    AgentToolOutput,
    RunEnded,
    RunStarted,
)

FROM_PENDING = {"running", "waiting", "completed", "failed"}
FROM_RUNNING = {"running", "waiting", "completed", "failed", "stopped", "interrupted"}


@dataclass
class Shown:
    """One thread."""

    status: str = "pending"
    stage: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    calls: dict[str, str | None] = field(default_factory=dict)
    runs: int = 0
    ended: int = 0
    over: bool = False


class Client:
    """Follows events as the client's state machine does, and complains about what it would ignore."""

    def __init__(self) -> None:
        self.threads: dict[str, Shown] = {}

    def take(self, event: Event) -> None:
        """Follow one event."""
        if not isinstance(event, AgentEventBase):
            return
        shown = self.threads.setdefault(event.thread_id, Shown())
        if isinstance(event, AgentStatus):
            self._status(shown, event)
        elif isinstance(event, AgentResult):
            shown.status, shown.stage, shown.over = event.status, event.stage, True
        elif isinstance(event, AgentQueued):
            shown.status, shown.over = "pending", False
        elif isinstance(event, RunStarted):
            shown.runs += 1
        elif isinstance(event, RunEnded):
            shown.ended += 1
            assert event.status == shown.status
        elif not isinstance(event, AgentInit):
            assert not shown.over, f"{event!r} follows the end of its run"
            self._content(shown, event)

    def _status(self, shown: Shown, event: AgentStatus) -> None:
        accepted = {"pending": FROM_PENDING, "running": FROM_RUNNING}.get(shown.status, {"running"})
        assert event.status in accepted, f"the client shows {shown.status} and ignores {event.status}"
        shown.status, shown.stage = event.status, event.stage or shown.stage
        shown.over = event.status in {"failed", "stopped", "interrupted"}

    def _content(self, shown: Shown, event: Event) -> None:
        if isinstance(event, AgentMessage):
            shown.texts[event.message_id] = event.content
        elif isinstance(event, AgentToolCall):
            assert event.message_id in shown.texts, "a tool call of an unknown message"
            assert event.tool_call_id not in shown.calls, "the same tool call twice"
            shown.calls[event.tool_call_id] = None
        elif isinstance(event, AgentToolOutput):
            assert event.tool_call_id in shown.calls, "output of an unknown tool call"
            shown.calls[event.tool_call_id] = event.output
