"""Keeps the timers, and turns times into runs, each time once (``http-features.md`` §4.4, §4.6)."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct

from a_parallel_contracts import PluginContext, Reader, Transaction, iso
from a_parallel_contracts.agents import AGENTS
from a_parallel_contracts.automations import Automation, MissedPolicy, OverlapPolicy
from a_parallel_contracts.projects import ProjectDeleted
from a_parallel_plugins.automations import run_rows, slots, store
from a_parallel_plugins.automations.runs import Begun, Runs
from a_parallel_plugins.automations.settings import AutomationsSettings
from a_parallel_plugins.automations.slots import SlotState
from a_parallel_plugins.automations.store import Planned
from a_parallel_plugins.automations.timer import Timer

if TYPE_CHECKING:  # loaded with the first automation that has a schedule
    from a_parallel_plugins.automations.cron import Schedule
    from a_parallel_plugins.automations.planner import Slot

PolicyT = TypeVar("PolicyT", MissedPolicy, OverlapPolicy)

DELETION_PATIENCE = 60.0
"""Seconds after which a project that still exists is not about to be deleted any more."""

REMEMBERED = timedelta(days=90)
"""For how long a time that was dealt with is remembered, should the clock be put back."""


class Rhythm(Struct, frozen=True):
    """What an automation's texts mean: its schedule, and the zone of that."""

    schedule: "Schedule"
    zone: tzinfo

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first time after `moment`."""
        return self.schedule.next_after(moment, self.zone)


class Scheduling:
    """Fires automations.

    Parameters:
        ctx: of the plugin.
        runs: begins runs and starts their work.
        clock: tells the time.
        zone: of schedules that name none.
        settings: limits.

    Attributes:
        timer: wakes `wake`; set before anything else is called.
        opened: set once the times that had passed before the start have been dealt with.
    """

    timer: Timer

    def __init__(
        self,
        ctx: PluginContext,
        runs: Runs,
        clock: Callable[[], datetime],
        zone: tzinfo,
        settings: AutomationsSettings,
    ) -> None:
        self._ctx = ctx
        self._runs = runs
        self._clock = clock
        self._zone = zone
        self._settings = settings
        self.opened = asyncio.Event()
        self._began = clock()
        self._closing: dict[str, float] = {}

    # --- plans ------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Set the timers of everything that is switched on, and deal with the times that have passed meanwhile.

        Waits for the agents' provider, which may start later than this plugin, but not for ever.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.start_patience):
                await self._ctx.get(AGENTS).ready()
        for planned in await self._ctx.db.run(store.enabled):
            await self._resume(planned)
        await self.catch_up()
        await self.start_queued()
        self.opened.set()

    async def _resume(self, planned: Planned) -> None:
        """Go on with a plan, or make a new one if it was made for something else."""
        automation = planned.automation
        rhythm = self._rhythm(automation)
        if rhythm is None:
            return
        if (planned.expression, planned.zone) != (automation.schedule, str(rhythm.zone)):
            await self._ctx.db.write(lambda tx: self.plan(tx, automation))
        await self.follow(automation.id)

    def plan(self, tx: Transaction, automation: Automation) -> None:
        """Store when an automation that was made or changed fires next; what waits from its old plan is skipped."""
        slots.drop_queued(tx, automation.id)
        rhythm = self._rhythm(automation) if automation.enabled else None
        following = rhythm.next_after(self._clock()) if rhythm else None
        zone = str(rhythm.zone) if rhythm else ""
        store.plan(tx, automation.id, automation.schedule, zone, iso(following) if following else None)

    async def follow(self, id: str) -> None:
        """Set the timer of an automation by its plan, or cancel it."""
        planned = await self._ctx.db.run(lambda reader: store.planned(reader, id))
        rhythm = self._rhythm(planned.automation) if planned and planned.automation.enabled else None
        if planned is None or rhythm is None or planned.next_fire_at is None:
            self.timer.cancel(id)
            return
        from a_parallel_plugins.automations.trigger import ScheduleTrigger  # and with it APScheduler, when needed

        trigger = ScheduleTrigger(rhythm.schedule, rhythm.zone, planned.automation.jitter or 0)
        self.timer.set(id, trigger.delayed(_moment(planned.next_fire_at)), trigger)

    def _rhythm(self, automation: Automation) -> Rhythm | None:
        """Return what an automation's schedule means; what cannot be read is logged and never fires."""
        from a_parallel_plugins.automations.cron import parse

        try:
            zone = ZoneInfo(automation.timezone) if automation.timezone else self._zone
            return Rhythm(parse(automation.schedule), zone)
        except (LookupError, ValueError, OSError) as error:
            self._ctx.log.warning("automation %s cannot be scheduled: %s", automation.id, error)
            return None

    # --- firing -----------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Wake everything whose time has come, should a timer have slept through it."""
        now = self._clock()
        for planned in await self._ctx.db.run(lambda reader: store.due(reader, iso(now))):
            jitter = timedelta(seconds=planned.automation.jitter or 0)
            if _moment(planned.next_fire_at or "") + jitter <= now:
                await self.wake(planned.automation.id)

    async def wake(self, id: str) -> None:
        """Deal with the times of an automation that have come; a failure is logged and tried again later."""
        planned = await self._ctx.db.run(lambda reader: store.planned(reader, id))
        if planned is not None and self.is_closing(planned.automation.project_id):
            return
        try:
            begun = await self._fire(planned) if planned is not None else []
            await self.follow(id)
        except Exception:
            self._ctx.log.exception("automation %s could not be fired", id)
            return
        for one in begun:
            self._runs.start(one)

    async def _fire(self, planned: Planned) -> list[Begun]:
        rhythm = self._rhythm(planned.automation)
        if rhythm is None or planned.next_fire_at is None:
            return []
        now = self._clock()
        due = self._due(planned, rhythm, now)
        following = rhythm.next_after(now)
        return await self._ctx.db.write(lambda tx: self._claim(tx, planned, due, following))

    def _due(self, planned: Planned, rhythm: Rhythm, now: datetime) -> "list[Slot]":
        from a_parallel_plugins.automations import planner

        automation = planned.automation
        tolerated = timedelta(seconds=self._settings.grace + (automation.jitter or 0))
        return planner.slots(
            rhythm.schedule,
            rhythm.zone,
            _moment(planned.next_fire_at or ""),
            now,
            policy=_policy(MissedPolicy, automation.missed_policy, MissedPolicy.SKIP),
            on_time_since=max(self._began, now - tolerated),
        )

    def _claim(self, tx: Transaction, planned: Planned, due: "list[Slot]", following: datetime | None) -> list[Begun]:
        """Deal with times that nobody has dealt with, and move the plan on, all or nothing."""
        automation = planned.automation
        current = store.planned(tx, automation.id)
        if current is None or not _same_plan(current, planned):
            return []
        begun = []
        for slot in due:
            one = self._deal_with(tx, current.automation, slot)
            begun += [one] if one else []
        store.plan(
            tx, automation.id, planned.expression or "", planned.zone or "", iso(following) if following else None
        )
        slots.forget(tx, automation.id, iso(self._clock() - REMEMBERED))
        return begun

    def _deal_with(self, tx: Transaction, automation: Automation, slot: "Slot") -> Begun | None:
        moment = iso(slot.moment)
        state = self._fate(tx, automation, slot)
        if not slots.claim(tx, automation.id, moment, state):
            return None
        if state == SlotState.SKIPPED:
            self._ctx.log.info("automation %s still runs; its time %s is skipped", automation.id, moment)
        if state != SlotState.RUN:
            return None
        return self._begin(tx, automation, moment)

    def _fate(self, tx: Transaction, automation: Automation, slot: "Slot") -> SlotState:
        """Decide what becomes of a time; times that are caught up with do not get in each other's way."""
        policy = _policy(OverlapPolicy, automation.overlap_policy, OverlapPolicy.SKIP)
        waiting = slots.count_queued(tx, automation.id)
        busy = waiting > 0 or bool(run_rows.running(tx, automation_id=automation.id))
        if policy == OverlapPolicy.PARALLEL or not busy:
            free = self._runs.at_work(tx) < self._settings.max_running
            state = SlotState.RUN if free else SlotState.QUEUED
        else:
            state = SlotState.QUEUED if policy == OverlapPolicy.QUEUE or slot.late else SlotState.SKIPPED
        return SlotState.SKIPPED if state == SlotState.QUEUED and waiting >= slots.MAX_QUEUED else state

    def _begin(self, tx: Transaction, automation: Automation, moment: str) -> Begun:
        begun = self._runs.begin(tx, automation)
        slots.settle(tx, automation.id, moment, SlotState.RUN, begun.run.id)
        return begun

    # --- waiting times ----------------------------------------------------------------------------

    async def start_queued(self) -> None:
        """Begin the runs of times that wait, as far as there is room."""
        for begun in await self._ctx.db.write(self._take_queued):
            self._runs.start(begun)

    def _take_queued(self, tx: Transaction) -> list[Begun]:
        begun: list[Begun] = []
        for row in slots.queued(tx):
            automation = store.find(tx, row["automation_id"])
            if automation is None or not automation.enabled:
                slots.settle(tx, row["automation_id"], row["slot"], SlotState.SKIPPED)
            elif self._may_begin(tx, automation):
                begun.append(self._begin(tx, automation, row["slot"]))
        return begun

    def _may_begin(self, reader: Reader, automation: Automation) -> bool:
        if self.is_closing(automation.project_id) or self._runs.at_work(reader) >= self._settings.max_running:
            return False
        parallel = automation.overlap_policy == OverlapPolicy.PARALLEL
        return parallel or not run_rows.running(reader, automation_id=automation.id)

    # --- projects that go -------------------------------------------------------------------------

    def close_project(self, project_id: str) -> None:
        """Begin nothing of a project that is about to be deleted; the deletion may still be refused."""
        self._closing[project_id] = time.monotonic() + DELETION_PATIENCE

    def is_closing(self, project_id: str) -> bool:
        """Tell whether a project is about to be deleted."""
        return self._closing.get(project_id, 0) > time.monotonic()

    async def project_deleted(self, event: ProjectDeleted) -> None:
        """Cancel the timers of automations that are gone with their project."""
        self._closing.pop(event.project.id, None)
        known = {planned.automation.id for planned in await self._ctx.db.run(store.enabled)}
        for id in set(self.timer.ids()) - known:
            self.timer.cancel(id)


def _policy(kind: type[PolicyT], text: str | None, default: PolicyT) -> PolicyT:
    """Return what was chosen, if it is known."""
    return kind(text) if text in list(kind) else default


def _same_plan(one: Planned, other: Planned) -> bool:
    """Tell whether nobody has changed an automation's plan meanwhile."""
    return one.automation.enabled and (one.next_fire_at, one.expression, one.zone) == (
        other.next_fire_at,
        other.expression,
        other.zone,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
