"""A trigger of APScheduler for schedules of ours, since its own cron rules are others (``http-features.md`` §4.4)."""

from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger

from a_parallel_plugins.automations.cron import Schedule


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """Fires when a schedule does.

    Parameters:
        schedule: when.
        zone: whose clock it means.
        jitter: seconds by which it may fire later, at random.
    """

    def __init__(self, schedule: Schedule, zone: tzinfo, jitter: float = 0) -> None:
        self._schedule = schedule
        self._zone = zone
        self._jitter = jitter

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first time after the previous one and after `now`; the very first may be `now`.

        APScheduler asks for each time that has passed, one after another. After a long sleep that would take
        long, and the plugin's rows tell better what was missed.
        """
        after = max(previous_fire_time, now) if previous_fire_time else now - timedelta(microseconds=1)
        found = self._schedule.next_after(after.astimezone(UTC), self._zone)
        return None if found is None else self.delayed(found)

    def delayed(self, moment: datetime) -> datetime:
        """Return `moment` with the jitter."""
        later: datetime = self._apply_jitter(moment, self._jitter, moment)
        return later
