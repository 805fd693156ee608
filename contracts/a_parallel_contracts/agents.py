"""Agents: the contract between the state machine and whatever does the thinking."""

from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable

from msgspec import Struct, field
from msgspec.structs import replace

from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import PluginContext, hookspec
from a_parallel_contracts.services import Registry, ServiceKey
from a_parallel_contracts.threads import ImageAttachment, Model, PermissionMode, Thread

WaitingReason = Literal["question", "plan", "permission"]

DEFAULT_TOOLS = (
    "Read",
    "Edit",
    "Write",
    "Bash",
    "Glob",
    "Grep",
    "WebSearch",
    "WebFetch",
    "Task",
    "TodoWrite",
    "NotebookEdit",
)
"""Allowed when a request brings no list of its own (``agent-lifecycle.md`` §2)."""

EDITING_TOOLS = ("Edit", "Write", "NotebookEdit", "Bash")
"""Left off the allowed list in ``confirmEdit``, so that they are asked for."""


class Prompt(Struct, frozen=True):
    """One user message on its way to an agent.

    Attributes:
        id: UUID; the provider reports the message's fate under it.
        text: as the agent gets it, file contents and notes included.
        images: content blocks.
    """

    id: str
    text: str
    images: tuple[ImageAttachment, ...] = ()


class Run(Struct, frozen=True):
    """Everything a provider needs to start or resume an agent; `AgentHooks.prepare_run` may change it.

    Attributes:
        thread: as it is when the run starts.
        generation: number of the run within the server's life; later is larger.
        directory: where the agent works.
        prompt: the first message.
        model, permission_mode: effective ones.
        session_id: the provider's own id of the conversation to go on with; None for a fresh one.
        allowed_tools, disallowed_tools: rules of the provider's own syntax; None for its default.
        environment: changes to the server's environment; None removes a variable.
        system_prompt: text to append to the agent's own system prompt.
        max_turns: model round trips for each message.
        hold: name under which the agent's process is to be held, so that it outlives the server
            (`a_parallel_contracts.hosts.Holders`); None if it need not.
    """

    thread: Thread
    generation: int
    directory: str
    prompt: Prompt
    model: Model
    permission_mode: PermissionMode
    session_id: str | None = None
    allowed_tools: tuple[str, ...] | None = None
    disallowed_tools: tuple[str, ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    system_prompt: str | None = None
    max_turns: int = 200
    hold: str | None = None

    def with_environment(self, **variables: str | None) -> "Run":
        """Return a copy whose agent sees these variables too."""
        return replace(self, environment={**self.environment, **variables})


class RequestKind(StrEnum):
    """What an agent waits for."""

    QUESTION = "question"
    PLAN = "plan"
    PERMISSION = "permission"


class ToolRequest(Struct, frozen=True):
    """A tool call that has not run yet, shown to `AgentHooks.decide_tool` and held for the user if need be.

    Attributes:
        thread: whose agent asks.
        run: its run.
        tool: name of the tool.
        input: as the agent gave it.
        tool_use_id: of the call, if known.
        cost: the thread's total cost so far in US dollars.
    """

    thread: Thread
    run: Run
    tool: str
    input: Mapping[str, Any]
    tool_use_id: str | None
    cost: float


class Decision(Struct, frozen=True):
    """An answer to a `ToolRequest`.

    Attributes:
        behavior: ``allow``, ``deny``, or ``ask`` (hold it for the user whatever the mode says).
        reason: told to the agent on ``deny``, to the user on ``ask``.
    """

    behavior: Literal["allow", "deny", "ask"]
    reason: str = ""


# --- what a provider reports, in order -----------------------------------------------------------
# Read, not changed. What comes by the thousand is not frozen all the same: that takes three times as long to make.


class SessionStarted(Struct, frozen=True):
    """The agent reported its session; may repeat, with another id after the conversation was cleared."""

    session_id: str
    tools: tuple[str, ...] = ()
    cwd: str = ""
    model: str = ""


class TextProduced(Struct):
    """Text of the assistant.

    Attributes:
        message_id: the provider's id of the message; text of one message may come in several blocks.
        text: the whole text of the message so far; shorter than before, even empty, when a stream broke
            off and what it had brought is void.
        partial: more of the same message is on its way.
    """

    message_id: str
    text: str
    partial: bool = False


class ThinkingProduced(Struct):
    """Thinking of the assistant: the whole of the message so far."""

    message_id: str
    text: str
    partial: bool = False


class ToolCalled(Struct):
    """The assistant calls a tool. A repeated `tool_use_id` is the same call.

    `parent` is the tool_use id of the call that started the sub-agent this call belongs to.
    """

    tool_use_id: str
    message_id: str
    name: str
    input: Any
    parent: str | None = None


class ToolFinished(Struct):
    """A tool's result, as text."""

    tool_use_id: str
    output: str
    is_error: bool = False


class RequestOpened(Struct, frozen=True):
    """The agent waits for an answer under `request_id` (`AgentSession.answer`).

    Attributes:
        kind: what it waits for.
        tool, input, tool_use_id: of the held call.
        suggestions: permission rules the provider offers for "always allow", opaque.
    """

    request_id: str
    kind: RequestKind
    tool: str
    input: Mapping[str, Any]
    tool_use_id: str | None = None
    suggestions: tuple[Any, ...] = ()


class RequestWithdrawn(Struct, frozen=True):
    """The agent no longer waits for that answer."""

    request_id: str


class PromptProgress(Struct, frozen=True):
    """What became of a user message (`Prompt.id`).

    Started and completed mean that the agent has seen it; cancelled, that it was thrown away unseen.
    """

    prompt_id: str
    state: Literal["queued", "started", "completed", "cancelled"]


class ModeChanged(Struct, frozen=True):
    """The agent changed its permission mode by itself."""

    permission_mode: PermissionMode


class TurnEnded(Struct, frozen=True):
    """A turn is over; the run is over when `Idle` follows.

    Attributes:
        outcome: ``success`` or the reason of the failure (``error_max_turns``, ``error_during_execution``,
            ``error_max_budget_usd``); a provider reports a failed "success" as ``error_during_execution``.
        result: the last text.
        session_cost: the provider's own total for `session_id` in US dollars; None if it has none.
        session_id: whose total that is.
        duration_ms: of the turn.
        denied: tools that were refused for want of permission.
        interrupted: it ended because of `AgentSession.interrupt`.
        detail: what the provider says about a failure beside its reason, such as which limit was reached.
    """

    outcome: str
    result: str | None = None
    session_cost: float | None = None
    session_id: str | None = None
    duration_ms: float = 0
    denied: tuple[str, ...] = ()
    interrupted: bool = False
    detail: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the turn reached its end."""
        return self.outcome == "success"


class Idle(Struct, frozen=True):
    """No turn runs, no message waits, no background task is alive."""


class Exited(Struct, frozen=True):
    """The agent is gone and everything it wrote has been reported; always the last one.

    Attributes:
        returncode: exit status; negative for a signal; None where there is no process.
        detail: what a person should read about it (the end of stderr).
        session_lost: the session to resume is unknown to the provider; a fresh one may work.
        undelivered: ids of prompts that were never started.
    """

    returncode: int | None = 0
    detail: str = ""
    session_lost: bool = False
    undelivered: tuple[str, ...] = ()


class Checkpoint(Struct, frozen=True):
    """Everything reported up to here follows from `state`: another session that is given it reports what comes after.

    Told by sessions whose process is held, at least after whatever else they report.

    Attributes:
        state: as JSON; kept in the database together with what follows from the reports.
        committed: to be called once that is durable; what came before may then be forgotten.
    """

    state: Mapping[str, Any]
    committed: Callable[[], object]


AgentEvent = (
    SessionStarted
    | TextProduced
    | ThinkingProduced
    | ToolCalled
    | ToolFinished
    | RequestOpened
    | RequestWithdrawn
    | PromptProgress
    | ModeChanged
    | TurnEnded
    | Idle
    | Checkpoint
    | Exited
)


class Answer(Struct, frozen=True):
    """An answer to a held request.

    Attributes:
        behavior: allow or deny.
        message: told to the agent on deny.
        answers: question text → answer text, for questions.
        text: the user's message as it was sent, for questions.
        accept_edits: go on in the mode that accepts edits, after a plan.
        remember: the suggestions to store as permission rules.
    """

    behavior: Literal["allow", "deny"]
    message: str = ""
    answers: Mapping[str, str] | None = None
    text: str | None = None
    accept_edits: bool = False
    remember: tuple[Any, ...] = ()


class ToolGate(Protocol):
    """Asked by a session before each tool call."""

    async def __call__(self, tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        """Return what `AgentHooks.decide_tool` decided; None is no opinion."""
        ...


class AgentSession(Protocol):
    """One live agent."""

    def events(self) -> AsyncIterator[AgentEvent]:
        """Iterate over what the agent reports until `Exited`; to be consumed once."""
        ...

    async def send(self, prompt: Prompt) -> bool:
        """Hand a further message to the live agent; False if it cannot take one now."""
        ...

    async def answer(self, request_id: str, answer: Answer) -> bool:
        """Answer a held request; False if it is not open any more."""
        ...

    async def interrupt(self) -> bool:
        """End the current turn but not the agent; False if it cannot."""
        ...

    async def set_model(self, model: Model) -> None:
        """Use another model from the next turn on.

        Raises:
            FailedDependency: the agent refused it, or did not answer in time.
        """
        ...

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """Use another permission mode from now on.

        Raises:
            FailedDependency: the agent refused it, or did not answer in time.
        """
        ...

    async def close(self) -> None:
        """Say that nothing more will be sent; the agent ends by itself once it is idle. Returns at once."""
        ...

    async def stop(self, grace: float = 3.0) -> None:
        """End the agent and all its children, and wait for that: politely, by force after `grace` seconds."""
        ...


class ProviderStatus(Struct, frozen=True):
    """Whether a provider can start agents; the client's first-run wizard shows it."""

    available: bool
    path: str | None = None
    version: str | None = None
    error: str | None = None


class AgentProvider(Protocol):
    """Starts agents of one kind."""

    async def status(self) -> ProviderStatus:
        """Look anew whether agents can be started."""
        ...

    async def start(self, run: Run, gate: ToolGate) -> AgentSession:
        """Start an agent and hand it the first prompt.

        Raises:
            FailedDependency: it cannot be started; ``extra`` holds ``message`` and, for a missing
                program, ``details`` (``http-core.md`` §6.2).
        """
        ...

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Return the answer to a single prompt, without tools and without a thread.

        Raises:
            FailedDependency: no answer in time, or the agent cannot be started.
        """
        ...


@runtime_checkable
class SurvivingSession(AgentSession, Protocol):
    """A session whose agent can outlive the server."""

    async def leave(self) -> None:
        """Let go of the agent without ending it, and report nothing more."""
        ...


@runtime_checkable
class SurvivingProvider(AgentProvider, Protocol):
    """A provider whose agents can outlive the server: it heeds `Run.hold`, and its sessions tell `Checkpoint`."""

    async def attach(self, run: Run, gate: ToolGate, state: Mapping[str, Any] | None) -> SurvivingSession:
        """Go on with a live agent.

        Parameters:
            run: as it was started, but without environment and system prompt.
            gate: asked before each tool call.
            state: of the last checkpoint that is durable; None if none was, so that the agent may not even
                have got its first prompt.

        Raises:
            NotFound: it is gone.
            FailedDependency: it cannot be reached.
        """
        ...


AGENT_PROVIDERS = ServiceKey[Registry[AgentProvider]]("agent_providers")
"""Where providers register. Taking one back interrupts its runs, so do it before ending its sessions:
``ctx.defer(provider.close)`` first, then ``ctx.defer(ctx.get(AGENT_PROVIDERS).add(name, provider))``."""


class AgentHooks:
    """How others take part in runs. Mix it into your `Plugin` so that type checkers help."""

    @hookspec
    async def prepare_run(self, ctx: PluginContext, run: Run) -> Run:
        """Change a run before it starts: prompt, tools, environment, system prompt."""
        return run

    @hookspec
    async def decide_tool(self, ctx: PluginContext, request: ToolRequest) -> Decision | None:
        """Decide about a tool call before it runs. The first answer wins; an exception counts as deny."""


class StartRequest(WireModel):
    """Inputs of a message that starts, resumes or reaches an agent (``http-core.md`` §6.1).

    Attributes:
        text: the user's text as it is stored.
        images: stored and sent.
        model, permission_mode: None for the thread's own.
        allowed_tools, disallowed_tools: None for the defaults.
        file_references: paths relative to the working directory.
        agent_text: sent to the agent instead of `text`.
    """

    text: str
    images: tuple[ImageAttachment, ...] = ()
    model: Model | None = None
    permission_mode: PermissionMode | None = None
    allowed_tools: tuple[str, ...] | None = None
    disallowed_tools: tuple[str, ...] | None = None
    file_references: tuple[str, ...] = ()
    agent_text: str | None = None


class Agents(Protocol):
    """Runs agents for threads."""

    async def send(self, thread: Thread, request: StartRequest) -> None:
        """Start, resume, answer or reach the thread's agent, whatever fits its state.

        Raises:
            FailedDependency: the agent cannot be started; the thread is ``failed``.
            Conflict: the thread's working tree is gone and cannot be made anew.
        """
        ...

    async def stop(self, thread_id: str) -> None:
        """End the thread's agent and wait; ``stopped`` if it was pending, running or waiting."""
        ...

    def running(self, thread_id: str) -> bool:
        """Tell whether the thread has a live agent, or waits for the turn of one (`Admission`)."""
        ...

    async def ready(self) -> None:
        """Return once the default provider is there; plugins of providers start after this one."""
        ...

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Ask the default provider a single question (`AgentProvider.ask`)."""
        ...

    def provider(self) -> AgentProvider:
        """Return the default provider, for sessions that belong to no run of a thread.

        Whoever starts one calls `AgentHooks.prepare_run` and `AgentHooks.decide_tool` for it and ends it, all
        inside `Admission.slot`, so that it counts.

        Raises:
            FailedDependency: it is not running.
        """
        ...


AGENTS = ServiceKey[Agents]("agents")


# --- events; their topics are those of websocket.md §4.1 ------------------------------------------


class AgentEventBase(Event):
    """Base of the events of a thread's agent. `owner` is the thread's user."""

    thread_id: str
    owner: str


class AgentInit(AgentEventBase):
    """``agent:init``: the agent reported its session."""

    tools: list[str]
    cwd: str
    model: str


class AgentMessage(AgentEventBase):
    """``agent:message``: an assistant's message was created or has grown; `content` is the whole text."""

    message_id: str
    role: Literal["assistant"] = "assistant"
    content: str


class AgentToolCall(AgentEventBase):
    """``agent:tool_call``: a new tool call was stored; `input` is JSON, not text."""

    tool_call_id: str
    message_id: str
    name: str
    input: Any


class AgentToolOutput(AgentEventBase):
    """``agent:tool_output``: a tool's output was stored."""

    tool_call_id: str
    output: str


class PermissionRequest(WireModel):
    """Which tool waits for permission."""

    tool_name: str


class AgentStatus(AgentEventBase):
    """``agent:status``: the thread's status changed."""

    status: str
    stage: str | None = None
    waiting_reason: WaitingReason | None = None
    permission_request: PermissionRequest | None = None


class AgentResult(AgentEventBase):
    """``agent:result``: a run ended. `cost` is the thread's total, `duration` in milliseconds."""

    status: Literal["completed", "failed", "waiting"]
    cost: float
    duration: float
    stage: str
    result: str | None = None
    error_reason: str | None = None
    waiting_reason: WaitingReason | None = None
    permission_request: PermissionRequest | None = None


class AgentError(AgentEventBase):
    """``agent:error``: a run failed without a result."""

    error: str


class RunStarted(AgentEventBase):
    """A run began (not sent to browsers)."""

    project_id: str
    generation: int


class RunEnded(AgentEventBase):
    """A run ended, in whatever way (not sent to browsers). `status` is the thread's."""

    project_id: str
    generation: int
    status: str
