"""Which requests are in flight, and how each plugin's have gone so far."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class RequestFigures:
    """Figures of one plugin's requests since the server started.

    Attributes:
        in_flight: requests whose answer is not complete.
        requests: finished ones.
        failures: those that were the plugin's own fault.
        seconds, slowest: time in handlers, in total and at most.
    """

    in_flight: int = 0
    requests: int = 0
    failures: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    def count(self, seconds: float, *, failed: bool) -> None:
        """Add one finished request."""
        self.requests += 1
        self.failures += failed
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)


class Flights:
    """Counts requests by plugin, and tells when a plugin has none left."""

    def __init__(self) -> None:
        self.figures: dict[str, RequestFigures] = {}
        self._landed: dict[str, asyncio.Event] = {}

    @contextlib.contextmanager
    def flight(self, plugin: str) -> Iterator[RequestFigures]:
        """Count a request of the plugin's while the block runs."""
        figures = self.figures.setdefault(plugin, RequestFigures())
        figures.in_flight += 1
        try:
            yield figures
        finally:
            figures.in_flight -= 1
            if figures.in_flight == 0 and plugin in self._landed:
                self._landed.pop(plugin).set()

    async def drain(self, plugin: str, deadline: float) -> bool:
        """Wait at most `deadline` seconds until no request of the plugin's is in flight; tell whether none is."""
        end = time.monotonic() + deadline
        figures = self.figures.get(plugin)
        while figures and figures.in_flight:
            landed = self._landed.setdefault(plugin, asyncio.Event())
            try:
                async with asyncio.timeout(end - time.monotonic()):
                    await landed.wait()
            except TimeoutError:
                return False
        return True
