"""What is done once, before the plugin begins."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from a_parallel_plugins.automations.settings import AutomationsSettings


def zone_of(settings: AutomationsSettings) -> tzinfo:
    """Return the zone of schedules that name none."""
    from a_parallel_plugins.automations.timer import server_zone

    return ZoneInfo(settings.zone) if settings.zone else server_zone()
