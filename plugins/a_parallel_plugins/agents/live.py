"""One live agent: its session, its state machine, and the gate before its tools."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct, field
from msgspec.structs import asdict

from a_parallel_contracts import ApiError, HookError, Hooks
from a_parallel_contracts.agents import (
    AgentHooks,
    AgentSession,
    Answer,
    Checkpoint,
    Decision,
    Prompt,
    Run,
    StartRequest,
    ToolRequest,
)
from a_parallel_contracts.threads import Threads
from a_parallel_plugins.agents.book import Subject
from a_parallel_plugins.agents.changes import PromptsSeen
from a_parallel_plugins.agents.held import VERSION, HoldOver, StateKept
from a_parallel_plugins.agents.machine import Machine
from a_parallel_plugins.agents.phases import Phase
from a_parallel_plugins.agents.recent import keep

log = logging.getLogger(__name__)

KEPT_PROMISES = 16
"""Answers that are remembered."""


class Promise(Struct, frozen=True):
    """An answer of a person that is written down before the agent gets it, and the prompt it was stored as."""

    answer: Answer
    prompt_id: str


class Live(Struct, eq=False):
    """A session with everything that belongs to it.

    Attributes:
        subject: whose agent it is.
        provider: name of the provider that started it.
        run: as it was started.
        request: tool lists and the like, for going on in another session.
        machine: the state.
        session: the agent.
        prompts: prompts that the agent has not taken, by id.
        closing: it was told that nothing more will be sent.
        must_ask: tool_use ids of calls that a policy wants to be asked about.
        timers: what is to happen later.
        checkpoint: where the provider stood after what the machine knows, if the agent is in a holder.
        promises: answers of people by request id, which the agent gets even from another server.
        answered: messages that were answers to an earlier server's agent, to be written as seen.
        left: another server will go on with it.
    """

    subject: Subject
    provider: str
    run: Run
    request: StartRequest
    machine: Machine
    session: AgentSession
    prompts: dict[str, Prompt] = field(default_factory=dict)
    closing: bool = False
    must_ask: set[str | None] = field(default_factory=set)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    checkpoint: Checkpoint | None = None
    promises: dict[str, Promise] = field(default_factory=dict)
    answered: list[PromptsSeen] = field(default_factory=list)
    left: bool = False
    _progress: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def open(self) -> bool:
        """Whether a message may be sent to it."""
        return not (self.closing or self.machine.stopping or self.machine.phase is Phase.GONE)

    @property
    def at_work(self) -> bool:
        """Whether it counts among the agents at work: not while it waits for a person, but until it is gone."""
        return self.closing or (self.machine.phase is Phase.RUNNING and self.machine.waits.first is None)

    @property
    def state(self) -> bytes:
        """What another server needs to go on beside the provider's own state."""
        promises = {id: {**asdict(kept), "answer": asdict(kept.answer)} for id, kept in self.promises.items()}
        asked = [use for use in self.must_ask if use is not None]
        return _state(self.machine, promises, asked)

    def kept(self) -> list[StateKept | HoldOver]:
        """Return what is to be written together with all that the machine has given out."""
        hold = self.run.hold
        if hold is None or self.machine.unwritten:
            return []
        if self.machine.phase is Phase.GONE:
            return [HoldOver(hold)]
        session = orjson.dumps(self.checkpoint.state) if self.checkpoint is not None else None
        return [StateKept(hold, self.state, session)]

    def promise(self, request_id: str, answer: Answer, prompt_id: str) -> None:
        """Remember an answer until nobody can ask for it any more."""
        keep(self.promises, request_id, Promise(answer, prompt_id), KEPT_PROMISES)

    def progressed(self) -> None:
        """Wake those that wait for something to happen."""
        self._progress.set()
        self._progress = asyncio.Event()

    async def progress(self) -> None:
        """Return when something has happened."""
        await self._progress.wait()

    def later(self, delay: float, callback: Any) -> None:
        """Call `callback` after `delay` seconds, unless the agent is gone by then."""
        self.timers.append(asyncio.get_running_loop().call_later(delay, callback))

    def cancel_timers(self) -> None:
        """Forget what was to happen later."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


def first_state(machine: Machine) -> bytes:
    """Return the state of an agent that is about to be started."""
    return _state(machine, {}, [])


def _state(machine: Machine, promises: Mapping[str, Any], asked: list[str]) -> bytes:
    return orjson.dumps({"v": VERSION, "machine": machine.memory, "promises": promises, "asked": asked})


class Gate:
    """Asks `AgentHooks.decide_tool` before a tool runs; no answer in order counts as deny.

    Parameters:
        hooks: of the agents plugin.
        threads: the thread store.
        run: whose tools it guards.
    """

    def __init__(self, hooks: Hooks, threads: Threads, run: Run) -> None:
        self._hooks = hooks
        self._threads = threads
        self._run = run
        self.live: Live | None = None

    async def __call__(self, tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        """Return what was decided; None is no opinion."""
        decision = await self._decide(tool, input, tool_use_id)
        if decision is not None and self.live is not None:
            if decision.behavior == "deny":
                self.live.machine.denials.refused.add(tool)
            elif decision.behavior == "ask":
                self.live.must_ask.add(tool_use_id)
        return decision

    async def _decide(self, tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        thread = await self._threads.get(self._run.thread.id)
        if thread is None:
            return Decision("deny", "The thread was deleted")
        request = ToolRequest(thread, self._run, tool, input, tool_use_id, thread.cost)
        try:
            return await self._hooks.first(AgentHooks.decide_tool, request)
        except HookError as error:
            log.warning("a call of %s is denied since no decision could be made: %s", tool, error)
            return Decision("deny", f"The policy of plugin {error.plugin} failed, so the call was denied")
        except ApiError as error:
            return Decision("deny", error.message)
