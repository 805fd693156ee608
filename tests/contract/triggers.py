"""Runs of automations in a replay: what their placeholders mean, and when they are over.

No answer tells the thread of a run that was triggered; the recorder took it from ``automation:run_started``.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.contract.golden import Exchange
from tests.contract.placeholders import Bindings
from tests.contract.sockets import Event, Listener


def zone_without_slots_soon() -> str:
    """Return a time zone in which no half hour strikes within the next minutes.

    The recording has a schedule of half hours, whose own run would come on top.
    """
    return "UTC" if datetime.now(UTC).minute % 30 < 20 else "Asia/Kathmandu"  # whose clocks are 15 minutes off


def is_trigger(exchange: Exchange) -> bool:
    """Tell whether an exchange starts a run of an automation."""
    path = str(exchange.line.get("path", ""))
    return path.startswith("/api/automations/") and path.endswith("/trigger")


@dataclass(slots=True)
class Triggers:
    """The runs that were started, in order.

    Attributes:
        open: threads of those that have not been waited for, with the listener that hears of them.
    """

    open: dict[str, Listener] = field(default_factory=dict)
    _count: int = 0

    async def follow(self, listener: Listener, bindings: Bindings, exchange: Exchange) -> None:
        """Wait until a run is told, and bind ``<au_threadN>`` and ``<au_runN>`` to it."""
        automation = bindings.fill(exchange.line["path"]).split("/")[3]
        self._count += 1

        def told(events: list[Event]) -> list[Event]:
            return [event for event in events if event["type"] == "automation:run_started"]

        await listener.until(lambda events: len(told(events)) >= self._count, f"the start of run {self._count}")
        started = told(listener.events)[self._count - 1]
        assert started["data"]["automationId"] == automation
        bindings.bind(f"au_thread{self._count}", started["threadId"])
        bindings.bind(f"au_run{self._count}", started["data"]["runId"])
        self.open[started["threadId"]] = listener

    async def all_ended(self) -> None:
        """Return when the end of every run has been told."""
        for thread, listener in list(self.open.items()):
            await listener.until(
                lambda events, thread=thread: any(  # type: ignore[misc]
                    event["type"] == "automation:run_completed" and event["threadId"] == thread for event in events
                ),
                f"the end of the run in thread {thread}",
            )
            del self.open[thread]
