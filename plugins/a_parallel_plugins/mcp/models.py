"""Bodies and answers of ``/api/mcp`` (``http-features.md`` §1)."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from yarl import URL

from a_parallel_contracts import Omissible, WireModel

Kind = Literal["stdio", "http", "sse"]
Scope = Literal["local", "user", "project"]
Status = Literal["ok", "needs_auth", "error"]

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_-]*$"
"""What the CLI allows, and nothing that could be an option (§1.7)."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750 §2.1, plus what is seen in the wild: = anywhere
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.1
_Unset = Field(default=None, exclude_if=lambda value: value is None)


def _problem(text: str) -> PydanticCustomError:
    return PydanticCustomError("mcp", text)


def web_url(text: str) -> str:
    """Return an http or https URL as it is.

    Raises:
        PydanticCustomError: it is none.
    """
    try:
        url = URL(text)
    except ValueError:
        raise _problem("url must be an http or https address") from None
    if url.scheme not in ("http", "https") or not url.host or not text.isprintable() or " " in text:
        raise _problem("url must be an http or https address")
    return text


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or any(character in value for character in "\r\n\0"):
            raise _problem(f"{name!r} is no header")
    return headers


def _variables(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name + value:
            raise _problem(f"{name!r} cannot be an environment variable")
    return variables


def _bearer(text: str) -> str:
    token = text.strip().removeprefix("Bearer ").strip()
    if not _TOKEN.fullmatch(token):
        raise _problem("token must be a bearer token: letters, digits and -._~+/= without spaces")
    return token


class McpServer(WireModel):
    """A server (§1.1). `scope` is absent for what the CLI alone knows, such as servers of its plugins."""

    name: str
    type: Kind
    url: str | None = _Unset
    command: str | None = _Unset
    args: tuple[str, ...] | None = _Unset
    status: Status | None = _Unset
    scope: Scope | None = _Unset


class McpServers(WireModel):
    """Answer of ``GET /api/mcp/servers``."""

    servers: list[McpServer]


class Recommended(WireModel):
    """A server that is worth a try (§1.5)."""

    name: str
    description: str
    type: Kind
    url: str | None = _Unset
    command: str | None = _Unset
    args: tuple[str, ...] | None = _Unset


class RecommendedServers(WireModel):
    """Answer of ``GET /api/mcp/recommended``."""

    servers: list[Recommended]


class ListQuery(WireModel):
    """Query of ``GET /api/mcp/servers``; without `status` the servers are not asked how they are."""

    project_path: str = ""
    status: bool = True


class RemoveQuery(WireModel):
    """Query of ``DELETE /api/mcp/servers/:name``."""

    project_path: str = ""
    scope: Scope | None = None


class NewServer(WireModel):
    """Body of ``POST /api/mcp/servers`` (§1.3)."""

    name: Annotated[str, Field(pattern=NAME, max_length=100)]
    type: Kind
    project_path: Annotated[str, Field(min_length=1)]
    url: Omissible[Annotated[str, AfterValidator(web_url)]] = None
    command: Omissible[Annotated[str, Field(min_length=1)]] = None
    args: Omissible[list[str]] = None
    headers: Omissible[Annotated[dict[str, str], AfterValidator(_headers)]] = None
    env: Omissible[Annotated[dict[str, str], AfterValidator(_variables)]] = None
    scope: Omissible[Scope] = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "stdio" and self.command is None:
            raise _problem("command is required for a stdio server")
        if self.type != "stdio" and self.url is None:
            raise _problem(f"url is required for a server of type {self.type}")
        return self

    @property
    def definition(self) -> dict[str, object]:
        """The entry as the CLI keeps it (``claude-cli.md`` §15)."""
        if self.type == "stdio":
            return {"type": "stdio", "command": self.command, "args": self.args or [], "env": self.env or {}}
        headers = {"headers": self.headers} if self.headers else {}
        return {"type": self.type, "url": self.url, **headers}


class StartSignIn(WireModel):
    """Body of ``POST /api/mcp/oauth/start`` (§1.6)."""

    server_name: Annotated[str, Field(min_length=1)]
    project_path: Annotated[str, Field(min_length=1)]


class SignInStarted(WireModel):
    """Where the browser goes to sign in."""

    auth_url: str


class ManualToken(StartSignIn):
    """Body of ``POST /api/mcp/oauth/token`` (§1.6)."""

    token: Annotated[str, Field(min_length=1), AfterValidator(_bearer)]


class CallbackQuery(WireModel):
    """What the authorization server sends along (RFC 6749 §4.1.2, RFC 9207)."""

    code: str = ""
    state: str = ""
    error: str = ""
    error_description: str = Field(default="", alias="error_description")
    iss: str | None = None
