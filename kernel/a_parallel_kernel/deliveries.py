"""Hands events on in order, although the owner of some must be asked for first."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from a_parallel_contracts.events import Event
from a_parallel_contracts.services import Resources, ServiceKey
from a_parallel_kernel.eventlog import Entry
from a_parallel_kernel.topics import MountedTopic

log = logging.getLogger("a_parallel.hub")

LOOKUP_DEADLINE = 5.0
"""Seconds after which an owner counts as unknown, since everything else waits."""

Lookup = asyncio.Task[str | None]


class Deliveries:
    """Keeps the order of events while owners are looked up; without a look-up nothing waits.

    Parameters:
        resources: returns the service behind a topic's ``loads``, or None while nobody provides it.
        wanted: tells whether an owner makes a difference to anybody who is connected.
        send: gets the topic, the event, its place in the log and its owner.
    """

    def __init__(
        self,
        resources: Callable[[ServiceKey[Any]], Resources[Any] | None],
        wanted: Callable[[], bool],
        send: Callable[[MountedTopic, Event, Entry | None, str | None], None],
    ) -> None:
        self._resources = resources
        self._wanted = wanted
        self._send = send
        self._queue: deque[tuple[MountedTopic, Event, Entry | None, str | None, Lookup | None]] = deque()
        self._lookups: dict[tuple[str, str], Lookup] = {}
        self._task: asyncio.Task[None] | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def quiet(self) -> bool:
        """Whether nothing waits."""
        return not self._queue

    async def settled(self) -> None:
        """Return when nothing waits."""
        await self._quiet.wait()

    def submit(self, topic: MountedTopic, event: Event, entry: Entry | None = None) -> None:
        """Send `event` after everything that was submitted before."""
        owner = topic.owner(event)
        lookup = self._lookup(topic, event) if owner is None else None
        if lookup is None and not self._queue:
            self._send(topic, event, entry, owner)
            return
        self._queue.append((topic, event, entry, owner, lookup))
        self._quiet.clear()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain(), name="hub: owners")

    def _lookup(self, topic: MountedTopic, event: Event) -> Lookup | None:
        """Return the look-up of an event's owner; events of one subject share it while it runs."""
        key, subject = topic.topic.loads, topic.subject(event)
        if topic.topic.audience != "owner" or topic.topic.owner or key is None or not subject or not self._wanted():
            return None
        shared = (key.name, subject)
        found = self._lookups.get(shared)
        if found is None:
            found = asyncio.get_running_loop().create_task(self._ask(key, subject), name=f"hub: owner of {subject}")
            found.add_done_callback(lambda _: self._lookups.pop(shared, None))
            self._lookups[shared] = found
        return found

    async def _ask(self, key: ServiceKey[Any], subject: str) -> str | None:
        service = self._resources(key)
        if service is None:
            return None
        try:
            async with asyncio.timeout(LOOKUP_DEADLINE):
                return await service.owner_of(subject)
        except Exception:
            log.exception("the service %s does not tell the owner of %s; its events reach nobody", key, subject)
            return None

    async def _drain(self) -> None:
        while self._queue:
            topic, event, entry, owner, lookup = self._queue[0]
            if lookup is not None:
                owner = await lookup
            self._queue.popleft()
            self._send(topic, event, entry, owner)
        self._quiet.set()

    def close(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()
        self._quiet.set()
        for task in (self._task, *self._lookups.values()):
            if task is not None:
                task.cancel()
