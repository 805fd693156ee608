"""The access log: written in batches behind the answers, sampled under load, without secrets."""

import asyncio
import logging
import re

log = logging.getLogger("a_parallel.access")

INTERVAL = 0.25
"""Seconds between two batches."""

BURST = 50
"""Ordinary requests of a batch that get a line of their own; the others are only counted."""

LIMIT = 1000
"""Lines of a batch at most."""

SLOW = 1.0
"""Seconds from which a request always gets its line; so do failures of the server."""

_SECRET = re.compile(r"(?i)([?&](?:token|access_token|refresh_token|code|state|key|secret|password)=)[^&]*")


def redacted(target: str) -> str:
    """Return a request's target without the values of secrets, in printable ASCII."""
    return _SECRET.sub(r"\1[redacted]", target).encode("unicode_escape").decode()


class AccessLog:
    """Collects what was answered and writes it a little later.

    Formatting a line for each request at once costs as much as answering it.
    """

    def __init__(self) -> None:
        self._lines: list[tuple[str, str, int, float]] = []
        self._skipped = 0
        self._ordinary = 0
        self._timer: asyncio.TimerHandle | None = None

    def note(self, method: str, target: str, status: int, seconds: float) -> None:
        """Remember one answer.

        Parameters:
            method, target: of the request, as it came.
            status: of the answer.
            seconds: that it took.
        """
        if not log.isEnabledFor(logging.INFO):
            return
        ordinary = status < 500 and seconds < SLOW
        self._ordinary += ordinary
        if (ordinary and self._ordinary > BURST) or len(self._lines) >= LIMIT:
            self._skipped += 1
            return
        self._lines.append((method, target, status, seconds))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        for method, target, status, seconds in lines:
            log.info("%s %s %d %.1f ms", redacted(method), redacted(target), status, seconds * 1000)
        if self._skipped:
            log.info("and %d more requests", self._skipped)
        self._skipped = self._ordinary = 0
