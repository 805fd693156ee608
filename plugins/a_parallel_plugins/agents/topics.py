"""The agent's events as browsers get them (``websocket.md`` §4.1)."""

from collections.abc import Iterable
from typing import Any

from a_parallel_contracts import Event, Topic
from a_parallel_contracts.agents import (
    AgentError,
    AgentInit,
    AgentMessage,
    AgentResult,
    AgentStatus,
    AgentToolCall,
    AgentToolOutput,
)
from a_parallel_contracts.threads import THREADS
from a_parallel_plugins.agents.recall import Recall


def agent_topics(recall: Recall) -> Iterable[Topic]:
    """Return the topics; what has a row is told again from there, since it may be long."""
    return (
        _topic("init", AgentInit),
        _topic("message", AgentMessage, coalesce="message_id", reference="message_id", recall=recall.messages),
        _topic("tool_call", AgentToolCall, reference="tool_call_id", recall=recall.calls),
        _topic("tool_output", AgentToolOutput, reference="tool_call_id", recall=recall.outputs),
        _topic("status", AgentStatus),
        _topic("result", AgentResult),
        _topic("error", AgentError),
    )


def _topic(name: str, event: type[Event], **more: Any) -> Topic:
    return Topic(f"agent:{name}", event, subject="thread_id", owner="owner", loads=THREADS, **more)
