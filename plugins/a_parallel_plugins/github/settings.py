"""The section ``[plugins.github]``."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

_ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"


class GithubSettings(BaseModel):
    """How GitHub is reached.

    Attributes:
        client_id: of the OAuth app whose device flow connects accounts; ``GITHUB_CLIENT_ID`` in the environment wins.
        api: base address of the REST API; of GitHub Enterprise ``https://<host>/api/v3``.
        web: base address of the website, of clones and of the device flow; follows from `api` by default.
        timeout: seconds for one call of the API.
        clone_timeout: seconds for one clone.
        clones: how many may run at once.
        clone_roots: directories below which users may clone. Without any, anywhere in local mode, and below
            the home directory of the server's account in multi-user mode.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    client_id: str | None = None
    api: str = Field(default="https://api.github.com", pattern=_ADDRESS)
    web: str | None = Field(default=None, pattern=_ADDRESS)
    timeout: float = Field(default=15, gt=0)
    clone_timeout: float = Field(default=300, gt=0)
    clones: int = Field(default=4, gt=0)
    clone_roots: tuple[Path, ...] = ()

    @property
    def app(self) -> str | None:
        """The OAuth app's id, or None if none is configured."""
        return os.environ.get("GITHUB_CLIENT_ID") or self.client_id or None

    @property
    def website(self) -> str:
        """The website's base address without a slash at the end."""
        parts = urlsplit(self.api)
        beside = f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
        return (self.web or beside).rstrip("/")
