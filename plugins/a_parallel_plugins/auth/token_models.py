"""Bodies and answers of ``/api/auth/tokens``."""

from pydantic import Field

from a_parallel_contracts import Omissible, WireModel
from a_parallel_contracts.auth import Scope


class NewToken(WireModel):
    """Body of ``POST /api/auth/tokens``.

    Attributes:
        name: what it is for.
        scopes: ``read`` for GET, ``run`` for what changes something too, ``admin`` for everything the user may do.
        expires_in_days: without it the token works until it is revoked.
    """

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(min_length=1)
    expires_in_days: Omissible[int] = Field(default=None, gt=0, le=3650)


class AccessToken(WireModel):
    """A token as it is listed; `hint` is how it begins."""

    id: str
    name: str
    hint: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class CreatedToken(AccessToken):
    """Answer of ``POST /api/auth/tokens``: the only time that the token itself is shown."""

    token: str


class TokenList(WireModel):
    """Answer of ``GET /api/auth/tokens``."""

    tokens: list[AccessToken]
