"""The agent's events as browsers get them (``websocket.md`` §4.1)."""

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


def _topic(name: str, event: type[Event], coalesce: str | None = None) -> Topic:
    return Topic(f"agent:{name}", event, subject="thread_id", owner="owner", coalesce=coalesce)


TOPICS = (
    _topic("init", AgentInit),
    _topic("message", AgentMessage, coalesce="message_id"),
    _topic("tool_call", AgentToolCall),
    _topic("tool_output", AgentToolOutput),
    _topic("status", AgentStatus),
    _topic("result", AgentResult),
    _topic("error", AgentError),
)
