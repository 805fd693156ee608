"""The section ``[plugins.claude_plugins]``."""

from pydantic import BaseModel, ConfigDict, Field


class ClaudePluginsSettings(BaseModel):
    """Who may change plugins, and for how long the CLI may work.

    Attributes:
        admins_only: in multi-user mode only admins install and remove plugins, since they run for everybody.
        timeout: seconds within which the CLI must have installed or removed a plugin.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    admins_only: bool = True
    timeout: float = Field(default=120, gt=0)
