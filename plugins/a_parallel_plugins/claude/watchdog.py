"""Ends a CLI that has fallen silent in the middle of a turn (``agent-lifecycle.md`` §11, §13)."""

import asyncio
import time
from collections.abc import Callable


class Watchdog:
    """Measures silence.

    Parameters:
        limit: returns how many seconds of silence are too many now; None while silence is fine.
        rest: seconds after which to look again at the latest, since the limit may change.
    """

    def __init__(self, limit: Callable[[], float | None], rest: float) -> None:
        self._limit = limit
        self._rest = rest
        self._heard = 0.0
        self.touch()

    def touch(self) -> None:
        """Something was heard, or the silence begins anew."""
        self._heard = time.monotonic()

    async def silence(self) -> float:
        """Return when the silence has lasted too long, and how many seconds that was."""
        while True:
            limit = self._limit()
            if limit is None:
                self.touch()
                await asyncio.sleep(self._rest)
                continue
            left = self._heard + limit - time.monotonic()
            if left <= 0:
                return limit
            await asyncio.sleep(min(left, self._rest))
