"""The queue before the agents: who waits, why, and what happens when the turn has come (`ADMISSION`)."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from msgspec import Struct

from a_parallel_contracts import ApiError, Database, Event, InsufficientStorage, ServiceUnavailable, Topic, now
from a_parallel_contracts.admission import AgentQueued, QueuePlace
from a_parallel_contracts.threads import Thread, Threads
from a_parallel_plugins.agents import waiting
from a_parallel_plugins.agents.book import Subject
from a_parallel_plugins.agents.door import Door, Entry, Limits, Party
from a_parallel_plugins.agents.failures import error_text
from a_parallel_plugins.agents.launch import Start
from a_parallel_plugins.agents.outcomes import RunBegun
from a_parallel_plugins.agents.providers import Providers
from a_parallel_plugins.agents.runs import Runs
from a_parallel_plugins.agents.settings import AgentsSettings

TELL_EVERY = 1.0
"""Seconds between two rounds in which changed places are told."""
RETRY = 1.0
"""Seconds after which the beginning of a run is written again that could not be written."""
MEBIBYTE = 1024 * 1024
QUEUED = Topic("agents:queued", AgentQueued, subject="thread_id", owner="owner", logged=False)

log = logging.getLogger(__name__)


class Member(Struct):
    """A thread in line, and which place of it was told last."""

    subject: Subject
    since: str
    told: QueuePlace | None = None


def limits_of(settings: AgentsSettings) -> Limits:
    """Return the bounds that the settings mean."""
    return Limits(
        runs=settings.max_runs,
        per_user=settings.max_runs_per_user,
        per_project=settings.max_runs_per_project,
        memory=settings.min_free_memory * MEBIBYTE if settings.min_free_memory else None,
        run_memory=settings.run_memory * MEBIBYTE,
    )


class Line:
    """Fulfils the contract `Admission`, and starts the runs that wait when their turn has come.

    Parameters:
        db: holds the rows of those that wait.
        threads: the thread store.
        runs: the agents that are alive.
        providers: a run that waited for a restart waits for its provider as well.
        settings: bounds.
        memory: tells the free bytes.
        clock: seconds that never go back.
        publish: publishes events.

    Attributes:
        max_runs: agents at work at the same time.
        door: decides who is next.
    """

    def __init__(
        self,
        db: Database,
        threads: Threads,
        runs: Runs,
        providers: Providers,
        settings: AgentsSettings,
        *,
        memory: Callable[[], int | None],
        clock: Callable[[], float],
        publish: Callable[[Event], None],
    ) -> None:
        self._db = db
        self._threads = threads
        self._runs = runs
        self._providers = providers
        self._publish = publish
        self._members: dict[str, Member] = {}
        self._entered: set[str] = set()
        self._slots = itertools.count(1)
        self._closed = False
        self._telling: asyncio.TimerHandle | None = None
        self.max_runs = settings.max_runs
        self.door = Door(limits_of(settings), busy=runs.parties, memory=memory, clock=clock)
        runs.changed = self.poke

    # --- the contract -----------------------------------------------------------------------------

    @asynccontextmanager
    async def slot(self, owner: str, project_id: str) -> AsyncIterator[None]:
        """Wait for the turn of an agent that belongs to no run of a thread, and count it while inside."""
        key, granted = f"slot {next(self._slots)}", asyncio.Event()
        self.door.join(Entry(key, Party(owner, project_id), granted.set))
        try:
            await granted.wait()
            yield
        finally:
            self.door.leave(key)
            self.door.settled(key)
            self._tell_soon()

    def place(self, thread_id: str) -> QueuePlace | None:
        """Return where the start of a thread's agent stands in the queue, None if it does not wait."""
        return self.places().get(thread_id) if thread_id in self._members else None

    def places(self) -> dict[str, QueuePlace]:
        """Return the place of each thread in line."""
        found = {
            key: QueuePlace(place=number, reason=reason, since=self._members[key].since)
            for number, (key, reason) in enumerate(self.door.places(), 1)
            if key in self._members
        }
        behind = self.door.waiting
        for thread_id, member in self._members.items():
            if thread_id not in found:
                behind += 1
                found[thread_id] = QueuePlace(place=behind, reason="provider", since=member.since)
        return found

    def members(self) -> dict[str, tuple[Subject, QueuePlace]]:
        """Return the threads in line, next first."""
        return {id: (self._members[id].subject, place) for id, place in self.places().items()}

    # --- getting in line --------------------------------------------------------------------------

    def __contains__(self, thread_id: str) -> bool:
        return thread_id in self._members or thread_id in self._entered

    def enter(self, thread: Thread) -> bool:
        """Ask for a start that somebody waits for: True if it may begin at once, and `begun` has to follow.

        Otherwise `stay` or `leave` has to follow.
        """
        party, granted = _party(thread), False

        def grant() -> None:
            nonlocal granted
            granted = True
            if thread.id in self._members:
                self._grant(thread.id)

        self.door.join(Entry(thread.id, party, grant))
        if not granted:
            self._members[thread.id] = Member(Subject.of(thread), now())
        return granted

    def begun(self, thread_id: str) -> None:
        """The start that was granted is over, one way or the other."""
        self.door.settled(thread_id)

    def stay(self) -> None:
        """The rows of a run that waits are written: tell its place."""
        self._tell()

    def leave(self, thread_id: str) -> None:
        """Give up a thread's place; its row goes with the end of its run."""
        self._members.pop(thread_id, None)
        self._entered.discard(thread_id)
        self.door.leave(thread_id)
        self._tell_soon()

    def poke(self) -> None:
        """Something may have become free."""
        if self.door.waiting and not self._closed:
            self.door.admit()

    async def check(self) -> None:
        """Look again whether there is memory by now."""
        self.poke()

    # --- over a restart ---------------------------------------------------------------------------

    async def remember(self) -> None:
        """Know those that waited when the server went down."""
        for run in await self._db.run(waiting.all_of):
            thread = await self._threads.get(run.thread_id)
            if thread is not None:
                self._members[thread.id] = Member(Subject.of(thread), run.since)

    async def go_on(self) -> None:
        """Let them get in line again, in their old order, once the default provider is there."""
        remembered = list(self._members)
        await self._providers.default_arrived.wait()
        for thread_id in remembered:
            member = self._members.get(thread_id)
            if member is not None:
                party = Party(member.subject.owner, member.subject.project_id)
                self.door.join(Entry(thread_id, party, partial(self._grant, thread_id)))
        self._tell()

    # --- the turn has come ------------------------------------------------------------------------

    def _grant(self, thread_id: str) -> None:
        member = self._members.pop(thread_id)
        self._entered.add(thread_id)
        self._runs.tasks.spawn(self._begin(thread_id, member), name=f"start thread {thread_id} from the queue")
        self._tell_soon()

    def _again(self, thread_id: str, member: Member) -> None:
        """Get back in line: the beginning of a run could not be written."""
        if thread_id in self._members and not self._closed:
            party = Party(member.subject.owner, member.subject.project_id)
            self.door.join(Entry(thread_id, party, partial(self._grant, thread_id)))

    async def _begin(self, thread_id: str, member: Member) -> None:
        try:
            async with self._threads.exclusive(thread_id):
                run = await self._db.run(lambda reader: waiting.find(reader, thread_id))
                thread = await self._threads.get(thread_id)
                if run is not None and thread is not None and thread_id in self._entered:
                    await self._start(thread, run)
        except (InsufficientStorage, ServiceUnavailable) as error:
            log.warning("thread %s waits on, since its run cannot be stored: %s", thread_id, error.message)
            self._members[thread_id] = member
            asyncio.get_running_loop().call_later(RETRY, self._again, thread_id, member)
        finally:
            self._entered.discard(thread_id)
            self.door.settled(thread_id)

    async def _start(self, thread: Thread, run: waiting.WaitingRun) -> None:
        """Begin a run that has waited; nobody else is told when it fails, so its messages are kept for the next."""
        generation = self._runs.next_generation()
        try:
            thread, directory = await self._runs.directory(thread, generation, own=None)
        except ApiError as error:
            log.warning("thread %s has no place to work in: %s", thread.id, error_text(error))
            return
        await self._runs.write(Subject.of(thread), [RunBegun(generation)])
        thread = await self._threads.get(thread.id) or thread
        try:
            await self._runs.launch(Start(thread, directory, run.request, generation, run.status_before), own=None)
        except ApiError as error:
            log.warning("the agent of thread %s could not be started: %s", thread.id, error_text(error))

    # --- telling ----------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self._telling is None and self._members:
            self._telling = asyncio.get_running_loop().call_later(TELL_EVERY, self._tell)

    def _tell(self) -> None:
        """Tell the places that have changed."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        for thread_id, place in self.places().items():
            member = self._members[thread_id]
            if place != member.told:
                member.told = place
                event = AgentQueued(thread_id=thread_id, owner=member.subject.owner, **place.model_dump())
                self._publish(event)

    def close(self) -> None:
        """Begin and tell nothing any more; those that wait go on after the next start."""
        self._closed = True
        if self._telling is not None:
            self._telling.cancel()


def _party(thread: Thread) -> Party:
    return Party(thread.user_id, thread.project_id)
