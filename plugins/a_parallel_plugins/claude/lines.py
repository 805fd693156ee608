"""What the Claude CLI writes, as types: one class for each kind of line that matters (``claude-cli.md`` §3)."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

Kind = Literal["text", "thinking"]

# What comes by the thousand is not frozen: that takes three times as long to make.


class Init(Struct, frozen=True):
    """A turn begins. `lifecycle`: the CLI tells what becomes of each user message."""

    session_id: str
    tools: tuple[str, ...]
    cwd: str
    model: str
    permission_mode: str
    lifecycle: bool


class Prose(Struct):
    """A block of text or thinking."""

    kind: Kind
    text: str


class ToolUse(Struct):
    """A block that calls a tool."""

    id: str
    name: str
    input: Any


class Said(Struct):
    """Finished blocks of a message; `parent` is the tool call whose sub-agent speaks."""

    message_id: str
    blocks: tuple[Prose | ToolUse, ...]
    parent: str | None


class Started(Struct, frozen=True):
    """A block of the streamed message begins."""

    message_id: str
    index: int
    kind: Kind | None


class Delta(Struct):
    """More of a streamed block."""

    message_id: str
    index: int
    kind: Kind
    text: str


class Abandoned(Struct, frozen=True):
    """The stream broke off: the blocks of the message from `index` on are void."""

    message_id: str
    index: int


class ToolOutput(Struct):
    """Result of a tool call."""

    tool_use_id: str
    output: str
    is_error: bool


class Outputs(Struct):
    """Results of tool calls; `parent` as in `Said`."""

    results: tuple[ToolOutput, ...]
    parent: str | None


class Denial(Struct, frozen=True):
    """A refused tool call, as a result lists it."""

    tool: str
    tool_use_id: str | None


class Result(Struct, frozen=True):
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


class Request(Struct, frozen=True):
    """The CLI asks the host; it waits for an answer under `id`."""

    id: str
    subtype: str
    body: Mapping[str, Any]


class Response(Struct, frozen=True):
    """The CLI answers the host. `error` is None on success."""

    id: str
    error: str | None


class Cancelled(Struct, frozen=True):
    """The CLI no longer waits for the answer to the request `id`."""

    id: str


class Lifecycle(Struct, frozen=True):
    """What became of a user message."""

    prompt_id: str
    state: str


class ModeStatus(Struct, frozen=True):
    """The CLI's permission mode, in its own words."""

    permission_mode: str


class State(Struct, frozen=True):
    """``running``, ``requires_action`` or ``idle``."""

    state: str


class Tasks(Struct, frozen=True):
    """Everything that runs in the background."""

    ids: frozenset[str]


class Task(Struct, frozen=True):
    """A background task lives or has ended (from a CLI that does not list them)."""

    id: str
    alive: bool


class Refused(Struct, frozen=True):
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
