"""Starts and ends agents. Callers hold `Threads.exclusive` of the thread, so that nothing happens twice at once."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Literal

from a_parallel_contracts import ApiError, Database, ServiceUnavailable
from a_parallel_contracts.agents import Answer, RequestOpened, SurvivingSession
from a_parallel_contracts.threads import UNFINISHED, Thread, Threads, ThreadStatus
from a_parallel_plugins.agents import waiting
from a_parallel_plugins.agents.book import Book, Change, Subject, write_all
from a_parallel_plugins.agents.changes import PromptsSeen
from a_parallel_plugins.agents.door import Party
from a_parallel_plugins.agents.failures import error_text, start_error
from a_parallel_plugins.agents.later import Later
from a_parallel_plugins.agents.launch import Launcher, Start
from a_parallel_plugins.agents.live import Live
from a_parallel_plugins.agents.outcomes import RunEndedEarly, RunFailed
from a_parallel_plugins.agents.phases import Effect
from a_parallel_plugins.agents.pump import Pump
from a_parallel_plugins.agents.rules import PermissionRules
from a_parallel_plugins.agents.settings import AgentsSettings
from a_parallel_plugins.agents.tasks import Tasks

PUMP_PATIENCE = 10.0
"""Seconds that are given to the end of a session's events after it was stopped."""

log = logging.getLogger(__name__)


class Runs:
    """The agents that are alive.

    Attributes:
        lives: by thread id.
        tasks: work in progress.
        changed: called when an agent may have ceased to be at work.
        awaited: ids of threads whose agent has outlived an earlier server and is about to be gone on with.
        handing_over: tells whether the server stops only to be replaced.
        over: told the name of a holder whose agent is gone and written down as such.
        later: writes ends that cannot be written at once.
    """

    def __init__(
        self, db: Database, threads: Threads, launcher: Launcher, rules: PermissionRules, settings: AgentsSettings
    ) -> None:
        self.lives: dict[str, Live] = {}
        self.tasks = Tasks()
        self.changed: Callable[[], None] = lambda: None
        self.awaited: set[str] = set()
        self.handing_over: Callable[[], bool] = lambda: False
        self.over: Callable[[str], Coroutine[Any, Any, None]] | None = None
        self._left: set[str] = set()
        self._resuming: dict[str, Party] = {}
        self._db = db
        self._threads = threads
        self._launcher = launcher
        self._rules = rules
        self._settings = settings
        self._pumps: dict[Live, tuple[Pump, asyncio.Task[None]]] = {}
        self._generations = itertools.count(1)
        self._cut: dict[str, RunEndedEarly] = {}
        self._closed = False
        self.later = Later(threads, self.write)

    def next_generation(self) -> int:
        """Return the number of the next run."""
        return next(self._generations)

    async def write(self, subject: Subject, changes: Sequence[Change]) -> None:
        """Write changes of a thread in one unit of work."""
        await self._db.write(lambda tx: write_all(Book(tx, self._threads, subject), changes))

    def parties(self) -> Iterator[Party]:
        """Iterate over those on whose account agents are at work."""
        for live in self.lives.values():
            if live.at_work:
                yield Party(live.subject.owner, live.subject.project_id)
        yield from self._resuming.values()

    def refuse_when_closed(self) -> None:
        """Refuse to begin anything while the plugin stops.

        Raises:
            ServiceUnavailable: it does.
        """
        if self._closed:
            raise ServiceUnavailable("The server is stopping", headers={"Retry-After": "5"})

    # --- beginning --------------------------------------------------------------------------------

    async def launch(self, start: Start, *, own: str | None) -> Live:
        """Start an agent for a run whose beginning is written.

        Parameters:
            start: what to start.
            own: prompt of the caller, which is told about a failure; it will not be sent again.

        Raises:
            ApiError: it cannot be started; the thread is ``failed``.
        """
        self.later.overtaken(start.thread.id)
        try:
            async with asyncio.timeout(self._settings.start_limit):
                live = await self._launcher.launch(start, self.next_generation)
        except Exception as error:
            raise await self.fail(start.thread, start.generation, error, own=own) from error
        self._begin_pump(live)
        await self.send_queued(live)
        return live

    async def fail(self, thread: Thread, generation: int, error: Exception, *, own: str | None) -> ApiError:
        """Write that a run could not be started and return what to tell."""
        answer = start_error(error)
        changes: list[Change] = [RunFailed(generation, error_text(answer), review=True)]
        if own is not None:
            changes.append(PromptsSeen((own,)))
        with contextlib.suppress(Exception):  # which is logged, and tried again
            await self.write_end(Subject.of(thread), changes)
        return answer

    async def directory(self, thread: Thread, generation: int, *, own: str | None) -> tuple[Thread, str]:
        """Return the thread and where its agent works, made anew if it is missing.

        Parameters:
            thread: whose agent is to be started.
            generation: of the run.
            own: see `fail`.

        Raises:
            ApiError: there is no place for it; the thread is ``failed``.
        """
        try:
            return await self._threads.ensure_directory(thread)
        except Exception as error:
            raise await self.fail(thread, generation, error, own=own) from error

    async def write_end(self, subject: Subject, changes: Sequence[Change]) -> None:
        """Write how a run has ended. Its agent is gone, so nobody else would: what fails is tried until it succeeds.

        Raises:
            Exception: it cannot be stored yet.
        """
        try:
            await self.write(subject, changes)
        except Exception as error:
            log.warning("an end cannot be stored: %s", error)
            self._write_later(subject, changes)
            raise
        self.later.overtaken(subject.thread_id)

    def _write_later(self, subject: Subject, changes: Sequence[Change]) -> None:
        """Write how a run has ended as soon as that can be stored; a server that stops leaves it to the next one."""
        if not self._closed:
            self.tasks.spawn(self.later.write(subject, changes), name=f"the end of thread {subject.thread_id}")

    def _begin_pump(self, live: Live) -> None:
        pump = Pump(live, write=self.write_live, perform=self._perform, intercept=self._allow_by_rule)
        task = asyncio.get_running_loop().create_task(
            self._run_pump(live, pump), name=f"agent of thread {live.subject.thread_id}"
        )
        self.lives[live.subject.thread_id] = live
        self._pumps[live] = pump, task

    async def _run_pump(self, live: Live, pump: Pump) -> None:
        try:
            await pump.run()
        except Exception as error:
            log.exception("how the run of thread %s has ended cannot be stored yet", live.subject.thread_id)
            if not self.later.waits(live.subject.thread_id):
                self._write_later(live.subject, [pump.failure(error)])
        finally:
            live.cancel_timers()
            live.progressed()
            del self._pumps[live]
            if self.lives.get(live.subject.thread_id) is live:
                del self.lives[live.subject.thread_id]
            self.changed()
            if live.run.hold is not None and self.over is not None and not live.left:
                self.tasks.spawn(self.over(live.run.hold), name=f"end the holder {live.run.hold}")

    async def write_live(self, live: Live, changes: Sequence[Change]) -> None:
        """Write changes of a live agent's run, and with them its state, if another server may need that."""
        checkpoint = live.checkpoint
        await self.write(live.subject, [*changes, *live.kept()])
        if checkpoint is not None:
            checkpoint.committed()
        self.changed()

    async def adopt(self, live: Live) -> None:
        """Take an agent over that has outlived an earlier server, and do what that may have left undone."""
        while self.next_generation() < live.machine.generation:
            pass
        live.machine.owe(live.answered)
        self._begin_pump(live)
        self.poke(live)
        if not live.machine.kept:
            await self.send_queued(live)
        else:
            await self._perform(live, live.machine.settled)
        log.info("the agent of thread %s goes on", live.subject.thread_id)

    def poke(self, live: Live) -> None:
        """Let a live agent's pump look again what is due."""
        if live in self._pumps:
            self._pumps[live][0].poke()

    # --- going on ---------------------------------------------------------------------------------

    async def send_queued(self, live: Live) -> bool:
        """Send the messages that wait, oldest first; False if the agent did not take one."""
        for prompt_id in list(live.machine.fates.queued):
            if not live.open or not await live.session.send(live.prompts[prompt_id]):
                return False
            live.machine.fates.taken(prompt_id)
            live.prompts.pop(prompt_id, None)
        return True

    async def _perform(self, live: Live, effect: Effect) -> None:
        thread_id = live.subject.thread_id
        if effect is Effect.CLOSE:
            await self.close(live)
        elif effect is Effect.KEEP:
            live.later(self._settings.keep_interrupted, lambda: self._spawn_close(live))
        elif effect is Effect.SEND_QUEUED:
            self.tasks.spawn(self._send_queued_later(live), name=f"messages of thread {thread_id}")
        elif not self._closed:
            self._resuming[thread_id] = Party(live.subject.owner, live.subject.project_id)
            self.tasks.spawn(self._resume(live), name=f"resume thread {thread_id}")

    async def close(self, live: Live) -> None:
        """Let an agent that has nothing to do go; it is stopped if it does not."""
        live.closing = True
        await live.session.close()
        live.later(self._settings.exit_grace, lambda: self._stop_idle(live))

    def _spawn_close(self, live: Live) -> None:
        self.tasks.spawn(self._close_if_kept(live), name=f"close thread {live.subject.thread_id}")

    async def _close_if_kept(self, live: Live) -> None:
        async with self._threads.exclusive(live.subject.thread_id):
            if live.open and live.machine.kept:
                await self.close(live)

    def _stop_idle(self, live: Live) -> None:
        """Stop an agent that does not exit, but not in the middle of a turn."""
        if live.machine.busy:
            live.later(self._settings.exit_grace, lambda: self._stop_idle(live))
            return
        stop = live.session.stop(self._settings.stop_grace)
        self.tasks.spawn(stop, name=f"end the idle agent of thread {live.subject.thread_id}")

    async def _send_queued_later(self, live: Live) -> None:
        """Send what waits now that the turn is over; an agent that takes nothing goes, and is resumed with it."""
        async with self._threads.exclusive(live.subject.thread_id):
            if live.open and not await self.send_queued(live):
                await self.close(live)

    async def _resume(self, ended: Live) -> None:
        """Go on with the messages that the agent which is gone has not seen."""
        try:
            await self._resume_after(ended)
        finally:
            self._resuming.pop(ended.subject.thread_id, None)
            self.changed()

    async def _resume_after(self, ended: Live) -> None:
        thread_id = ended.subject.thread_id
        await self._gone(ended)
        async with self._threads.exclusive(thread_id):
            thread = await self._threads.get(thread_id)
            if thread is None or thread.status not in UNFINISHED or thread_id in self.lives or self._closed:
                return
            generation = ended.machine.generation
            try:
                thread, directory = await self.directory(thread, generation, own=None)
                start = Start(thread, directory, ended.request, generation, thread.status)
                await self.launch(start, own=None)
            except ApiError as error:
                log.warning("the agent of thread %s could not be resumed: %s", thread_id, error_text(error))

    async def _gone(self, live: Live) -> None:
        """Return when nothing of an agent is left."""
        if live in self._pumps:
            await asyncio.wait({self._pumps[live][1]})

    def _allow_by_rule(self, live: Live, request: RequestOpened) -> bool:
        """Answer a request that a permission rule allows, unless a policy wants a person to be asked.

        What a person has answered already to an earlier server is answered so.
        """
        subject, promise = live.subject, live.promises.get(request.request_id)
        if promise is not None:
            self.tasks.spawn(self._allow(live, request.request_id, promise.answer), name="answer as promised")
            return True
        if request.kind != "permission" or request.tool_use_id in live.must_ask:
            return False
        if not self._rules.allows(subject.owner, subject.project_id, request.tool, request.input):
            return False
        allow = self._allow(live, request.request_id, Answer("allow"))
        self.tasks.spawn(allow, name=f"allow {request.tool} by rule")
        return True

    async def _allow(self, live: Live, request_id: str, answer: Answer) -> None:
        await live.session.answer(request_id, answer)

    # --- ending -----------------------------------------------------------------------------------

    async def end(self, live: Live) -> None:
        """End an agent and everything it started, without a word about it, and wait for that."""
        live.machine.stopping = True
        live.cancel_timers()
        await live.session.stop(self._settings.stop_grace)
        pump = self._pumps.get(live)
        if pump is not None:
            _, unfinished = await asyncio.wait({pump[1]}, timeout=PUMP_PATIENCE)
            for task in unfinished:
                log.error("the agent of thread %s has stopped but goes on reporting", live.subject.thread_id)
                task.cancel()
                await asyncio.wait({task})

    async def stop(self, thread: Thread) -> None:
        """End the thread's agent for a person; ``stopped`` if it was pending, running or waiting."""
        ending = self._cut.pop(thread.id, None) or self._ending(thread, "stopped")
        live = self.lives.get(thread.id)
        if live is not None:
            await self.end(live)
        await self.write_end(Subject.of(thread), [ending])

    async def cut(self, thread: Thread) -> None:
        """End the thread's agent although somebody holds `Threads.exclusive`, who may wait for just that agent.

        `stop` has to follow.
        """
        live = self.lives.get(thread.id)
        if live is not None:
            self._cut[thread.id] = self._ending(thread, "stopped")
            await self.end(live)

    def _ending(self, thread: Thread, status: Literal["stopped", "interrupted"]) -> RunEndedEarly:
        """Return how a run ends that is cut short now."""
        live = self.lives.get(thread.id)
        if live is None:
            return RunEndedEarly(0, status, in_run=thread.status == ThreadStatus.RUNNING)
        return RunEndedEarly(live.machine.generation, status, in_run=not live.machine.kept)

    def provider_removed(self, name: str) -> None:
        """A provider goes, with all its sessions: their end is no failure."""
        for live in [live for live in self.lives.values() if live.provider == name]:
            if self._may_leave(live):
                self.tasks.spawn(self.leave(live), name=f"leave thread {live.subject.thread_id}")
                continue
            live.machine.stopping = True
            self.tasks.spawn(self._interrupt(live), name=f"interrupt thread {live.subject.thread_id}")

    def _may_leave(self, live: Live) -> bool:
        return live.run.hold is not None and self.handing_over()

    async def leave(self, live: Live) -> None:
        """Let go of an agent; the server that comes next goes on with it. What is not written by now comes again."""
        live.left = True
        live.cancel_timers()
        self._left.add(live.subject.thread_id)
        pump = self._pumps.get(live)
        if pump is not None:
            pump[1].cancel()
            await asyncio.wait({pump[1]})
        if isinstance(live.session, SurvivingSession):
            await live.session.leave()

    async def _interrupt(self, live: Live) -> None:
        try:
            await self._mark_interrupted(live)
        finally:
            await self.end(live)

    async def _mark_interrupted(self, live: Live) -> None:
        """Tell that a run is interrupted before its agent is gone, with all of its text before it."""
        machine = live.machine
        text = machine.cut_short(asyncio.get_running_loop().time())
        ending = RunEndedEarly(machine.generation, "interrupted", in_run=not machine.kept)
        await self.write_end(live.subject, [*text, ending])

    async def shut_down(self) -> None:
        """Mark every run as interrupted and end all agents at once."""
        self._closed = True
        await self.tasks.end()
        await _all(self.leave(live) for live in list(self.lives.values()) if self._may_leave(live))
        lives = list(self.lives.values())
        await _all(self._mark_interrupted(live) for live in lives)
        await _all(self.end(live) for live in lives)
        queued = await self._db.run(waiting.ids)
        for thread in await self._threads.with_status(*UNFINISHED):
            if thread.id not in queued and thread.id not in self._left | self.awaited:
                await self.write(Subject.of(thread), [self._ending(thread, "interrupted")])


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do everything at once; what fails is logged and keeps nothing else from being done."""
    for error in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(error, Exception):
            log.error("an agent could not be ended in order", exc_info=error)
