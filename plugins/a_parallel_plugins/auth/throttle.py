"""Slows down whoever guesses passwords (``http-features.md`` §9.7)."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from a_parallel_contracts import TooManyRequests
from a_parallel_plugins.auth.failures import failure

WINDOW = 60.0
"""Seconds."""

FOR_ACCOUNT = 8
"""Failures of one account from one peer."""

FOR_PEER = 60
"""Failures of one peer with whatever accounts."""

_KEYS = 4096


class Throttle:
    """Counts attempts that failed in the last minute.

    An attempt counts from its beginning, so that many at once are not let through before the first has failed; one
    that succeeds is taken back.

    Parameters:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def attempt(self, account: str, peer: str | None) -> None:
        """Count an attempt.

        Raises:
            TooManyRequests: there were too many; says when to try again.
        """
        now = self._clock()
        keys = {(account.lower(), peer or ""): FOR_ACCOUNT, (peer or "",): FOR_PEER}
        wait = max(self._wait(key, limit, now) for key, limit in keys.items())
        if wait > 0:
            raise failure(
                TooManyRequests,
                "TOO_MANY_REQUESTS",
                f"Too many attempts. Try again in {math.ceil(wait)} seconds.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        for key in keys:
            self._attempts.setdefault(key, deque()).append(now)
            self._attempts.move_to_end(key)
        while len(self._attempts) > _KEYS:
            self._attempts.popitem(last=False)

    def succeeded(self, account: str, peer: str | None) -> None:
        """Forget the failures of an account at a peer, and this attempt of the peer's."""
        self._attempts.pop((account.lower(), peer or ""), None)
        if attempts := self._attempts.get((peer or "",)):
            attempts.pop()

    def _wait(self, key: tuple[str, ...], limit: int, now: float) -> float:
        attempts = self._attempts.get(key, deque())
        while attempts and attempts[0] <= now - WINDOW:
            attempts.popleft()
        return attempts[0] + WINDOW - now if len(attempts) >= limit else 0.0
