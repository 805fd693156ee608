"""The event bus: each subscriber has a bounded queue and a task of its own, so no one waits for another."""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Struct

from a_parallel_contracts.events import Event

log = logging.getLogger("a_parallel.bus")

EventT = TypeVar("EventT", bound=Event)
Tap = Callable[[Event], None]
Report = Callable[[str, BaseException], None]


class SubscriptionStats(Struct, frozen=True):
    """Figures of one subscription.

    Attributes:
        owner: plugin that subscribed.
        event: name of the event's class.
        waiting: events in the queue, the one being handled included.
        handled, failed: events whose handler returned, or raised.
        dropped: events lost because the queue was full, or because it was closed before they were handled.
    """

    owner: str
    event: str
    waiting: int
    handled: int
    failed: int
    dropped: int


class Subscription:
    """One handler with its queue; made by `Bus.subscribe`."""

    def __init__(
        self,
        bus: "Bus",
        event: type[Event],
        handler: Callable[[Any], Awaitable[None]],
        owner: str,
        report: Report,
        limit: int,
    ) -> None:
        self.event = event
        self.owner = owner
        self.limit = limit
        self._bus = bus
        self._handler = handler
        self._report = report
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._handled = self._failed = self._dropped = self._burst = 0
        self._closed = False
        self._task = asyncio.get_running_loop().create_task(self._consume(), name=f"{owner}: {event.__name__}")

    @property
    def stats(self) -> SubscriptionStats:
        """The subscription's figures."""
        waiting, name = len(self._waiting), self.event.__name__
        return SubscriptionStats(self.owner, name, waiting, self._handled, self._failed, self._dropped)

    def offer(self, event: Event) -> None:
        """Queue `event`, or count it as dropped if the queue is full."""
        if len(self._waiting) >= self.limit:
            self._overflow()
            return
        self._waiting.append(event)
        self._bus.count(1)
        self._idle.clear()
        self._wake.set()

    def _overflow(self) -> None:
        self._dropped += 1
        self._burst += 1
        if self._burst == 1:
            log.warning("%s is too slow for %s: its queue of %d is full", self.owner, self.event.__name__, self.limit)

    async def _consume(self) -> None:
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                try:
                    await self._handle(self._waiting[0])
                finally:
                    self._done()

    def _done(self) -> None:
        self._waiting.popleft()
        self._bus.count(-1)
        if self._waiting:
            return
        self._idle.set()
        if self._burst:
            log.warning("%s lost %d events of %s", self.owner, self._burst, self.event.__name__)
            self._burst = 0

    async def _handle(self, event: Event) -> None:
        try:
            await self._handler(event)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - logged and reported by _fail; the next event must follow
            self._fail(error)
        else:
            self._handled += 1

    def _fail(self, error: BaseException) -> None:
        self._failed += 1
        log.error("%s failed to handle %s", self.owner, self.event.__name__, exc_info=error)
        try:
            self._report(self.owner, error)
        except Exception:
            log.exception("the failure of %s could not be reported", self.owner)

    async def close(self, deadline: float = 5.0) -> None:
        """Take no further events, and wait at most `deadline` seconds for those that are queued."""
        self._bus.remove(self)
        self._closed = True
        if self._task is asyncio.current_task():
            # A handler that ends its own subscription cannot wait for itself.
            self._drop(keep=1)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                await self._idle.wait()
        self._drop(keep=1)
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=1.0)
        if self._task.done():
            self._drop(keep=0)

    def _drop(self, keep: int) -> None:
        """Forget what is queued, but for the `keep` first, which the consumer accounts for itself."""
        while len(self._waiting) > keep:
            self._waiting.pop()
            self._dropped += 1
            self._bus.count(-1)


class Bus:
    """Publishes events to taps at once and to subscribers through their queues.

    Everything happens on the event loop's thread; `publish` from another one raises.

    Attributes:
        note: while taps are called, what `publish` was given beside the event.
    """

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._by_type: dict[type[Event], tuple[Subscription, ...]] = {}
        self._taps: tuple[Tap, ...] = ()
        self._pending: deque[tuple[Event, Any]] = deque()
        self._publishing = False
        self._unfinished = 0
        self._quiet: list[asyncio.Future[None]] = []
        self._thread: int | None = None
        self.note: Any = None

    def publish(self, event: Event, note: Any = None) -> None:
        """Hand `event` to everybody. Returns before the handlers run; never raises for their sake.

        An event published by a tap follows the one that the tap was called with.

        Raises:
            RuntimeError: called from another thread.
        """
        self._check_thread()
        self._pending.append((event, note))
        if self._publishing:
            return
        self._publishing = True
        try:
            while self._pending:
                event, self.note = self._pending.popleft()
                self._dispatch(event)
        finally:
            self._publishing = False
            self.note = None

    def _check_thread(self) -> None:
        ident = threading.get_ident()
        self._thread = self._thread or ident
        if self._thread != ident:
            raise RuntimeError("the bus belongs to the event loop's thread; use loop.call_soon_threadsafe")

    def _dispatch(self, event: Event) -> None:
        for tap in self._taps:
            try:
                tap(event)
            except Exception:
                log.exception("a listener failed on %s", type(event).__name__)
        for subscription in self._subscribers(type(event)):
            subscription.offer(event)

    def _subscribers(self, event: type[Event]) -> tuple[Subscription, ...]:
        found = self._by_type.get(event)
        if found is None:
            found = tuple(one for one in self._subscriptions if issubclass(event, one.event))
            self._by_type[event] = found
        return found

    def subscribe(
        self,
        event_type: type[EventT],
        handler: Callable[[EventT], Awaitable[None]],
        *,
        owner: str,
        report: Report,
        limit: int = 1024,
    ) -> Subscription:
        """Call `handler` for each event of that class (or a subclass), one at a time, in order.

        Parameters:
            event_type: class of the events.
            handler: its exceptions are logged and reported, and the next event follows.
            owner: id of the plugin, for figures and reports.
            report: told the owner and the exception when `handler` raises.
            limit: events that may wait; further ones are dropped and counted.
        """
        self._check_thread()
        subscription = Subscription(self, event_type, handler, owner, report, limit)
        self._subscriptions.append(subscription)
        self._by_type.clear()
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Hand no further events to `subscription`; `Subscription.close` calls this."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._by_type.clear()

    def tap(self, callback: Tap) -> Callable[[], None]:
        """Call `callback` with every event inside `publish`, before the queues; return what ends that."""
        self._taps = (*self._taps, callback)

        def undo() -> None:
            self._taps = tuple(tap for tap in self._taps if tap is not callback)

        return undo

    def count(self, difference: int) -> None:
        """Keep the number of events that are not handled yet; for subscriptions."""
        self._unfinished += difference
        if self._unfinished == 0:
            waiters, self._quiet = self._quiet, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def settled(self) -> None:
        """Return when all queues are empty and all handlers idle. Not to be awaited by a handler."""
        while self._unfinished:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._quiet.append(waiter)
            await waiter

    def stats(self) -> list[SubscriptionStats]:
        """Return the figures of all subscriptions."""
        return [subscription.stats for subscription in self._subscriptions]
