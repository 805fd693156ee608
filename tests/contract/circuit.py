"""The client's "server unavailable" overlay (``http-core.md`` §2.8)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

FAILURES = 3
COVERED_SECONDS = 15.0


@dataclass(slots=True)
class Circuit:
    """Counts failed calls: three without a success in between cover the whole UI for 15 s.

    Attributes:
        now: clock in seconds.
        failures: since the last success.
        covered_since: when the overlay appeared; None while there is none.
        opened: how often it appeared.
        faults: what failed, for people to read.
    """

    now: Callable[[], float] = monotonic
    failures: int = 0
    covered_since: float | None = None
    opened: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def overlay(self) -> bool:
        """Whether the UI is covered."""
        return self.covered_since is not None

    @property
    def probe_due(self) -> bool:
        """Whether ``GET /api/health`` has to decide now."""
        return self.covered_since is not None and self.now() - self.covered_since >= COVERED_SECONDS

    def note(self, status: int | None, what: str = "") -> None:
        """Count the answer to a call; None is a network failure. Anything below 500 is a success."""
        if status is not None and status < 500:
            self.failures = 0
            return
        self.faults.append(f"{what}: {status}")
        self.failures += 1
        if self.failures >= FAILURES and not self.overlay:
            self._cover()

    def probed(self, healthy: bool) -> None:
        """Take the result of the health probe: uncover, or wait another 15 s."""
        if healthy:
            self.covered_since, self.failures = None, 0
        else:
            self._cover()

    def _cover(self) -> None:
        self.covered_since = self.now()
        self.opened += 1
