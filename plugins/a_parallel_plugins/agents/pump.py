"""Brings what an agent reports into the database: whatever has come meanwhile is one unit of work."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from a_parallel_contracts import ApiError, InsufficientStorage, ServiceUnavailable
from a_parallel_contracts.agents import AgentEvent, Checkpoint, Exited, RequestOpened, TextProduced, ToolFinished
from a_parallel_plugins.agents.book import Change
from a_parallel_plugins.agents.changes import OutputSet, TextAdded, TextChanged, ThinkingAdded, ToolCallAdded
from a_parallel_plugins.agents.live import Live
from a_parallel_plugins.agents.outcomes import RunFailed
from a_parallel_plugins.agents.phases import Effect, Phase

QUEUE_EVENTS = 512
QUEUE_CHARACTERS = 4 * 1024 * 1024
"""Events and text that may wait; a provider that is faster has to wait too."""
STORAGE_PAUSE = 1.0
STORAGE_TRIES = 60
"""How often, and after how many seconds, a full disk is tried again before the run fails."""

KEEP_INTERVAL = 1.0
"""Seconds after which the state of an agent in a holder is written even if no row changes."""

CONTENT = (TextAdded, TextChanged, ThinkingAdded, ToolCallAdded, OutputSet)
"""What may be lost alone, because nothing else depends on it."""

log = logging.getLogger(__name__)


class Pump:
    """Reads one session to its end.

    Parameters:
        live: whose events are read.
        write: writes changes and returns after the commit.
        perform: does what follows; must not block.
        intercept: takes a request that needs no person; returns whether it did.
    """

    def __init__(
        self,
        live: Live,
        *,
        write: Callable[[Live, Sequence[Change]], Awaitable[None]],
        perform: Callable[[Live, Effect], Awaitable[None]],
        intercept: Callable[[Live, RequestOpened], bool],
    ) -> None:
        self._live = live
        self._machine = live.machine
        self._write = write
        self._perform = perform
        self._intercept = intercept
        self._loop = asyncio.get_running_loop()
        self._queue: deque[AgentEvent] = deque()
        self._characters = 0
        self._held = live.run.hold is not None
        self._kept_at = 0.0
        self._marks = 0
        self._over = live.machine.kept
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def run(self) -> None:
        """Read until the agent is gone and everything it said is written."""
        reader = self._loop.create_task(self._read(), name=f"agent events of {self._live.subject.thread_id}")
        try:
            while self._machine.phase is not Phase.GONE:
                await self._something()
                await self._commit(self._next_batch())
        except Exception as error:
            log.exception("the run of thread %s is given up", self._live.subject.thread_id)
            await self._give_up(error)
        finally:
            reader.cancel()
            await asyncio.wait({reader})

    def poke(self) -> None:
        """Look again when something is due; a person's message may have changed it."""
        self._wake.set()

    async def _read(self) -> None:
        """Queue the session's events; `Exited` is the last one in any case."""
        last: AgentEvent | None = None
        detail = "its session ended without saying so"
        try:
            async for event in self._live.session.events():
                last = event
                self._put(event)
                if self._ready and (len(self._queue) >= QUEUE_EVENTS or self._characters >= QUEUE_CHARACTERS):
                    self._room.clear()
                    await self._room.wait()
        except Exception as error:
            log.exception("reading the agent of thread %s failed", self._live.subject.thread_id)
            detail = f"reading it failed: {error!r}"
        if not isinstance(last, Exited):
            self._put(Exited(None, detail))

    def _put(self, event: AgentEvent) -> None:
        self._queue.append(event)
        self._marks += isinstance(event, Checkpoint | Exited)
        self._characters += _characters(event)
        self._wake.set()

    @property
    def _ready(self) -> bool:
        """Whether there are events to be written; of an agent in a holder only together with a checkpoint."""
        return bool(self._marks if self._held else self._queue)

    async def _something(self) -> None:
        """Return when there are events or something is due."""
        if self._ready:
            return
        self._wake.clear()
        due = self._machine.due
        timer = self._loop.call_at(due, self._wake.set) if due is not None else None
        await self._wake.wait()
        if timer is not None:
            timer.cancel()

    def _next_batch(self) -> list[AgentEvent]:
        batch: list[AgentEvent] = []
        while self._ready:
            event = self._queue.popleft()
            self._marks -= isinstance(event, Checkpoint | Exited)
            self._characters -= _characters(event)
            batch.append(event)
        self._room.set()
        return batch

    async def _commit(self, batch: Sequence[AgentEvent]) -> None:
        at = self._loop.time()
        for event in batch:
            if isinstance(event, Checkpoint):
                self._live.checkpoint = event
            elif not (isinstance(event, RequestOpened) and self._intercept(self._live, event)):
                self._feed(event, at)
        self._machine.tick(at)
        changes, effects = self._machine.take()
        if changes or self._is_stale(at):
            self._kept_at = at
            over = self._machine.phase is not Phase.RUNNING
            await self._write_patiently(changes)
            self._over = over
        self._live.progressed()
        for effect in effects:
            await self._perform(self._live, effect)

    def _is_stale(self, at: float) -> bool:
        """Whether the state is to be kept although nothing has changed for people."""
        gone = self._machine.phase is Phase.GONE
        return self._held and (gone or at >= self._kept_at + KEEP_INTERVAL)

    def _feed(self, event: AgentEvent, at: float) -> None:
        """One event that cannot be handled must not cost those that follow (``agent-lifecycle.md`` §13)."""
        try:
            self._machine.feed(event, at)
        except Exception:
            log.exception("an event of kind %s was lost", type(event).__name__)
            if isinstance(event, Exited):
                raise

    async def _write_patiently(self, changes: Sequence[Change]) -> None:
        """Write; while the disk is full or locked the agent waits, since its queue fills and nothing is lost."""
        for left in reversed(range(STORAGE_TRIES)):
            try:
                await self._write(self._live, changes)
                return
            except (InsufficientStorage, ServiceUnavailable):
                if not left or self._machine.stopping:
                    raise
                await asyncio.sleep(STORAGE_PAUSE)
            except ApiError:
                raise
            except Exception:  # noqa: BLE001 - logged change by change
                await self._write_one_by_one(changes)
                return

    async def _write_one_by_one(self, changes: Sequence[Change]) -> None:
        """Write what can be written: one block that nothing can hold must not cost the others."""
        for change in changes:
            try:
                await self._write(self._live, [change])
            except Exception:
                if not isinstance(change, CONTENT):
                    raise
                log.exception("a %s of thread %s was lost", type(change).__name__, self._live.subject.thread_id)

    async def _give_up(self, error: Exception) -> None:
        """Nothing can be stored any more, so the agent must not go on unseen."""
        machine = self._machine
        stopping = machine.stopping
        machine.phase = Phase.GONE
        await self._live.session.stop()
        if not stopping:
            await self._write_patiently([self.failure(error)])

    def failure(self, error: Exception) -> RunFailed:
        """Return how a run ends of which nothing more can be written.

        Its end itself may be what could not be written; one that was written stands. Who stops the agent may write
        another.
        """
        words = f"What the agent did cannot be stored: {error}"
        return RunFailed(self._machine.generation, words, unless_over=self._over or self._machine.stopping)


def _characters(event: AgentEvent) -> int:
    if isinstance(event, TextProduced):
        return len(event.text)
    return len(event.output) if isinstance(event, ToolFinished) else 0
