"""A thread that names whoever blocks the event loop."""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from types import FrameType

log = logging.getLogger("a_parallel.kernel")


class Watchdog:
    """Watches the loop's heartbeat from outside.

    Parameters:
        limit: seconds without a heartbeat before the loop counts as blocked.
        packages: returns the top-level package of each plugin, by id.
        blocked: called in the loop, once it runs again, with the plugin's id (or None) and the seconds.
    """

    def __init__(
        self, limit: float, packages: Callable[[], Mapping[str, str]], blocked: Callable[[str | None, float], None]
    ) -> None:
        self._limit = limit
        self._packages = packages
        self._blocked = blocked
        self._beat = time.monotonic()
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin watching the running loop."""
        self._loop = asyncio.get_running_loop()
        self._ident = threading.get_ident()
        self._tick()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """End watching."""
        self._stop.set()
        self._timer.cancel()

    def _tick(self) -> None:
        self._beat = time.monotonic()
        self._timer = self._loop.call_later(self._limit / 4, self._tick)

    def _watch(self) -> None:
        named: str | None = None
        since = 0.0
        while not self._stop.wait(self._limit / 4):
            late = time.monotonic() - self._beat
            if late > self._limit and not since:
                since = self._beat
                named = self._name(sys._current_frames().get(self._ident))
            elif since and late < self._limit:
                seconds = self._beat - since
                if not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(self._blocked, named, seconds)
                since = 0.0

    def _name(self, frame: FrameType | None) -> str | None:
        if frame is None:
            return None
        packages = self._packages()
        culprit = _innermost(frame, packages)
        where = "".join(traceback.format_stack(frame)[-3:]).rstrip()
        log.error("the event loop is blocked%s:\n%s", f" by plugin {culprit}" if culprit else "", where)
        return culprit


def _innermost(frame: FrameType | None, packages: Mapping[str, str]) -> str | None:
    """Return the plugin whose code is nearest to the innermost frame."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        for id, package in packages.items():
            if module == package or module.startswith(f"{package}."):
                return id
        frame = frame.f_back
    return None
