"""The rate limit: a sliding window of accepted requests for each key (``http-core.md`` §2.4)."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable


class RateLimiter:
    """Admits at most `limit` requests in any `window` for each key.

    Parameters:
        limit: accepted requests; 0 admits everything.
        window: in seconds.
        keys: most keys that are remembered; beyond that the one that has been quiet longest is forgotten.
        clock: seconds that never go back.
    """

    def __init__(
        self, limit: int, window: float = 60.0, keys: int = 1024, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window = window
        self._keys = keys
        self._clock = clock
        self._accepted: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accepted)

    def admit(self, key: str) -> int:
        """Count a request and return 0, or return the whole seconds to wait; a rejected one is not counted."""
        if not self._limit:
            return 0
        now = self._clock()
        accepted = self._touch(key)
        while accepted and accepted[0] <= now - self._window:
            accepted.popleft()
        if len(accepted) >= self._limit:
            return max(1, math.ceil(accepted[0] + self._window - now))
        accepted.append(now)
        self._forget(now)
        return 0

    def _touch(self, key: str) -> deque[float]:
        accepted = self._accepted.setdefault(key, deque())
        self._accepted.move_to_end(key)
        return accepted

    def _forget(self, now: float) -> None:
        """Drop keys from the quiet end: those whose window has passed, and those that are too many."""
        while self._accepted:
            key, accepted = next(iter(self._accepted.items()))
            idle = not accepted or accepted[-1] <= now - self._window
            if not idle and len(self._accepted) <= self._keys:
                return
            del self._accepted[key]
