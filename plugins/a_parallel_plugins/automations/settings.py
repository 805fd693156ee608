"""Settings of the automations plugin, ``[plugins.automations]``."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field


def known_zone(name: str) -> str:
    """Return `name` if it is an IANA time zone.

    Raises:
        ValueError: it is none.
    """
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"Unknown time zone {name!r}; use an IANA name such as Europe/Berlin") from None
    return name


ZoneName = Annotated[str, AfterValidator(known_zone)]


class AutomationsSettings(BaseModel, defer_build=True):
    """How automations run.

    Attributes:
        zone: time zone of schedules that name none; the machine's by default.
        max_running: agents of automations at work at the same time; further runs wait. Those that a person
            starts count but do not wait.
        grace: seconds by which a timer may be late before its time counts as missed.
        start_patience: seconds for which the first runs after a start wait for the agent provider.
    """

    zone: ZoneName | None = None
    max_running: int = Field(default=4, ge=1)
    grace: float = Field(default=60.0, ge=1)
    start_patience: float = Field(default=30.0, ge=0)
