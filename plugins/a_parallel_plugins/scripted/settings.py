"""Settings of the scripted agent, ``[plugins.scripted]``."""

from pydantic import BaseModel, Field


class ScriptedSettings(BaseModel, defer_build=True):
    """How the scripted agent behaves.

    Attributes:
        pace: seconds between two words, so that a person sees them come; 0 for tests.
        turn_cost: US dollars of a turn without ``!cost``.
        command_limit: seconds that a command of ``!bash`` may take.
    """

    pace: float = Field(default=0.03, ge=0, le=10)
    turn_cost: float = Field(default=0.001, ge=0)
    command_limit: float = Field(default=600.0, gt=0)
