"""A scripted agent that is alive: takes prompts, runs turns, reports events (`AgentSession`)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

from msgspec.structs import replace

from a_parallel_contracts.agents import (
    AgentEvent,
    Answer,
    Exited,
    Idle,
    ModeChanged,
    Prompt,
    PromptProgress,
    RequestOpened,
    RequestWithdrawn,
    Run,
    SessionStarted,
    ToolGate,
    TurnEnded,
)
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.scripted.rules import Rules
from a_parallel_plugins.scripted.store import Conversation

QUEUED_EVENTS = 256
TOOLS = ("Read", "Edit", "Write", "Bash", "Glob", "AskUserQuestion", "ExitPlanMode")


class Ended(Exception):
    """The agent ends here, with a status and what it wrote to standard error."""

    def __init__(self, returncode: int, detail: str = "") -> None:
        super().__init__(detail)
        self.returncode = returncode
        self.detail = detail


class ScriptedSession:
    """One live agent; everything happens in one task, turn after turn.

    Parameters:
        run: what it was started with.
        gate: asked before each tool call.
        conversation: what is remembered; a fresh one for a new session.
        perform: plays a turn and returns how it ended.
        keep: stores the conversation.

    Attributes:
        prompt: of the turn that runs.
        rules: what is asked about.
        model: in use.
    """

    def __init__(
        self,
        run: Run,
        gate: ToolGate,
        conversation: Conversation,
        perform: Callable[["ScriptedSession"], Awaitable[TurnEnded]],
        keep: Callable[[Conversation], Awaitable[None]],
    ) -> None:
        self.run = run
        self.gate = gate
        self.conversation = conversation
        self.prompt = run.prompt
        self.rules = Rules.of(run)
        self.model: Model = run.model
        self._perform = perform
        self._keep = keep
        self._events: asyncio.Queue[AgentEvent] = asyncio.Queue()
        self._room = asyncio.Event()
        self._waiting = [run.prompt]
        self._requests: dict[str, asyncio.Future[Answer]] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._turn: asyncio.Task[TurnEnded] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._announcements: list[str] = []
        self._task = asyncio.get_running_loop().create_task(self._live(), name=f"scripted {run.thread.id}")

    # --- AgentSession -----------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[AgentEvent]:
        """Iterate over what the agent reports until `Exited`."""
        while True:
            event = await self._events.get()
            if self._events.qsize() <= QUEUED_EVENTS // 2:
                self._room.set()
            yield event
            if isinstance(event, Exited):
                return

    async def send(self, prompt: Prompt) -> bool:
        """Take a further message; it becomes the next turn."""
        if self._closed or self._task.done():
            return False
        self._waiting.append(prompt)
        self._wake.set()
        return True

    async def answer(self, request_id: str, answer: Answer) -> bool:
        """Answer a held request."""
        future = self._requests.pop(request_id, None)
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True

    async def interrupt(self) -> bool:
        """End the current turn."""
        if self._turn is None or self._turn.done():
            return False
        return self._turn.cancel("interrupted")

    async def set_model(self, model: Model) -> None:
        """Use another model; it makes no difference but for ``!echo``."""
        self.model = model

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """Use another permission mode from now on."""
        self.rules.mode = mode

    async def close(self) -> None:
        """Take nothing more, and end when nothing is left to do."""
        self._closed = True
        self._wake.set()

    async def stop(self, grace: float = 3.0) -> None:
        """End at once; a second time waits for the first, which tells the end as the last thing."""
        if not self._task.cancelling():
            self._task.cancel()
        await asyncio.wait({self._task})

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the agent is gone."""
        self._task.add_done_callback(lambda task: callback())

    # --- for directives ---------------------------------------------------------------------------

    async def emit(self, event: AgentEvent) -> None:
        """Report something; waits while the reader is behind."""
        while self._events.qsize() >= QUEUED_EVENTS:
            self._room.clear()
            await self._room.wait()
        self._events.put_nowait(event)

    async def hold(self, request: RequestOpened) -> Answer:
        """Ask a person and wait for the answer."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._requests[request.request_id] = future
        await self.emit(request)
        return await future

    async def change_mode(self, mode: PermissionMode) -> None:
        """Change the permission mode and tell it."""
        self.rules.mode = mode
        await self.emit(ModeChanged(mode))

    def in_background(self, work: Awaitable[str]) -> None:
        """Go on while turns end; what `work` returns is said in a turn of its own."""

        async def finish() -> None:
            self._announcements.append(await work)
            self._wake.set()

        task = asyncio.get_running_loop().create_task(finish())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # --- its life ---------------------------------------------------------------------------------

    async def _live(self) -> None:
        """Run turns until there is nothing to do and nothing will come."""
        exited = Exited(-15)
        try:
            await self._turns()
            exited = Exited(0)
        except Ended as end:
            exited = Exited(end.returncode, end.detail)
        except Exception as error:  # noqa: BLE001 - the agent dies of it, and says so
            exited = Exited(1, f"{type(error).__name__}: {error}")
        finally:
            await self._leave(exited)

    async def _turns(self) -> None:
        while True:
            self._wake.clear()
            if self._waiting:
                await self._play(self._waiting[0])
            elif self._announcements:
                await self._play(Prompt(str(uuid4()), f"!say {self._announcements.pop(0)}"))
            elif self._closed and not self._background:
                return
            else:
                await self._wake.wait()

    async def _play(self, prompt: Prompt) -> None:
        """Play one turn; it may be interrupted."""
        self.prompt = prompt
        if prompt in self._waiting:
            self._waiting.remove(prompt)
            await self.emit(PromptProgress(prompt.id, "started"))
        await self._keep(self.conversation)  # whoever heard of a session can come back to it, even after a crash
        await self.emit(SessionStarted(self.conversation.id, TOOLS, self.run.directory, f"scripted-{self.model}"))
        self._turn = asyncio.get_running_loop().create_task(self._perform_turn())
        try:
            ended = await self._turn
        except asyncio.CancelledError:
            if self._stopped():
                raise
            ended = await self._interrupted()
        self._turn = None
        await self._end_turn(ended)

    def _stopped(self) -> bool:
        """Whether the agent as a whole is being ended, and not just its turn."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _perform_turn(self) -> TurnEnded:
        return await self._perform(self)

    async def _interrupted(self) -> TurnEnded:
        for request_id in list(self._requests):
            del self._requests[request_id]
            await self.emit(RequestWithdrawn(request_id))
        return TurnEnded("error_during_execution", interrupted=True)

    async def _end_turn(self, ended: TurnEnded) -> None:
        self.conversation.turns += 1
        self.conversation.cost = max(self.conversation.cost, ended.session_cost or 0.0)
        await self._keep(self.conversation)
        await self.emit(ended)
        if not (self._waiting or self._announcements or self._background):
            await self.emit(Idle())

    async def _leave(self, exited: Exited) -> None:
        """End what still runs and say that the agent is gone, as the last thing."""
        tasks = {*self._background, *([self._turn] if self._turn is not None else ())}
        for task in tasks:
            if not task.cancelling():  # a second time would cut short how it ends its commands
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        undelivered = tuple(prompt.id for prompt in self._waiting)
        self._events.put_nowait(replace(exited, undelivered=undelivered))
