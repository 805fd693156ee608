"""Which requests are in flight, so that a plugin's can end before the plugin does."""

import asyncio
import time
from collections import Counter


class Flights:
    """Counts requests by plugin, and tells when a plugin has none left."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self._landed: dict[str, asyncio.Event] = {}

    def depart(self, plugin: str) -> None:
        """Count a request of the plugin's; whoever calls this calls `land` too."""
        self._in_flight[plugin] += 1

    def land(self, plugin: str) -> None:
        """Count it no longer."""
        self._in_flight[plugin] -= 1
        if not self._in_flight[plugin] and plugin in self._landed:
            self._landed.pop(plugin).set()

    def items(self) -> list[tuple[str, int]]:
        """Return how many requests of each plugin are in flight."""
        return list(self._in_flight.items())

    async def drain(self, plugin: str, deadline: float) -> bool:
        """Wait at most `deadline` seconds until no request of the plugin's is in flight; tell whether none is."""
        end = time.monotonic() + deadline
        while self._in_flight[plugin]:
            landed = self._landed.setdefault(plugin, asyncio.Event())
            try:
                async with asyncio.timeout(end - time.monotonic()):
                    await landed.wait()
            except TimeoutError:
                return False
        return True
