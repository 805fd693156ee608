"""Wakes the plugin when an automation is due. APScheduler is nothing but the timer; what is due stands in rows."""

import functools
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Protocol

import tzlocal

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    from a_parallel_plugins.automations.trigger import ScheduleTrigger

Wake = Callable[[str], Awaitable[None]]

log = logging.getLogger(__name__)


class Timer(Protocol):
    """Calls a function with the id of an automation when it is due."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """Call nothing any more."""
        ...

    def set(self, id: str, at: datetime, trigger: "ScheduleTrigger") -> None:
        """Call at a moment, then whenever `trigger` fires; replaces what was set."""
        ...

    def cancel(self, id: str) -> None:
        """Forget an automation."""
        ...

    def ids(self) -> list[str]:
        """Return the automations that are set."""
        ...


class SchedulerTimer:
    """A timer on APScheduler, which is loaded with the first automation that is set: most have none."""

    def __init__(self, wake: Wake) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every single job
        self._wake = wake
        self._started = False

    @functools.cached_property
    def _scheduler(self) -> "AsyncIOScheduler":
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        # However late it is, the rows decide what is still to be done.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 3}
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        if self._started:
            scheduler.start()
        return scheduler

    @property
    def _loaded(self) -> bool:
        return "_scheduler" in self.__dict__

    def start(self) -> None:
        """Begin."""
        self._started = True
        if self._loaded:
            self._scheduler.start()

    def stop(self) -> None:
        """Call nothing any more."""
        if self._loaded:
            self._scheduler.shutdown(wait=False)

    def set(self, id: str, at: datetime, trigger: "ScheduleTrigger") -> None:
        """Call at a moment, then whenever `trigger` fires."""
        self._scheduler.add_job(self._wake, trigger, (id,), id=id, next_run_time=at, replace_existing=True)

    def cancel(self, id: str) -> None:
        """Forget an automation."""
        if id in self.ids():
            self._scheduler.remove_job(id)

    def ids(self) -> list[str]:
        """Return the automations that are set."""
        return [job.id for job in self._scheduler.get_jobs()] if self._loaded else []


def server_zone() -> tzinfo:
    """Return the machine's time zone; UTC if it cannot be told."""
    try:
        return tzlocal.get_localzone()
    except (LookupError, ValueError, OSError) as error:
        log.warning("the time zone of this machine cannot be told (%s); schedules mean UTC", error)
        return UTC
