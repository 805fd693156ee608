"""What the kernel remembers of events and requests, put together: the log, durable subscriptions, keys."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from a_parallel_contracts.database import Reader
from a_parallel_contracts.events import Event
from a_parallel_contracts.http import Route
from a_parallel_contracts.services import Resources, ServiceKey
from a_parallel_kernel import eventlog, outbox
from a_parallel_kernel.config import EventSettings
from a_parallel_kernel.context import Release
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.eventlog import Entries, EventLog
from a_parallel_kernel.housekeeping import EventRetention, Housekeeper
from a_parallel_kernel.idempotency import Idempotency
from a_parallel_kernel.outbox import Outbox
from a_parallel_kernel.replay import Replays
from a_parallel_kernel.subscriptions import Subscriptions
from a_parallel_kernel.websocket import Hub

DAY = 86_400.0
MEGABYTE = 1_000_000


class Journal:
    """Wires what is stored beside the plugins' rows; `open` makes one.

    Attributes:
        idempotency: answers requests that are sent again.
        housekeeper: keeps the tables small, once it is started.
    """

    def __init__(
        self,
        db: SqliteDatabase,
        hub: Hub,
        settings: EventSettings,
        numbers: tuple[int, int, list[str]],
        tell: Callable[[Event, Entries], None],
        resources: Callable[[ServiceKey[Any]], Resources[Any] | None],
    ) -> None:
        last, last_stored, wanted = numbers
        stored = Outbox(last_stored, wanted)
        events = self._events = EventLog(last, hub.table.of, tell, stored)
        self._db = db
        self.idempotency = Idempotency(db)
        self._subscriptions = Subscriptions(db, stored, settings)
        retention = EventRetention(db, settings.keep_days * DAY, settings.keep_megabytes * MEGABYTE)
        self.housekeeper = Housekeeper(
            [retention.prune, self.idempotency.prune, self._subscriptions.prune, self._subscriptions.forget]
        )
        hub.opened = Replays(events, db, hub.table, resources).opened
        db.log_events(events)

    @classmethod
    async def open(
        cls,
        db: SqliteDatabase,
        hub: Hub,
        settings: EventSettings,
        *,
        tell: Callable[[Event, Entries], None],
        resources: Callable[[ServiceKey[Any]], Resources[Any] | None],
    ) -> "Journal":
        """Go on where the last server ended.

        Parameters:
            db: its events are stored from now on.
            hub: asked for topics, and given the replay.
            settings: how much is kept.
            tell: publishes an event that is stored.
            resources: returns the service behind a topic's ``loads``, or None while nobody provides it.
        """
        return cls(db, hub, settings, await db.run(_numbers), tell, resources)

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        from a_parallel_kernel.event_routes import EventRoutes
        from a_parallel_kernel.subscription_routes import SubscriptionRoutes

        return [*EventRoutes(self._events, self._db).routes(), *SubscriptionRoutes(self._subscriptions).routes()]

    def subscribe(
        self,
        plugin: str,
        name: str,
        event: type[Event],
        handler: Callable[[Any], Awaitable[None]],
        report: Callable[[BaseException | None], None],
        deadline: float,
    ) -> Release:
        """Begin a durable subscription; see `Subscriptions.subscribe`."""
        return self._subscriptions.subscribe(plugin, name, event, handler, report, deadline)

    async def settled(self) -> None:
        """Return when every durable subscription has handled what there is."""
        await self._subscriptions.settled()


def _numbers(reader: Reader) -> tuple[int, int, list[str]]:
    return eventlog.last_number(reader), outbox.last_number(reader), outbox.subscribed(reader)
