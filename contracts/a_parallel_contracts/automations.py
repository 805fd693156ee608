"""Automations: prompts on a schedule, and their runs (``http-features.md`` §4)."""

from enum import StrEnum
from typing import Any, Protocol

from pydantic import Field

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.services import Resources, ServiceKey
from a_parallel_contracts.threads import Thread


class AutomationMode(StrEnum):
    """What a run does; rows of other servers may hold further words, which count as the first."""

    DEFAULT = "default"
    MERGE = "merge"


class RunStatus(StrEnum):
    """State of a run. One whose thread waits for a person is still running."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ARCHIVED = "archived"


class TriageStatus(StrEnum):
    """What a person made of a run."""

    PENDING = "pending"
    REVIEWED = "reviewed"
    DISMISSED = "dismissed"


class MissedPolicy(StrEnum):
    """What becomes of times at which the server did not run: nothing, one run for all of them, or one for each."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


class OverlapPolicy(StrEnum):
    """What happens at a time at which an earlier run still runs: nothing, a run once it has ended, or a run at once."""

    SKIP = "skip"
    QUEUE = "queue"
    PARALLEL = "parallel"


def _chosen() -> Any:
    """Return a field that is left out of the JSON while nothing is chosen."""
    return Field(default=None, exclude_if=lambda value: value is None)


class Automation(WireModel):
    """An automation's row. Enumerations are plain text: old rows may hold anything.

    Attributes:
        schedule: cron expression, nickname or ISO date-time.
        next_run_at: when it fires next; None while it is off or never fires again.
        timezone: IANA name of the zone that the schedule means; the server's without it.
        missed_policy, overlap_policy: a `MissedPolicy`, an `OverlapPolicy`; ``skip`` without them.
        jitter: seconds by which a run may begin later, at random; none without it.
    """

    id: str
    project_id: str
    user_id: str
    name: str
    prompt: str
    schedule: str
    model: str
    mode: str
    permission_mode: str
    base_branch: str | None = None
    enabled: bool
    max_run_history: int
    last_run_at: str | None = None
    next_run_at: str | None = None
    created_at: str
    updated_at: str
    timezone: str | None = _chosen()
    missed_policy: str | None = _chosen()
    overlap_policy: str | None = _chosen()
    jitter: float | None = _chosen()


class AutomationRun(WireModel):
    """A run's row. `has_findings` is None until it has ended."""

    id: str
    automation_id: str
    thread_id: str
    status: str
    triage_status: str
    has_findings: bool | None = None
    summary: str | None = None
    started_at: str
    completed_at: str | None = None


class InboxItem(WireModel):
    """A run that a person may look at, with what it belongs to."""

    run: AutomationRun
    automation: Automation
    thread: Thread


class AutomationEvent(Event):
    """Base of the events of a run. `owner` is the automation's user."""

    thread_id: str
    owner: str
    automation_id: str
    run_id: str


class AutomationRunStarted(AutomationEvent):
    """``automation:run_started``: a run was recorded; nothing of its agent has happened yet."""


class AutomationRunCompleted(AutomationEvent):
    """``automation:run_completed``: a run has ended, in whatever way."""

    has_findings: bool
    summary: str


class Automations(Resources[Automation], Protocol):
    """The automation store."""

    async def visible(self, actor: Actor, *, project_id: str | None = None) -> list[Automation]:
        """Return the automations visible to `actor`, newest first."""
        ...

    async def runs(self, automation_id: str) -> list[AutomationRun]:
        """Return the runs of an automation, newest first, archived ones too."""
        ...

    async def trigger(self, automation: Automation) -> AutomationRun:
        """Start a run now, whatever the schedule; returns once its rows exist.

        Raises:
            NotFound: ``Project not found``.
        """
        ...


AUTOMATIONS = ServiceKey[Automations]("automations")
