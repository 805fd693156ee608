"""What the Claude CLI writes, as types: one class for each kind of line that matters (``claude-cli.md`` §3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "thinking"]

# What comes by the thousand is not frozen: that takes three times as long to make.


@dataclass(frozen=True, slots=True)
class Init:
    """A turn begins. `lifecycle`: the CLI tells what becomes of each user message."""

    session_id: str
    tools: tuple[str, ...]
    cwd: str
    model: str
    permission_mode: str
    lifecycle: bool


@dataclass(slots=True)
class Prose:
    """A block of text or thinking."""

    kind: Kind
    text: str


@dataclass(slots=True)
class ToolUse:
    """A block that calls a tool."""

    id: str
    name: str
    input: Any


@dataclass(slots=True)
class Said:
    """Finished blocks of a message; `parent` is the tool call whose sub-agent speaks."""

    message_id: str
    blocks: tuple[Prose | ToolUse, ...]
    parent: str | None


@dataclass(frozen=True, slots=True)
class Started:
    """A block of the streamed message begins."""

    message_id: str
    index: int
    kind: Kind | None


@dataclass(slots=True)
class Delta:
    """More of a streamed block."""

    message_id: str
    index: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The stream broke off: the blocks of the message from `index` on are void."""

    message_id: str
    index: int


@dataclass(slots=True)
class ToolOutput:
    """Result of a tool call."""

    tool_use_id: str
    output: str
    is_error: bool


@dataclass(slots=True)
class Outputs:
    """Results of tool calls; `parent` as in `Said`."""

    results: tuple[ToolOutput, ...]
    parent: str | None


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused tool call, as a result lists it."""

    tool: str
    tool_use_id: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """A turn is over. `terminal_reason` is empty where the CLI gives none."""

    subtype: str
    is_error: bool
    text: str | None
    errors: tuple[str, ...]
    cost: float | None
    session_id: str | None
    duration_ms: float
    terminal_reason: str
    denials: tuple[Denial, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """The CLI asks the host; it waits for an answer under `id`."""

    id: str
    subtype: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """The CLI answers the host. `error` is None on success."""

    id: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The CLI no longer waits for the answer to the request `id`."""

    id: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What became of a user message."""

    prompt_id: str
    state: str


@dataclass(frozen=True, slots=True)
class ModeStatus:
    """The CLI's permission mode, in its own words."""

    permission_mode: str


@dataclass(frozen=True, slots=True)
class State:
    """``running``, ``requires_action`` or ``idle``."""

    state: str


@dataclass(frozen=True, slots=True)
class Tasks:
    """Everything that runs in the background."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Task:
    """A background task lives or has ended (from a CLI that does not list them)."""

    id: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A tool call was refused without asking anybody, by a check that no approval changes."""

    tool_use_id: str


Line = (
    Init
    | Said
    | Started
    | Delta
    | Abandoned
    | Outputs
    | Result
    | Request
    | Response
    | Cancelled
    | Lifecycle
    | ModeStatus
    | State
    | Tasks
    | Task
    | Refused
)
