"""Does something at most so often, and always once more after the last call."""

import asyncio
from collections.abc import Callable


class Throttle:
    """Calls `action` at once, or as soon as `interval` seconds have passed since the last time."""

    def __init__(self, interval: float, action: Callable[[], None]) -> None:
        self._interval = interval
        self._action = action
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def call(self) -> None:
        """Ask for the action."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        delay = self._last + self._interval - loop.time()
        if delay <= 0:
            self._act()
        else:
            self._timer = loop.call_later(delay, self._act)

    def cancel(self) -> None:
        """Forget the action that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _act(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        self._action()
