"""A clock that the test sets, and a timer that follows it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from a_parallel_plugins.automations import AutomationsPlugin
from a_parallel_plugins.automations.trigger import ScheduleTrigger


class Clock:
    """Time as a test wants it; lives on when the server is started again."""

    def __init__(self, text: str = "2026-01-05T08:00:00") -> None:
        self.now = _moment(text)
        self.timers: dict[str, datetime] = {}
        self.wake: Callable[[str], Awaitable[None]]

    async def advance(self, text: str) -> None:
        """Move the time on; timers ring on the way, each at its moment."""
        end = _moment(text)
        while ringing := [(at, id) for id, at in self.timers.items() if at <= end]:
            at, id = min(ringing)
            self.now = max(at, self.now)
            del self.timers[id]
            await self.wake(id)
        self.now = end

    def jump(self, text: str) -> None:
        """Move the time on without a timer, as while a machine sleeps or a server is down."""
        self.now = _moment(text)


class ClockTimer:
    """Rings when the clock is advanced."""

    def __init__(self, clock: Clock, wake: Callable[[str], Awaitable[None]]) -> None:
        self._clock = clock
        clock.wake = wake

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self._clock.timers.clear()

    def set(self, id: str, at: datetime, trigger: ScheduleTrigger) -> None:
        self._clock.timers[id] = at

    def cancel(self, id: str) -> None:
        self._clock.timers.pop(id, None)

    def ids(self) -> list[str]:
        return list(self._clock.timers)


def clocked(of: Clock) -> type[AutomationsPlugin]:
    """Return the plugin on a clock of the test's."""

    class Clocked(AutomationsPlugin):
        """Automations whose time the test tells."""

        def clock(self) -> datetime:
            return of.now

        def make_timer(self, wake: Callable[[str], Awaitable[None]]) -> ClockTimer:
            return ClockTimer(of, wake)

    return Clocked


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
