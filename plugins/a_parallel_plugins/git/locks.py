"""One lock for each repository, shared by everything that writes refs or working trees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from a_parallel_contracts import Conflict


class RepositoryLocks:
    """Locks by the real path of the git directory that all working trees of a repository share."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, repository: Path, wait: float | None) -> AsyncIterator[None]:
        """Hold the lock of `repository`.

        Raises:
            Conflict: somebody else held it for `wait` seconds.
        """
        lock = self._locks.setdefault(repository, asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), wait)
        except TimeoutError:
            raise Conflict("Another operation is at work in this repository. Try again when it is done.") from None
        try:
            yield
        finally:
            lock.release()
