"""What is done once, before the plugin begins."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from a_parallel_contracts.automations import (
    Automation,
    AutomationRun,
    AutomationRunCompleted,
    AutomationRunStarted,
    InboxItem,
)
from a_parallel_contracts.threads import NewThread
from a_parallel_plugins.automations.settings import AutomationsSettings


def build_models() -> None:
    """Build what is used on the database's threads; building a deferred model is not safe in two of them at once."""
    for model in (Automation, AutomationRun, AutomationRunCompleted, AutomationRunStarted, InboxItem, NewThread):
        model.model_rebuild()


def zone_of(settings: AutomationsSettings) -> tzinfo:
    """Return the zone of schedules that name none."""
    from a_parallel_plugins.automations.timer import server_zone

    return ZoneInfo(settings.zone) if settings.zone else server_zone()
