"""Ends processes and what descends from them: a request first, force later, and no one else's process ever."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from signal import Signals

from a_parallel_plugins.hosts import processes
from a_parallel_plugins.hosts.processes import Entry, Snapshot

FORCE_LIMIT = 4.0
"""Seconds that processes get to disappear after SIGKILL; one that hangs in the kernel does not."""

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1

Selector = Callable[[Snapshot], Iterable[Entry]]
"""Chooses processes; asked anew with each snapshot, since they go on forking."""


class Census:
    """Takes snapshots off the event loop; whoever asks while one is being taken shares the next.

    Parameters:
        executor: whose threads look.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._current: asyncio.Task[Snapshot] | None = None
        self._next: asyncio.Task[Snapshot] | None = None

    async def take(self) -> Snapshot:
        """Return a snapshot that was begun after this call."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._current), name="process table")
        return await asyncio.shield(self._next)

    async def _after(self, previous: "asyncio.Task[Snapshot] | None") -> Snapshot:
        if previous is not None:
            await asyncio.wait({previous})
        self._current, self._next = self._next, None
        return await asyncio.get_running_loop().run_in_executor(self._executor, processes.take)


class Family:
    """Selects a child of ours, its process group and session, and all descendants.

    Whoever was seen once stays in the family, since one whose parent has died can no longer be traced.

    Parameters:
        pid, started: of the child.
        launch: its marker's; None to leave alone those that moved to another session or group.
        foreground: a further process group of its session.
    """

    def __init__(self, pid: int, started: str, launch: str | None, *, foreground: int | None = None) -> None:
        self._pid = pid
        self._started = started
        self._launch = launch
        self._foreground = foreground
        self._known: set[tuple[int, str]] = set()

    def __call__(self, snapshot: Snapshot) -> Iterable[Entry]:
        """Return the members that are alive."""
        own = snapshot.entries.get(self._pid)
        recycled = own is not None and own.started != self._started
        found = {entry.pid: entry for entry in snapshot if self._has(entry, recycled)}
        if self._launch is not None:
            found = snapshot.with_descendants(found.values())
        self._known.update(entry.identity for entry in found.values())
        return found.values()

    def _has(self, entry: Entry, recycled: bool) -> bool:
        if entry.identity in self._known:
            return True
        if self._launch is None:
            return not recycled and self._grouped(entry)
        if any(mark.launch == self._launch for mark in entry.markers):
            return True
        return not recycled and self._pid in (entry.group, entry.session)

    def _grouped(self, entry: Entry) -> bool:
        if entry.group == self._pid:
            return True
        return entry.session == self._pid and entry.group == self._foreground


async def end(census: Census, select: Selector, *, first: Signals = signal.SIGTERM, until: Callable[[], float]) -> int:
    """End the processes that `select` chooses, and return how many survive even SIGKILL.

    Parameters:
        census: shows the processes.
        select: must not choose anybody else's.
        first: signal that each gets once.
        until: tells the event loop's time at which SIGKILL follows; may move closer meanwhile.
    """
    loop = asyncio.get_running_loop()
    asked: set[tuple[int, str]] = set()
    pause = FIRST_PAUSE
    # Twice: the table of processes is read one by one, so that one that has just forked can be missed.
    while members := await _living(census, select) or (await _living(census, select) if asked else []):
        if loop.time() > until() + FORCE_LIMIT:
            return len(members)
        forced = loop.time() >= until()
        for entry in members:
            if forced:
                signal_exactly(entry, signal.SIGKILL)
            elif entry.identity not in asked:
                asked.add(entry.identity)
                signal_exactly(entry, first)
        await asyncio.sleep(pause if forced else min(pause, max(0.0, until() - loop.time())))
        pause = min(pause * 2, LONGEST_PAUSE)
    return 0


async def _living(census: Census, select: Selector) -> list[Entry]:
    """Return the members, parents before children: a shell should end of the signal, not of its child's end."""
    snapshot = await census.take()
    spared = snapshot.ancestors(os.getpid())
    members = [entry for entry in select(snapshot) if entry.pid not in spared]
    return sorted(members, key=lambda entry: len(snapshot.ancestors(entry.pid)))


def signal_exactly(entry: Entry, number: Signals) -> None:
    """Send a signal to that very process; nothing happens if it is gone, also when its pid is used again.

    A stopped process is continued after SIGHUP and SIGTERM, since it could not act on them otherwise.
    """
    numbers: list[Signals] = [number] if number == signal.SIGKILL else [number, signal.SIGCONT]
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "linux":
            _through_descriptor(entry, numbers)
        elif processes.started(entry.pid) == entry.started:
            for each in numbers:
                os.kill(entry.pid, each)


def _through_descriptor(entry: Entry, numbers: list[Signals]) -> None:
    """Signal through a descriptor, which stays with the process it was opened for (pidfd_open(2))."""
    descriptor = os.pidfd_open(entry.pid)
    try:
        if processes.started(entry.pid) == entry.started:
            for number in numbers:
                signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)
