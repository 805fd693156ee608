"""Bodies, queries and answers of ``/api/github`` (``http-features.md`` §6). GitHub's own names stay as they are."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from a_parallel_contracts import Omissible, WireModel
from a_parallel_plugins.github.address import is_absolute


class ConnectionStatus(WireModel):
    """Answer of ``GET /api/github/status``."""

    connected: bool
    login: str | None = Field(default=None, exclude_if=lambda value: value is None)


class GithubModel(BaseModel):
    """Something of GitHub's; its keys are not camelCase."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class DeviceCode(GithubModel):
    """Answer of ``POST /api/github/oauth/device``; seconds."""

    device_code: str
    user_code: str
    verification_uri: str = Field(pattern=r"^https?://")
    expires_in: int = 900
    interval: int = 5


class GithubUser(GithubModel):
    """Answer of ``GET /api/github/user``."""

    login: str
    avatar_url: str = ""
    name: str | None = None


class PollBody(WireModel):
    """Body of ``POST /api/github/oauth/poll``."""

    device_code: str = Field(min_length=1, max_length=1000)


class PollAnswer(WireModel):
    """Answer of ``POST /api/github/oauth/poll``; `interval` is the new one in seconds, if it changed."""

    status: Literal["pending", "success", "expired", "denied"]
    interval: int | None = Field(default=None, exclude_if=lambda value: value is None)
    scopes: str | None = Field(default=None, exclude_if=lambda value: value is None)


class RepositoryQuery(BaseModel):
    """Query of ``GET /api/github/repos``; pages of more than 100 become pages of 100."""

    page: int = Field(default=1, ge=1, le=100_000)
    per_page: int = Field(default=30, ge=1)
    search: str = Field(default="", max_length=256)
    sort: Literal["created", "updated", "pushed", "full_name"] = "updated"

    @field_validator("per_page")
    @classmethod
    def _at_most_a_hundred(cls, value: int) -> int:
        return min(value, 100)


_TEXT, _MAYBE_TEXT, _FLAG, _NUMBER = (
    {"type": "string"},
    {"type": ["string", "null"]},
    {"type": "boolean"},
    {"type": "integer"},
)
_REPOSITORY = {
    "type": "object",
    "description": "A repository as GitHub's REST API tells it; what a page shows, of many more fields.",
    "properties": {
        "id": _NUMBER,
        "name": _TEXT,
        "full_name": _TEXT,
        "description": _MAYBE_TEXT,
        "private": _FLAG,
        "fork": _FLAG,
        "language": _MAYBE_TEXT,
        "stargazers_count": _NUMBER,
        "html_url": _TEXT,
        "clone_url": _TEXT,
        "ssh_url": _TEXT,
        "default_branch": _TEXT,
        "updated_at": _MAYBE_TEXT,
    },
    "required": ["id", "name", "full_name", "clone_url"],
}


class Repositories(WireModel):
    """Answer of ``GET /api/github/repos``; the objects are GitHub's, passed on whole."""

    repos: list[Annotated[dict[str, Any], WithJsonSchema(_REPOSITORY)]]
    has_more: bool


def _clonable(url: str) -> str:
    if not is_absolute(url):
        raise PydanticCustomError("url", "Valid clone URL required")
    return url


class CloneBody(WireModel):
    """Body of ``POST /api/github/clone``.

    Attributes:
        clone_url: address of the repository.
        destination_path: directory in which the clone's own directory is made.
        name: of that directory and of the project; the last part of the address by default.
        clone_id: chosen by a client that wants to follow or cancel the clone.
    """

    clone_url: Annotated[str, AfterValidator(_clonable)]
    destination_path: str = Field(min_length=1)
    name: Omissible[str] = None
    clone_id: Omissible[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]] = None


class RunningClone(WireModel):
    """A clone that is being made; `phase` and `percent` as git tells them."""

    id: str
    name: str
    destination_path: str
    phase: str
    percent: int | None
