"""Which pages attend to a terminal, and since when none does (``websocket.md`` §8)."""

import asyncio
from collections.abc import Callable


class Attendance:
    """The sockets that have spawned a terminal or addressed it since, as long as they are open.

    Parameters:
        grace: seconds after the last one has closed.
        forsaken: called then.
    """

    def __init__(self, grace: float, forsaken: Callable[[], object]) -> None:
        self._grace = grace
        self._forsaken = forsaken
        self._loop = asyncio.get_running_loop()
        self._sockets: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.since: float | None = None

    def seen(self, socket_id: str) -> None:
        """Note that a socket attends to the terminal."""
        self._sockets.add(socket_id)
        self.close()

    def gone(self, socket_id: str) -> None:
        """Note that a socket has closed."""
        if socket_id not in self._sockets:
            return
        self._sockets.remove(socket_id)
        self.forsake()

    def forsake(self) -> None:
        """Wait for the end of the grace if nobody attends to the terminal."""
        if not self._sockets and self._timer is None:
            self.since = self._loop.time()
            self._timer = self._loop.call_later(self._grace, self._forsaken)

    def close(self) -> None:
        """Wait no longer for the end of the grace."""
        self.since = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
