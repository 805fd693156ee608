"""An agent provider whose sessions do what a test says, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.agents import (
    AGENT_PROVIDERS,
    AgentEvent,
    AgentSession,
    Answer,
    Decision,
    Exited,
    Idle,
    Prompt,
    PromptProgress,
    ProviderStatus,
    RequestKind,
    RequestOpened,
    Run,
    SessionStarted,
    TextProduced,
    ToolCalled,
    ToolFinished,
    ToolGate,
    TurnEnded,
)
from a_parallel_contracts.threads import Model, PermissionMode

SESSION = "session-1"


class FakeSession:
    """A session; the test plays the agent."""

    def __init__(self, provider: "FakeProvider", run: Run, gate: ToolGate) -> None:
        self.run = run
        self.gate = gate
        self.sent: list[Prompt] = [run.prompt]
        self.answers: dict[str, Answer] = {}
        self.open_requests: set[str] = set()
        self.models: list[Model] = []
        self.modes: list[PermissionMode] = []
        self.closed = False
        self.stopped = False
        self.gone = False
        self.takes = True
        self.ended = asyncio.Event()
        self._provider = provider
        self._unread: asyncio.Queue[AgentEvent] = asyncio.Queue()
        self._started: set[str] = set()
        self._taken = asyncio.Condition()

    # --- what the test does -----------------------------------------------------------------------

    def emit(self, *events: AgentEvent) -> None:
        """Report events."""
        for event in events:
            assert not self.gone, "an agent that is gone says nothing"
            if isinstance(event, RequestOpened):
                self.open_requests.add(event.request_id)
            if isinstance(event, PromptProgress) and event.state == "started":
                self._started.add(event.prompt_id)
            if isinstance(event, Exited):
                self.gone = True
                self.ended.set()
            self._unread.put_nowait(event)

    def begin(self, session_id: str = SESSION) -> None:
        """Begin with everything that was sent."""
        fresh = [prompt for prompt in self.sent if prompt.id not in self._started]
        self.emit(*[PromptProgress(prompt.id, "started") for prompt in fresh], SessionStarted(session_id, ("Read",)))

    def say(self, text: str, message_id: str = "m1", *, partial: bool = False) -> None:
        """Say something."""
        self.emit(TextProduced(message_id, text, partial))

    def call(self, name: str, tool_input: Mapping[str, Any], use: str = "tu1", message_id: str = "m1") -> None:
        """Call a tool."""
        self.emit(ToolCalled(use, message_id, name, tool_input))

    def ask(self, kind: RequestKind, tool: str, tool_input: Mapping[str, Any], use: str = "tu1") -> str:
        """Call a tool and hold it for a person; returns the request's id."""
        self.call(tool, tool_input, use)
        self.emit(RequestOpened(f"r-{use}", kind, tool, tool_input, use))
        return f"r-{use}"

    def finish(self, outcome: str = "success", *, cost: float | None = None, **details: Any) -> None:
        """End the turn; nothing else is to be done."""
        self.emit(TurnEnded(outcome, "done", cost, SESSION, 100, **details), Idle())

    def exit(self, returncode: int = 0, detail: str = "", **details: Any) -> None:
        """End the agent; what it has not begun with is given back."""
        waiting = tuple(prompt.id for prompt in self.sent if prompt.id not in self._started)
        self.emit(Exited(returncode, detail, undelivered=waiting, **details))

    def turn(self, text: str, **details: Any) -> None:
        """Do a whole turn that says something."""
        self.begin()
        self.say(text, message_id=f"m-{text}")
        self.finish(**details)

    async def has_taken(self, count: int) -> None:
        """Wait until so many messages have been taken."""
        async with asyncio.timeout(20), self._taken:
            await self._taken.wait_for(lambda: len(self.sent) >= count)

    # --- AgentSession -----------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[AgentEvent]:
        """Iterate over what the test emits."""
        while True:
            event = await self._unread.get()
            yield event
            if isinstance(event, Exited):
                return

    async def send(self, prompt: Prompt) -> bool:
        """Take a message, if the test lets it."""
        if not self.takes or self.closed or self.gone:
            return False
        async with self._taken:
            self.sent.append(prompt)
            self._taken.notify_all()
        return True

    async def answer(self, request_id: str, answer: Answer) -> bool:
        """Take an answer to an open request."""
        if request_id not in self.open_requests or self.gone:
            return False
        self.open_requests.discard(request_id)
        self.answers[request_id] = answer
        return True

    async def interrupt(self) -> bool:
        """End the turn; before the first one there is nothing to end."""
        if self._started:
            self.emit(TurnEnded("error_during_execution", interrupted=True), Idle())
        return True

    async def set_model(self, model: Model) -> None:
        """Remember the model."""
        self.models.append(model)

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """Remember the mode."""
        self.modes.append(mode)

    async def close(self) -> None:
        """Exit at once if the provider says so."""
        self.closed = True
        if self._provider.exits_when_closed and not self.gone:
            self.exit()

    async def stop(self, grace: float = 3.0) -> None:
        """Exit by a signal."""
        self.stopped = True
        if not self.gone:
            self.exit(-15)


class FakeProvider:
    """Starts `FakeSession`."""

    def __init__(self) -> None:
        self.sessions: list[FakeSession] = []
        self.started = asyncio.Condition()
        self.failure: Exception | None = None
        self.exits_when_closed = True
        self.available = ProviderStatus(True, "/bin/fake", "1.0")

    @property
    def session(self) -> FakeSession:
        """The newest session."""
        return self.sessions[-1]

    async def status(self) -> ProviderStatus:
        """Say what the test set."""
        return self.available

    async def start(self, run: Run, gate: ToolGate) -> AgentSession:
        """Start a session, or fail as the test says."""
        if self.failure is not None:
            raise self.failure
        session = FakeSession(self, run, gate)
        self.sessions.append(session)
        async with self.started:
            self.started.notify_all()
        return session

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Repeat the question."""
        return f"answer to {prompt}"


def fake_plugin(provider: FakeProvider, decide: dict[str, Decision] | None = None) -> type[Plugin]:
    """Return a plugin that registers `provider` as ``fake``."""

    class FakePlugin(Plugin):
        """A provider for tests."""

        manifest = Manifest(api="1.0", requires=(AGENT_PROVIDERS,))

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            ctx.defer(ctx.get(AGENT_PROVIDERS).add("fake", provider))
            yield

    return FakePlugin


__all__ = ["SESSION", "FakeProvider", "FakeSession", "ToolFinished", "fake_plugin"]
