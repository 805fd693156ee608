"""All durable subscriptions: those that run, and those whose plugin is off and that wait for it."""

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from a_parallel_contracts.database import Reader, Row, Transaction
from a_parallel_contracts.errors import Conflict, NotFound
from a_parallel_contracts.events import Event
from a_parallel_kernel.config import EventSettings
from a_parallel_kernel.context import Release
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.durable import DurableSubscription
from a_parallel_kernel.outbox import Outbox, prune, subscribed

log = logging.getLogger("a_parallel.events")

_ALL = """
SELECT plugin, name, event, cursor, seen_at,
  (SELECT count(*) FROM kernel_outbox o WHERE o.seq > s.cursor AND instr(o.kinds, ' ' || s.event || ' ') > 0) AS waiting
FROM kernel_subscriptions s ORDER BY plugin, name"""
_ASIDE = "SELECT plugin, name, seq, event, error, at FROM kernel_set_aside ORDER BY plugin, name, seq LIMIT 1000"
_SEEN = "SELECT plugin, name, seen_at FROM kernel_subscriptions"

HOUR = 3_600_000
"""Milliseconds between two notes that a subscription is in use."""

Key = tuple[str, str]


class Subscriptions:
    """Begins, shows and forgets durable subscriptions.

    Parameters:
        db: where they are kept.
        outbox: stores their events.
        settings: how often to try, and how long to wait for a plugin that is off.
        clock: seconds since the epoch; for tests.
    """

    def __init__(
        self, db: SqliteDatabase, outbox: Outbox, settings: EventSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._settings = settings
        self._clock = clock
        self._running: dict[Key, DurableSubscription] = {}

    def subscribe(
        self,
        plugin: str,
        name: str,
        event: type[Event],
        handler: Callable[[Any], Awaitable[None]],
        report: Callable[[BaseException | None], None],
        deadline: float,
    ) -> Release:
        """Begin a subscription where it left off, and return what ends it for now.

        Raises:
            ValueError: the name is no name, or the plugin uses it twice.
        """
        key = (plugin, name)
        if key in self._running:
            raise ValueError(f"durable={name!r}: {plugin} subscribes under this name already")
        self._running[key] = subscription = DurableSubscription(
            self._db,
            self._outbox,
            self._settings,
            plugin=plugin,
            name=name,
            event=event,
            handler=handler,
            report=report,
        )

        async def release() -> None:
            await subscription.close(deadline)
            del self._running[key]

        return release

    async def settled(self) -> None:
        """Return when every running subscription has handled what there is."""
        for subscription in list(self._running.values()):
            await subscription.settled()

    # --- for admins -----------------------------------------------------------------------------------

    async def describe(self) -> list[dict[str, Any]]:
        """Return all subscriptions with what waits and what was set aside."""
        subscriptions, aside = await self._db.run(_read)
        for one in subscriptions:
            running = self._running.get((one["plugin"], one["name"]))
            one["running"] = running is not None
            one["error"] = running.error if running else None
            one["set_aside"] = [
                {name: row[name] for name in ("seq", "event", "error", "at")}
                for row in aside
                if (row["plugin"], row["name"]) == (one["plugin"], one["name"])
            ]
        return subscriptions

    async def retry(self, plugin: str, name: str) -> None:
        """Try everything that was set aside once more.

        Raises:
            NotFound: there is no such subscription.
            Conflict: its plugin does not run.
        """
        await self._find(plugin, name)
        running = self._running.get((plugin, name))
        if running is None:
            raise Conflict(f"The plugin {plugin} does not run; enable it and try again")
        running.retry()

    async def drop(self, plugin: str, name: str, seq: int) -> None:
        """Forget one event that was set aside.

        Raises:
            NotFound: it was not set aside.
        """
        sql = "DELETE FROM kernel_set_aside WHERE plugin = ? AND name = ? AND seq = ?"
        if not await self._db.write(lambda tx: tx.execute(sql, (plugin, name, seq))):
            raise NotFound("Event not found")

    async def _find(self, plugin: str, name: str) -> None:
        sql = "SELECT 1 FROM kernel_subscriptions WHERE plugin = :plugin AND name = :name"
        if await self._db.one(sql, plugin=plugin, name=name) is None:
            raise NotFound("Subscription not found")

    # --- housekeeping -----------------------------------------------------------------------------------

    async def prune(self) -> bool:
        """Remove one batch of events that everybody has handled."""
        return await prune(self._db)

    async def forget(self) -> bool:
        """Note those that run as seen, and forget those whose plugin has not run for long."""
        now = int(self._clock() * 1000)
        seen = {(row["plugin"], row["name"]): row["seen_at"] for row in await self._db.rows(_SEEN)}
        before = now - int(self._settings.subscription_days * 86_400_000)
        stale = [key for key, at in seen.items() if at < before and key not in self._running]
        fresh = [key for key in self._running if now - seen.get(key, now) > HOUR]
        if stale or fresh:
            await self._db.write(partial(_note, stale, fresh, now))
        for plugin, name in stale:
            log.warning("the durable subscription %s of plugin %s was given up: the plugin is gone", name, plugin)
        if stale:
            self._outbox.want(await self._db.run(subscribed))
        return False


def _read(reader: Reader) -> tuple[list[Row], list[Row]]:
    return reader.all(_ALL), reader.all(_ASIDE)


def _note(stale: list[Key], fresh: list[Key], now: int, tx: Transaction) -> None:
    for key in fresh:
        tx.execute("UPDATE kernel_subscriptions SET seen_at = ? WHERE plugin = ? AND name = ?", (now, *key))
    for key in stale:
        tx.execute("DELETE FROM kernel_subscriptions WHERE plugin = ? AND name = ?", key)
        tx.execute("DELETE FROM kernel_set_aside WHERE plugin = ? AND name = ?", key)
