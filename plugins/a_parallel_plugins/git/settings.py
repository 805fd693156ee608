"""Settings of the plugin, ``[plugins.git]``."""

from pydantic import BaseModel, Field


class Settings(BaseModel, defer_build=True):
    """What can be set.

    Attributes:
        github_api: base address of GitHub's REST API; of GitHub Enterprise ``https://<host>/api/v3``.
    """

    github_api: str = Field(default="https://api.github.com", pattern=r"^https?://[^\s]+$")
