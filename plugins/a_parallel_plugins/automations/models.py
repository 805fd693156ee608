"""Bodies and queries of ``/api/automations`` (``http-features.md`` §4.2)."""

from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from a_parallel_contracts import Omissible, WireModel
from a_parallel_contracts.automations import AutomationMode, MissedPolicy, OverlapPolicy, TriageStatus
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.automations.settings import ZoneName, known_zone

EXAMPLES = '"*/30 * * * *" (every 30 minutes), "0 9 * * *" (daily at 9 am), "0 */6 * * *" (every 6 hours)'
MAX_JITTER = 24 * 60 * 60


def _schedule(text: str) -> str:
    from a_parallel_plugins.automations.cron import ExpressionError, parse

    if not text.strip():
        raise ValueError("schedule is required")
    try:
        schedule = parse(text)
    except ExpressionError as error:
        raise ValueError(f"Invalid cron expression: {error}. Examples: {EXAMPLES}") from None
    if schedule.within_a_minute:
        raise ValueError(
            "The schedule fires more often than once a minute; name a single second or leave that field out"
        )
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("prompt is required")
    return text


def _branch(text: str | None) -> str | None:
    name = (text or "").strip()
    if name.startswith("-"):
        raise ValueError(f"baseBranch: {name!r} is no name of a branch")
    return name or None


Filled = Annotated[str, Field(min_length=1)]
Prompt = Annotated[str, AfterValidator(_said)]
ScheduleText = Annotated[str, AfterValidator(_schedule)]
Jitter = Annotated[float, Field(ge=0, le=MAX_JITTER)]


class Choices(WireModel):
    """What may be chosen beyond the contract; null goes back to the default."""

    base_branch: Annotated[str | None, AfterValidator(_branch)] = None
    timezone: ZoneName | None = None
    missed_policy: MissedPolicy | None = None
    overlap_policy: OverlapPolicy | None = None
    jitter: Jitter | None = None


class NewAutomation(Choices):
    """Body of ``POST /api/automations``."""

    project_id: Filled
    name: Filled
    prompt: Prompt
    schedule: ScheduleText
    model: Model = Model.SONNET
    mode: AutomationMode = AutomationMode.DEFAULT
    permission_mode: PermissionMode = PermissionMode.AUTO_EDIT


class AutomationPatch(Choices):
    """Body of ``PATCH /api/automations/:id``; only what was sent changes."""

    name: Omissible[Filled] = None
    prompt: Omissible[Prompt] = None
    schedule: Omissible[ScheduleText] = None
    model: Omissible[Model] = None
    mode: Omissible[AutomationMode] = None
    permission_mode: Omissible[PermissionMode] = None
    enabled: Omissible[bool] = None
    max_run_history: Omissible[Annotated[int, Field(ge=1, le=100)]] = None


class ServerZone(WireModel):
    """The time zone of schedules that name none.

    Attributes:
        timezone: its IANA name; None if the machine does not tell one.
        utc_offset: minutes by which its clocks are ahead of UTC now.
    """

    timezone: str | None
    utc_offset: int

    @classmethod
    def of(cls, zone: tzinfo, now: datetime) -> Self:
        """Describe `zone` as it is at the moment `now`."""
        offset = now.astimezone(zone).utcoffset() or timedelta()
        return cls(timezone=_name(zone), utc_offset=round(offset / timedelta(minutes=1)))


def _name(zone: tzinfo) -> str | None:
    """Return the name under which others know a zone, too; one that was read from a file has none."""
    try:
        return known_zone(str(zone))
    except ValueError:
        return None


class ListQuery(WireModel):
    """Query of ``GET /api/automations``."""

    project_id: str = ""


class InboxQuery(ListQuery):
    """Query of ``GET /api/automations/inbox``; the triage is compared literally, empty means any."""

    triage_status: str = ""


class Triage(WireModel):
    """Body of ``PATCH /api/automations/runs/:runId/triage``."""

    triage_status: TriageStatus
