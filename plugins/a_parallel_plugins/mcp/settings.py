"""The section ``[plugins.mcp]``."""

from pydantic import BaseModel, ConfigDict, Field


class McpSettings(BaseModel):
    """How MCP servers are kept.

    Attributes:
        admins_only: in multi-user mode only admins see and change servers of the scope ``user``, which run for
            everybody.
        list_timeout: seconds within which the CLI must have asked all servers how they are; then they are listed
            without that.
        request_timeout: seconds for a request to a server or its authorization server.
        refresh_before: seconds before its end at which a token is renewed.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    admins_only: bool = True
    list_timeout: float = Field(default=15, gt=0)
    request_timeout: float = Field(default=10, gt=0)
    refresh_before: float = Field(default=300, ge=0)
