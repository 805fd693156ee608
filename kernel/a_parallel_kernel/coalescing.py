"""Throttles events that replace each other (``websocket.md`` §5): the first at once, then the last of each interval."""

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from a_parallel_contracts.events import Event
from a_parallel_kernel.eventlog import Entry
from a_parallel_kernel.topics import MountedTopic

Deliver = Callable[[MountedTopic, Event, Entry | None], None]


class _Slot(Struct):
    """What a subject has sent within the interval, and what waits for its end."""

    topic: MountedTopic
    timer: asyncio.TimerHandle
    waiting: Event | None = None
    entry: Entry | None = None


class Coalescer:
    """Passes events on in order, but for those that a later one replaces.

    Parameters:
        deliver: called with what is to be sent now.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._slots: dict[str, _Slot] = {}
        self._waiting = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def quiet(self) -> bool:
        """Whether nothing waits."""
        return self._waiting == 0

    async def settled(self) -> None:
        """Return when nothing waits."""
        await self._quiet.wait()

    def offer(self, topic: MountedTopic, event: Event, entry: Entry | None = None) -> None:
        """Send `event` now or later; whatever of its subject waits and is not replaced by it goes first."""
        subject = topic.subject(event)
        slot = self._slots.get(subject)
        if topic.topic.coalesce is None:
            if slot is not None:
                self._flush(slot)
            self._deliver(topic, event, entry)
        elif slot is None:
            self._slots[subject] = _Slot(topic, self._timer(topic, subject))
            self._deliver(topic, event, entry)
        else:
            if slot.waiting is not None and not _same(slot.topic, slot.waiting, topic, event):
                self._flush(slot)
            self._wait(slot, topic, event, entry)

    def flush(self) -> None:
        """Send everything that waits."""
        for slot in self._slots.values():
            self._flush(slot)

    def close(self) -> None:
        """Forget everything that waits, and stop the timers."""
        for slot in self._slots.values():
            slot.timer.cancel()
        self._slots.clear()
        self._count(-self._waiting)

    def _wait(self, slot: _Slot, topic: MountedTopic, event: Event, entry: Entry | None) -> None:
        if slot.waiting is None:
            self._count(1)
        slot.topic, slot.waiting, slot.entry = topic, event, entry

    def _flush(self, slot: _Slot) -> None:
        event, slot.waiting = slot.waiting, None
        if event is not None:
            self._count(-1)
            self._deliver(slot.topic, event, slot.entry)

    def _timer(self, topic: MountedTopic, subject: str) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(topic.topic.interval, self._due, subject)

    def _due(self, subject: str) -> None:
        slot = self._slots[subject]
        if slot.waiting is None:
            del self._slots[subject]
            return
        slot.timer = self._timer(slot.topic, subject)
        self._flush(slot)

    def _count(self, difference: int) -> None:
        self._waiting += difference
        if self._waiting:
            self._quiet.clear()
        else:
            self._quiet.set()


def _same(one: MountedTopic, event: Event, other: MountedTopic, successor: Event) -> bool:
    key: Any = one.key(event)
    return one is other and key == other.key(successor)
