"""Bodies and answers of ``/api/profile`` (``http-features.md`` §5.1)."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from a_parallel_contracts import WireModel
from a_parallel_plugins.profile.tokens import transmittable

_BREAKING = re.compile(r"[<>\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOTHING = re.compile(r"[\s.,:;\"'\\]*")
_NULLABLE = ("githubToken", "github_token")


def _in_one_line(text: str) -> str:
    if _BREAKING.search(text):
        raise PydanticCustomError("identity", "must not contain line breaks, control characters, < or >")
    return text


def _nameable(text: str) -> str:
    # git strips these characters from both ends of a name, and refuses to commit if nothing is left (ident.c).
    if text and _NOTHING.fullmatch(text):
        raise PydanticCustomError("identity", "must contain a letter or a digit")
    return text


def _sendable(token: str) -> str:
    token = token.strip()
    if token and not transmittable(token):
        raise PydanticCustomError("token", "must consist of visible ASCII characters without spaces")
    return token


_Line = Annotated[str, AfterValidator(_in_one_line)]


class ProfileChanges(WireModel):
    """Body of ``PUT /api/profile``: absent or of a wrong type stays, empty text clears, and so does a null token."""

    git_name: Annotated[_Line, AfterValidator(_nameable)] | None = None
    git_email: _Line | None = None
    github_token: Annotated[str, AfterValidator(_sendable)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _leave_out_wrong_types(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        return {
            key: value for key, value in body.items() if isinstance(value, str) or (value is None and key in _NULLABLE)
        }


class NoProfile(WireModel):
    """Answer as long as the user has stored nothing."""

    git_name: None = None
    git_email: None = None
    has_github_token: bool = False


class UserProfile(WireModel):
    """A profile. The token itself is never told."""

    id: str
    user_id: str
    git_name: str | None
    git_email: str | None
    has_github_token: bool = Field(description="There is a token, and it can be decrypted.")
    created_at: str
    updated_at: str
