"""The service behind `AGENTS`: what people do with agents (``agent-lifecycle.md`` §7, §9; ``http-core.md`` §6)."""

import asyncio
import contextlib
import logging

from msgspec import Struct
from msgspec.structs import replace

from a_parallel_contracts import ApiError, Conflict, Database, NotFound
from a_parallel_contracts.accounts import OwnershipMoved
from a_parallel_contracts.agents import AgentProvider, Answer, StartRequest
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.threads import (
    PermissionMode,
    Stage,
    Thread,
    ThreadChanges,
    ThreadDeleted,
    Threads,
    ThreadStatus,
)
from a_parallel_plugins.agents import prompts, tools
from a_parallel_plugins.agents.answers import accepts_plan
from a_parallel_plugins.agents.book import Subject
from a_parallel_plugins.agents.changes import UserMessageAdded
from a_parallel_plugins.agents.compose import check, compose, overrides
from a_parallel_plugins.agents.delivery import Delivery
from a_parallel_plugins.agents.launch import Start
from a_parallel_plugins.agents.line import Line
from a_parallel_plugins.agents.outcomes import RunBegun
from a_parallel_plugins.agents.providers import Providers
from a_parallel_plugins.agents.rules import PermissionRules, Remember
from a_parallel_plugins.agents.runs import Runs
from a_parallel_plugins.agents.waiting import RunQueued

BEGIN_PATIENCE = 2.0
"""Seconds for which the answer to a move on the board waits until the row shows ``running``."""
STOP_PATIENCE = 3.0
"""Seconds for which a stop lets others finish what they do with the thread."""

log = logging.getLogger(__name__)


class _New(Struct, frozen=True):
    """A run that is to begin, and what is set once its rows are written."""

    thread: Thread
    directory: str
    request: StartRequest
    changes: ThreadChanges
    begun: asyncio.Event


class AgentService:
    """Implements `a_parallel_contracts.agents.Agents`."""

    def __init__(
        self, db: Database, threads: Threads, runs: Runs, providers: Providers, rules: PermissionRules, line: Line
    ) -> None:
        self._db = db
        self._threads = threads
        self._runs = runs
        self._providers = providers
        self._rules = rules
        self._line = line
        self._delivery = Delivery(runs, threads)

    # --- the contract -----------------------------------------------------------------------------

    async def send(self, thread: Thread, request: StartRequest) -> None:
        """Start, resume, answer or reach the thread's agent."""
        check(request)
        await self._runs.tasks.finish(self._send(thread.id, request))

    async def stop(self, thread_id: str) -> None:
        """End the thread's agent and wait."""
        await self._runs.tasks.finish(self._stop(thread_id))

    def running(self, thread_id: str) -> bool:
        """Tell whether the thread has a live agent, or waits for the turn of one."""
        return thread_id in self._runs.lives or thread_id in self._line or thread_id in self._runs.awaited

    async def ready(self) -> None:
        """Return once the default provider is there."""
        await self._providers.default_arrived.wait()

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Ask the default provider a single question."""
        return await self.provider().ask(prompt, directory=directory, timeout=timeout)

    def provider(self) -> AgentProvider:
        """Return the default provider."""
        return self._providers.need(None)[1]

    async def user_deleted(self, event: UserDeleted) -> None:
        """End the agents of a user who is gone, and forget what they allowed for good."""
        waiting = [subject for subject, _ in self._line.members().values()]
        for subject in [*(live.subject for live in self._runs.lives.values()), *waiting]:
            if subject.owner == event.user_id:
                await self.stop(subject.thread_id)
        await self._rules.forget_user(event.user_id)

    async def owner_changed(self, event: OwnershipMoved) -> None:
        """Tell the new owner of threads from now on what their agents do."""
        for live in self._runs.lives.values():
            if live.subject.owner == event.previous:
                live.subject = replace(live.subject, owner=event.owner)
        await self._rules.load()

    # --- beyond it --------------------------------------------------------------------------------

    async def approve(
        self, thread: Thread, tool: str, request: StartRequest, *, approved: bool, remember: Remember | None
    ) -> None:
        """Give or refuse leave to use a tool.

        Parameters:
            thread: whose agent asks.
            tool: name of the tool.
            request: tool lists of the client.
            approved: whether it may be used.
            remember: allow it for good, for all calls or for those like this one.

        Raises:
            Conflict: there is no open call that could be remembered.
        """
        words = prompts.allowed(tool) if approved else prompts.denied(tool)
        request = request.model_copy(update={"text": words})
        work = self._approve(thread.id, tool, request, approved=approved, remember=remember)
        await self._runs.tasks.finish(work)

    async def interrupt(self, thread: Thread) -> None:
        """End the turn but not the agent; nothing happens when none runs.

        Raises:
            Conflict: the agent cannot be interrupted now.
        """
        live = self._runs.lives.get(thread.id)
        if live is None or not live.open or live.machine.kept:
            return
        if not await live.session.interrupt():
            raise Conflict("The agent cannot be interrupted now. Stop it instead.")

    async def quiesce(self, thread: Thread) -> None:
        """End the thread's agent and wait; the caller holds `Threads.exclusive`."""
        self._line.leave(thread.id)
        await self._runs.stop(thread)

    async def begin_idle(self, thread: Thread) -> None:
        """Start the agent of an idle thread that was moved to "in progress", and return once the row shows it."""
        prompt = thread.initial_prompt or ""
        if thread.status != ThreadStatus.IDLE or thread.stage != Stage.IN_PROGRESS or not prompt.strip():
            return
        begun = asyncio.Event()
        self._runs.tasks.spawn(self._start_idle(thread.id, prompt, begun), name=f"start idle thread {thread.id}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEGIN_PATIENCE):
                await begun.wait()

    async def forget(self, event: ThreadDeleted) -> None:
        """End what may still run for a thread that is gone."""
        self._line.leave(event.thread.id)
        live = self._runs.lives.get(event.thread.id)
        if live is not None:
            await self._runs.end(live)

    # --- inside the thread's lock -----------------------------------------------------------------

    async def _send(self, thread_id: str, request: StartRequest) -> None:
        self._runs.refuse_when_closed()
        try:
            async with self._threads.exclusive(thread_id):
                await self._reach_or_start(await self._current(thread_id), request)
        except Exception as error:
            self.give_up(thread_id, error)
            raise

    def give_up(self, thread_id: str, error: Exception) -> None:
        """Call a new thread failed that was made and cannot be started; returns at once."""
        self._runs.tasks.spawn(self._fail_new(thread_id, error), name=f"the failed start of thread {thread_id}")

    async def _fail_new(self, thread_id: str, error: Exception) -> None:
        """Call a new thread failed whose start could not even be written, as soon as it can: nobody works for it."""
        async with self._threads.exclusive(thread_id):
            thread = await self._threads.get(thread_id)
            if thread is not None and thread.status == ThreadStatus.PENDING and not self.running(thread_id):
                await self._runs.fail(thread, self._runs.next_generation(), error, own=None)

    async def _reach_or_start(self, thread: Thread, request: StartRequest) -> None:
        live = self._runs.lives.get(thread.id)
        if live is None or not await self._delivery.reach(live, thread, request):
            await self._start(thread, request)

    async def _stop(self, thread_id: str) -> None:
        """Stop whatever goes on; somebody who talks to an agent that does not listen must not prevent it."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(STOP_PATIENCE):
                    await stack.enter_async_context(self._threads.exclusive(thread_id))
            except TimeoutError:
                await self._runs.cut(await self._current(thread_id))
                await stack.enter_async_context(self._threads.exclusive(thread_id))
            self._line.leave(thread_id)
            await self._runs.stop(await self._current(thread_id))

    async def _approve(
        self, thread_id: str, tool: str, request: StartRequest, *, approved: bool, remember: Remember | None
    ) -> None:
        self._runs.refuse_when_closed()
        async with self._threads.exclusive(thread_id):
            thread = await self._current(thread_id)
            live = self._runs.lives.get(thread_id)
            wait = live.machine.waits.permission(tool) if live is not None and live.open else None
            if approved and remember == "call" and wait is None:
                raise Conflict("The call is not open any more; allow the tool as a whole or wait for the next call.")
            if approved and remember is not None:
                await self._rules.add(thread, tool, wait.input if wait is not None else {}, remember)
            if live is not None and wait is not None:
                answer = Answer("allow") if approved else Answer("deny", message=request.text)
                message, prompt = await compose(thread, request, live.run.directory)
                await self._delivery.answer(live, wait, thread, request, answer, message, prompt)
            else:
                await self._reach_or_start(thread, tools.approve(request, tool) if approved else request)

    async def _start(self, thread: Thread, request: StartRequest, begun: asyncio.Event | None = None) -> None:
        """Begin a run, or let it wait for its turn: rows and events first, then the agent."""
        thread, directory = await self._threads.ensure_directory(thread)
        new = _New(thread, directory, request, await self._changes(thread, request), begun or asyncio.Event())
        if thread.id in self._line:
            await self._wait(new)
        elif self._line.enter(thread):
            try:
                await self._begin(new)
            finally:
                self._line.begun(thread.id)
        else:
            try:
                await self._wait(new)
            except BaseException:
                self._line.leave(thread.id)
                raise

    async def _begin(self, new: "_New") -> None:
        thread = new.thread
        message, prompt = await compose(thread, new.request, new.directory)
        generation = self._runs.next_generation()
        begins = RunBegun(generation, new.changes)
        await self._runs.write(Subject.of(thread), [begins, UserMessageAdded(message, prompt)])
        new.begun.set()
        started = await self._current(thread.id)
        await self._runs.launch(Start(started, new.directory, new.request, generation, thread.status), own=prompt.id)

    async def _wait(self, new: "_New") -> None:
        """Store what the run is to be started with once its turn has come; the place of a first message is told."""
        message, prompt = await compose(new.thread, new.request, new.directory)
        queued = RunQueued(new.request, new.changes)
        await self._runs.write(Subject.of(new.thread), [queued, UserMessageAdded(message, prompt)])
        self._runs.later.overtaken(new.thread.id)
        new.begun.set()
        self._line.stay()

    async def _changes(self, thread: Thread, request: StartRequest) -> ThreadChanges:
        """Return what else the row gets; an accepted plan ends plan mode although its agent is gone."""
        changes = overrides(thread, request)
        row = await self._db.one("SELECT waiting FROM agents_threads WHERE thread_id = :id", id=thread.id)
        planned = row is not None and row["waiting"] == "plan"
        if planned and accepts_plan(request.text, shown=thread.status == ThreadStatus.WAITING):
            changes.setdefault("permission_mode", PermissionMode.AUTO_EDIT.value)
        return changes

    async def _start_idle(self, thread_id: str, prompt: str, begun: asyncio.Event) -> None:
        try:
            async with self._threads.exclusive(thread_id):
                thread = await self._threads.get(thread_id)
                if thread is not None and thread.status == ThreadStatus.IDLE:
                    await self._start_or_fail(thread, prompt, begun)
        finally:
            begun.set()

    async def _start_or_fail(self, thread: Thread, prompt: str, begun: asyncio.Event) -> None:
        try:
            await self._start(thread, StartRequest(text=prompt), begun)
        except ApiError as error:
            log.warning("the idle thread %s could not be started: %s", thread.id, error.message)
            if not begun.is_set():
                await self._runs.fail(thread, self._runs.next_generation(), error, own=None)

    async def _current(self, thread_id: str) -> Thread:
        """Return the thread as it is inside the lock.

        Raises:
            NotFound: it is gone by now.
        """
        thread = await self._threads.get(thread_id)
        if thread is None:
            raise NotFound("Thread not found")
        return thread
