"""Settings of the plugin, ``[plugins.merge]``."""

from pydantic import BaseModel, Field


class Settings(BaseModel, defer_build=True):
    """What can be set.

    Attributes:
        patience: seconds to wait for another operation in the same repository before a merge is refused.
        agent_limit: seconds that an agent may take for the conflicts of one branch.
    """

    patience: float = Field(default=10.0, ge=0)
    agent_limit: float = Field(default=3600.0, gt=0)
