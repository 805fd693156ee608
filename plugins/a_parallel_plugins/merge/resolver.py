"""Has an agent resolve the conflicts of one merge, and reads what it says (``merge-agent.md`` §4, §5)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from uuid import uuid4

from a_parallel_contracts import BadRequest, FailedDependency, PluginContext
from a_parallel_contracts.admission import ADMISSION
from a_parallel_contracts.agents import (
    AGENTS,
    AgentEvent,
    AgentHooks,
    AgentSession,
    Exited,
    Idle,
    Prompt,
    RequestOpened,
    Run,
    TextProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import Model, PermissionMode, Thread
from a_parallel_plugins.merge.bench import Bench
from a_parallel_plugins.merge.gate import Gate, reply
from a_parallel_plugins.merge.prompt import ALLOWED_TOOLS, given_up, prompt
from a_parallel_plugins.merge.repository import Recorded
from a_parallel_plugins.merge.settings import Settings
from a_parallel_plugins.merge.transcript import Transcript

_EXIT_GRACE = 30.0
"""Seconds that an agent gets to exit by itself once it is idle."""


class AgentResolver:
    """Starts a fresh agent for the conflicts of one branch; to be used once.

    Parameters:
        ctx: of the plugin.
        thread: shows the run.
        transcript: where it is said what the agent does.
        model: of the agent.
        max_turns: its model round trips.
        environment: changes to its environment: author and committer, in case it commits.
        progress: told what the agent says.
    """

    def __init__(
        self,
        ctx: PluginContext,
        thread: Thread,
        transcript: Transcript,
        *,
        model: Model,
        max_turns: int,
        environment: Mapping[str, str],
        progress: Callable[[str], Awaitable[None]],
    ) -> None:
        self._ctx = ctx
        self._thread = thread
        self._transcript = transcript
        self._model = model
        self._max_turns = max_turns
        self._environment = environment
        self._progress = progress
        self._costs: dict[str | None, float] = {}
        self._ended: TurnEnded | None = None
        self._given_up: str | None = None

    @property
    def cost(self) -> float:
        """What it has cost so far, in US dollars."""
        return sum(self._costs.values())

    async def __call__(self, bench: Bench, recorded: Recorded, unmerged: Sequence[str]) -> None:
        """Resolve the conflicts.

        Raises:
            BadRequest: the agent gave up, failed, or took too long; the text says which.
            FailedDependency: there is no agent, or it cannot be started.
        """
        async with self._slot():
            await self._resolve(bench, recorded, unmerged)
        self._judge()

    def _slot(self) -> AbstractAsyncContextManager[None]:
        """Wait for the agent's turn among all others."""
        admission = self._ctx.find(ADMISSION)
        return admission.slot(self._thread.user_id, self._thread.project_id) if admission else nullcontext()

    async def _resolve(self, bench: Bench, recorded: Recorded, unmerged: Sequence[str]) -> None:
        session = await self._start(bench, recorded, unmerged)
        try:
            async with asyncio.timeout(self._ctx.settings(Settings).agent_limit):
                await self._follow(session)
        except TimeoutError:
            raise BadRequest("The agent took too long to resolve the conflicts") from None
        finally:
            await session.stop()

    async def _start(self, bench: Bench, recorded: Recorded, unmerged: Sequence[str]) -> AgentSession:
        agents = self._ctx.find(AGENTS)
        if agents is None:
            raise FailedDependency("There are conflicts, and no agents are running that could resolve them.")
        run = await self._ctx.hooks.pipe(
            AgentHooks.prepare_run,
            Run(
                thread=self._thread,
                generation=0,
                directory=str(bench.path),
                prompt=Prompt(str(uuid4()), prompt(recorded, unmerged)),
                model=self._model,
                permission_mode=PermissionMode.AUTO_EDIT,
                allowed_tools=ALLOWED_TOOLS,
                environment=self._environment,
                max_turns=self._max_turns,
            ),
        )
        return await agents.provider().start(run, Gate(self._ctx, run))

    async def _follow(self, session: AgentSession) -> None:
        """Read what the agent reports until it is gone; once it is idle it is told that nothing more will come."""
        loop = asyncio.get_running_loop()
        impatience: asyncio.Task[None] | None = None
        try:
            async for event in session.events():
                if isinstance(event, Idle):
                    await session.close()
                    impatience = impatience or loop.create_task(_stop_later(session))
                await self._take(session, event)
        finally:
            if impatience is not None:
                impatience.cancel()
                with suppress(asyncio.CancelledError):
                    await impatience

    async def _take(self, session: AgentSession, event: AgentEvent) -> None:
        match event:
            case TextProduced(partial=False):
                self._listen(event.text)
                await self._transcript.text(event.message_id, event.text)
                await self._progress(event.text)
            case ToolCalled():
                await self._transcript.tool(event.tool_use_id, event.message_id, event.name, event.input)
            case ToolFinished():
                await self._transcript.output(event.tool_use_id, event.output)
            case RequestOpened():
                await session.answer(event.request_id, reply(event))
            case TurnEnded():
                self._ended = event
                self._listen(event.result or "")
                self._costs[event.session_id] = event.session_cost or self._costs.get(event.session_id, 0.0)
            case Exited() if self._ended is None:
                self._ended = TurnEnded("exited", result=event.detail or f"exit status {event.returncode}")
            case _:
                pass

    def _listen(self, text: str) -> None:
        """Remember that the agent gave up, wherever it says so."""
        self._given_up = self._given_up or given_up(text)

    def _judge(self) -> None:
        if self._given_up is not None:
            raise BadRequest(self._given_up)
        ended = self._ended
        if ended is None or not ended.succeeded:
            detail = f": {ended.result}" if ended is not None and ended.result else ""
            outcome = ended.outcome if ended is not None else "no result"
            raise BadRequest(f"The agent did not finish ({outcome}){detail}")


async def _stop_later(session: AgentSession) -> None:
    await asyncio.sleep(_EXIT_GRACE)
    await session.stop()
