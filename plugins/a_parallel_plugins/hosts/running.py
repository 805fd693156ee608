"""Keeps track of what was started, through cancellations and up to the end of the server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from a_parallel_contracts import FailedDependency, ServiceUnavailable

T = TypeVar("T")

START_LIMIT = 15.0
"""Seconds that a program gets to be started; it takes milliseconds unless the disk hangs."""

log = logging.getLogger("a_parallel.hosts")


class Running:
    """Everything that was started and has not ended."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Future[int], Callable[[float], Awaitable[object]]] = {}
        self._starts: set[asyncio.Task[Any]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._closing = False

    def __len__(self) -> int:
        return len(self._ends)

    async def start(
        self, program: str, starting: Callable[[], Coroutine[Any, Any, T]], abandon: Callable[[T], Awaitable[object]]
    ) -> T:
        """Return what `starting` starts. If the caller is cancelled or tired of waiting, it is abandoned when it comes.

        Parameters:
            program: its name in messages.
            starting: starts it.
            abandon: ends it.

        Raises:
            ServiceUnavailable: the server is stopping.
            FailedDependency: it takes too long.
        """
        if self._closing:
            raise ServiceUnavailable(f"The server is stopping; {program} was not started")
        task = asyncio.create_task(starting(), name=f"start {program}")
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
        done = False
        try:
            await asyncio.wait({task}, timeout=START_LIMIT)
            done = task.done()
        finally:
            if not done:
                task.add_done_callback(partial(self._abandon, abandon))
        if not done:
            raise FailedDependency(f"{program} could not be started within {START_LIMIT:g} s")
        return task.result()

    def keep(self, ended: "asyncio.Future[int]", end: Callable[[float], Awaitable[object]]) -> None:
        """Remember something until `ended` is done.

        Parameters:
            ended: done when it has ended.
            end: ends it, politely for the given number of seconds.
        """
        self._ends[ended] = end
        ended.add_done_callback(lambda _: self._ends.pop(ended, None))

    def background(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run something that nobody waits for; a failure is logged."""
        task = asyncio.create_task(_logged(coroutine))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def end_all(self, grace: float) -> None:
        """Start nothing more, end everything at the same time, and wait for it."""
        self._closing = True
        if self._starts:
            await asyncio.wait(self._starts, timeout=grace)
        ends = [end(grace) for end in self._ends.values()]
        for outcome in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(outcome, BaseException):
                log.error("%s", outcome)

    async def settle(self) -> None:
        """Wait for what runs in the background."""
        while self._background:
            await asyncio.wait(self._background)

    def _abandon(self, end: Callable[[T], Awaitable[object]], started: "asyncio.Task[T]") -> None:
        if not started.cancelled() and started.exception() is None:
            self.background(_await(end(started.result())))


async def _await(awaitable: Awaitable[object]) -> object:
    return await awaitable


async def _logged(coroutine: Coroutine[Any, Any, object]) -> None:
    try:
        await coroutine
    except Exception:
        log.exception("clearing up after a process failed")
