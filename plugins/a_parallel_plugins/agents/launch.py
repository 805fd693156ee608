"""Starts an agent with the messages that wait for it (``agent-lifecycle.md`` §7)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from a_parallel_contracts import Database, Hooks, Reader, new_id
from a_parallel_contracts.agents import AgentHooks, Prompt, Run, StartRequest, SurvivingProvider
from a_parallel_contracts.threads import Model, PermissionMode, Thread, Threads
from a_parallel_plugins.agents import held, outbox, prompts
from a_parallel_plugins.agents.book import Subject
from a_parallel_plugins.agents.held import HeldRun
from a_parallel_plugins.agents.live import Gate, Live, first_state
from a_parallel_plugins.agents.machine import Machine
from a_parallel_plugins.agents.providers import Providers, provider_of
from a_parallel_plugins.agents.settings import AgentsSettings

KindT = TypeVar("KindT", Model, PermissionMode)

RECENT_CALLS = 500
"""Tool calls of earlier runs that a resumed session may tell again."""


class Start(Struct, frozen=True):
    """What is to be started.

    Attributes:
        thread: as it is now.
        directory: where the agent works.
        request: tool lists.
        generation: number of the run.
        status_before: status of the thread before the run began.
    """

    thread: Thread
    directory: str
    request: StartRequest
    generation: int
    status_before: str


class Launcher:
    """Builds runs and starts their sessions.

    Attributes:
        holding: agents are started in holders, if their provider can do that.
    """

    def __init__(
        self, db: Database, threads: Threads, hooks: Hooks, providers: Providers, settings: AgentsSettings
    ) -> None:
        self._db = db
        self._threads = threads
        self._hooks = hooks
        self._providers = providers
        self._settings = settings
        self.holding = False

    async def launch(self, start: Start, next_generation: Callable[[], int]) -> Live:
        """Start an agent with the oldest message that waits; the others are left in `Live.prompts`.

        Raises:
            Exception: whatever a hook or the provider raised.
        """
        waiting = await self._db.run(lambda reader: outbox.waiting(reader, start.thread.id))
        if not waiting:
            raise LookupError("there is no message to start the agent with")
        name, provider = self._providers.need(await provider_of(self._db, start.thread.id))
        run = await self._hooks.pipe(AgentHooks.prepare_run, await self._run(start, waiting))
        first, rest = waiting[0].prompt, [entry.prompt for entry in waiting[1:]]
        # Its fate is told under this id, whatever a hook made of the prompt.
        run = replace(run, generation=start.generation, prompt=replace(run.prompt, id=first.id))
        gate = Gate(self._hooks, self._threads, run)
        calls = await self._db.run(lambda reader: _recent_calls(reader, start.thread.id)) if run.session_id else {}
        machine = Machine(
            start.generation,
            (first.id, *(prompt.id for prompt in rest)),
            resumed=run.session_id is not None,
            calls=calls,
            next_generation=next_generation,
        )
        if self.holding and isinstance(provider, SurvivingProvider):
            run = await self._keep(replace(run, hold=new_id()), name, machine)
        session = await provider.start(run, gate)
        live = Live(Subject.of(start.thread), name, run, start.request, machine, session, {p.id: p for p in rest})
        gate.live = live
        return live

    async def _keep(self, run: Run, provider: str, machine: Machine) -> Run:
        """Write the agent down before it is there: whoever finds it without that ends it."""
        state = first_state(machine)
        await self._db.write(lambda tx: held.begin(tx, run, provider, state))
        return run

    async def attach(
        self,
        provider: SurvivingProvider,
        row: HeldRun,
        run: Run,
        request: StartRequest,
        next_generation: Callable[[], int],
    ) -> Live:
        """Return what stands for an agent that outlived an earlier server.

        Raises:
            Exception: whatever the provider raised.
        """
        gate = Gate(self._hooks, self._threads, run)
        calls = await self._db.run(lambda reader: _recent_calls(reader, row.thread_id))
        session = await provider.attach(run, gate, row.session)
        resumed = run.session_id is not None
        machine = Machine(run.generation, (), resumed=resumed, calls=calls, next_generation=next_generation)
        machine.restore(row.state["machine"], asyncio.get_running_loop().time())
        live = Live(Subject.of(run.thread), row.provider, run, request, machine, session)
        gate.live = live
        return live

    async def _run(self, start: Start, waiting: Sequence[outbox.Waiting]) -> Run:
        thread, request = start.thread, start.request
        return Run(
            thread=thread,
            generation=start.generation,
            directory=start.directory,
            prompt=await self._opening(start, waiting),
            model=_known(Model, thread.model, Model.SONNET),
            permission_mode=_known(PermissionMode, thread.permission_mode, PermissionMode.AUTO_EDIT),
            session_id=thread.session_id,
            allowed_tools=request.allowed_tools,
            disallowed_tools=request.disallowed_tools or (),
            max_turns=self._settings.max_turns,
        )

    async def _opening(self, start: Start, waiting: Sequence[outbox.Waiting]) -> Prompt:
        """Return the first prompt, with what the agent has to know before it."""
        prompt = waiting[0].prompt
        if start.thread.session_id is None:
            unseen = {entry.message_id for entry in waiting}
            messages = [m for m in await self._threads.messages(start.thread.id) if m.id not in unseen]
            return replace(prompt, text=prompts.with_conversation(messages, prompt.text))
        if start.status_before in prompts.NOTED_AFTER:
            return replace(prompt, text=prompts.resumed(prompt.text))
        return prompt


def _recent_calls(reader: Reader, thread_id: str) -> Mapping[str, str]:
    rows = reader.all(
        "SELECT tool_use_id, tool_call_id FROM agents_tool_uses WHERE thread_id = ? ORDER BY rowid DESC LIMIT ?",
        (thread_id, RECENT_CALLS),
    )
    return {row["tool_use_id"]: row["tool_call_id"] for row in reversed(rows)}


def _known(kind: type[KindT], text: str, default: KindT) -> KindT:
    """Return `text` as one of `kind`; rows of other servers may hold anything (``database.md`` §4)."""
    return kind(text) if text in list(kind) else default
