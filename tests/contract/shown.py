"""Threads as a person sees them, built from what the server answers and sends (``http-core.md`` §3.3-3.4)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = {"idle", "pending", "running", "waiting", "completed", "failed", "stopped", "interrupted"}
STAGES = {"backlog", "in_progress", "review", "done"}
MODES = {"local", "worktree"}
WAITING_REASONS = {"question", "plan", "permission"}
PERMISSION_OUTPUT = re.compile("permission|hasn't been granted|not in the allowed tools", re.IGNORECASE)
"""Outputs that make the client ask for permission after a reload (``http-core.md`` §3.4)."""


class Breach(AssertionError):
    """The server sent something that breaks the unmodified client."""


@dataclass(slots=True)
class ShownTool:
    """A tool call on screen; `input` is parsed JSON."""

    id: str
    name: str
    input: Any
    output: str | None = None


@dataclass(slots=True)
class ShownMessage:
    """A message on screen; `id` is None for the user's own until the thread is loaded again."""

    id: str | None
    role: str
    content: str
    images: int = 0
    tools: list[ShownTool] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Card:
    """What asks the person for something: ``question``, ``plan``, ``permission`` or ``generic``."""

    kind: str
    tool: str | None = None


@dataclass(slots=True)
class Shown:
    """One thread as a person sees it.

    Attributes:
        row: the list's entry, as last loaded or changed by events.
        messages: of the open thread; empty for others.
        card: while it waits.
        session: info card from ``agent:init``.
        final: cost and duration of the last result.
    """

    row: dict[str, Any]
    messages: list[ShownMessage] = field(default_factory=list)
    card: Card | None = None
    session: dict[str, Any] | None = None
    final: dict[str, Any] | None = None

    @property
    def status(self) -> str:
        """The status in the list."""
        return str(self.row["status"])

    @property
    def stage(self) -> str:
        """The column of the board."""
        return str(self.row["stage"])

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Role and text of the messages, in order."""
        return [(message.role, message.content) for message in self.messages]

    @property
    def tools(self) -> list[ShownTool]:
        """All tool calls, in order."""
        return [tool for message in self.messages for tool in message.tools]


def check_row(row: Mapping[str, Any]) -> None:
    fits = row["status"] in STATUSES and row["stage"] in STAGES and row["mode"] in MODES
    if not fits or not isinstance(row["archived"], bool | int):
        raise Breach(f"thread row {row}")


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Breach(f"text expected, got {value!r}")
    return value


def message_of(shown: Shown, id: str) -> ShownMessage:
    """Return the assistant's message on screen, appended if it is new."""
    for message in shown.messages:
        if message.id == id:
            return message
    shown.messages.append(ShownMessage(id, "assistant", ""))
    return shown.messages[-1]


def loaded_message(message: Mapping[str, Any]) -> ShownMessage:
    if not isinstance(message["toolCalls"], list):
        raise Breach("toolCalls is no array")
    tools = [
        ShownTool(tool["id"], tool["name"], json.loads(text(tool["input"])), tool["output"])
        for tool in message["toolCalls"]
    ]
    return ShownMessage(message["id"], message["role"], text(message["content"]), len(message.get("images", [])), tools)


def announced_card(data: Mapping[str, Any]) -> Card:
    reason = data.get("waitingReason")
    if reason is None:
        return Card("generic")
    if reason not in WAITING_REASONS:
        raise Breach(f"waitingReason {reason}")
    request = data.get("permissionRequest") or {}
    return Card(reason, request.get("toolName"))


def derived_card(shown: Shown) -> Card:
    """Rebuild the card from the stored tool calls (``http-core.md`` §3.4)."""
    with_tools = [message for message in shown.messages if message.tools]
    if not with_tools:
        return Card("generic")
    last = with_tools[-1].tools[-1]
    if last.name == "AskUserQuestion":
        return Card("question")
    if last.name == "ExitPlanMode":
        return Card("plan")
    if last.output is not None and PERMISSION_OUTPUT.search(last.output):
        return Card("permission", last.name)
    return Card("generic")
