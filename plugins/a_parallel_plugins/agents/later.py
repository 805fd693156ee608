"""Ends of runs that cannot be written at once, since the disk is full or the database locked."""

import logging
from asyncio import sleep
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from a_parallel_contracts.threads import Threads
from a_parallel_plugins.agents.book import Change, Subject

PAUSE = 1.0
"""Seconds between two tries."""

log = logging.getLogger(__name__)


class Later:
    """Writes how a run has ended as soon as that can be done; until then its thread would be running for nobody.

    Parameters:
        threads: the thread store.
        write: writes changes and returns after the commit.
    """

    def __init__(self, threads: Threads, write: Callable[[Subject, Sequence[Change]], Awaitable[None]]) -> None:
        self._threads = threads
        self._write = write
        self._due: dict[str, Sequence[Change]] = {}

    def overtaken(self, thread_id: str) -> None:
        """Something newer was written about the thread: what is due is true no longer."""
        self._due.pop(thread_id, None)

    def waits(self, thread_id: str) -> bool:
        """Tell whether an end of the thread's run is due."""
        return thread_id in self._due

    def write(self, subject: Subject, changes: Sequence[Change]) -> Coroutine[Any, Any, None]:
        """Take an end, in place of one that is due; what is returned tries until it is written or overtaken."""
        log.warning("how the run of thread %s has ended cannot be stored yet", subject.thread_id)
        self._due[subject.thread_id] = changes
        return self._until_written(subject, changes)

    async def _until_written(self, subject: Subject, changes: Sequence[Change]) -> None:
        thread_id = subject.thread_id
        while self._due.get(thread_id) is changes:
            await sleep(PAUSE)
            try:
                await self._try(subject, changes)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would write it
                log.debug("the end of the run of thread %s cannot be stored: %s", thread_id, error)

    async def _try(self, subject: Subject, changes: Sequence[Change]) -> None:
        async with self._threads.exclusive(subject.thread_id):
            if self._due.get(subject.thread_id) is changes:
                await self._write(subject, changes)
                self.overtaken(subject.thread_id)
