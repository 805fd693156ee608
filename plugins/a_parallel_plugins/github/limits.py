"""GitHub's rate limits: no call is sent before GitHub takes it again (REST API documentation, Rate limits)."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from a_parallel_contracts import TooManyRequests
from a_parallel_plugins.github.connection import Reply

_SECONDARY = 60.0
"""Seconds to wait where GitHub names no time."""

_LONGEST = 3600.0
"""Seconds; the window of the primary limit. Guards against clocks that are wrong."""


class RateLimits:
    """When which token may be used again for which kind of call.

    Parameters:
        clock: seconds that never jump.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def check(self, who: str, resource: str) -> None:
        """Make sure that a call may be sent.

        Parameters:
            who: identifies the token.
            resource: ``core`` or ``search``, which GitHub counts apart.

        Raises:
            TooManyRequests: not yet; tells how long to wait.
        """
        left = self._until.get((who, resource), 0.0) - self._clock()
        if left <= 0:
            self._until.pop((who, resource), None)
            return
        seconds = max(1, round(left))
        raise TooManyRequests(
            f"GitHub's rate limit is used up. Try again in {seconds} s.", headers={"Retry-After": str(seconds)}
        )

    def note(self, who: str, resource: str, reply: Reply) -> bool:
        """Remember what an answer says about the limits; tell whether it was refused for them."""
        refused = reply.status in (403, 429) and _is_limit(reply)
        wait = _wait(reply, refused=refused)
        if wait > 0:
            self._until[(who, resource)] = self._clock() + min(wait, _LONGEST)
        return refused


def _is_limit(reply: Reply) -> bool:
    return (
        reply.status == 429
        or "retry-after" in reply.headers
        or reply.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in str(reply.fields.get("message", "")).lower()
    )


def _wait(reply: Reply, *, refused: bool) -> float:
    """Return for how many seconds no call may be sent."""
    after = reply.headers.get("retry-after", "")
    if refused and after.isdecimal():
        return float(after)
    reset = reply.headers.get("x-ratelimit-reset", "")
    if reply.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, int(reset) - _now(reply)) + 1.0
    return _SECONDARY if refused else 0.0


def _now(reply: Reply) -> float:
    """Return GitHub's own time, since the reset is told in it."""
    try:
        return parsedate_to_datetime(reply.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()
