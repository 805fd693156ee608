"""The token endpoint (RFC 6749 §4.1.3, §6; RFC 8707)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from a_parallel_contracts import BadRequest, iso
from a_parallel_plugins.mcp.fetching import Fetched, Fetcher
from a_parallel_plugins.mcp.registration import BASIC, OAuthClient, oauth_error

LONGEST = 10 * 365 * 24 * 3600
"""Seconds that a token is believed to live at most, lest a silly figure overflow the calendar."""


class InvalidGrant(BadRequest):
    """The code or refresh token is not accepted and never will be again."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gives.

    Attributes:
        access, refresh: the tokens.
        expires_at: when the access token ends (ISO), if it says so.
        scope: what was granted, if it says so.
    """

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: str | None = None
    scope: str | None = None


async def exchange_code(
    fetcher: Fetcher, endpoint: str, client: OAuthClient, *, code: str, verifier: str, redirect_uri: str, resource: str
) -> Tokens:
    """Return the tokens for an authorization code.

    Raises:
        BadRequest: they are refused, or the endpoint cannot be reached.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    return await _ask(fetcher, endpoint, client, {**form, "resource": resource})


async def renew(fetcher: Fetcher, endpoint: str, client: OAuthClient, *, refresh: str, resource: str) -> Tokens:
    """Return new tokens for a refresh token.

    Raises:
        InvalidGrant: the refresh token is used up or was taken back.
        BadRequest: they are refused for another reason, or the endpoint cannot be reached.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "resource": resource}
    return await _ask(fetcher, endpoint, client, form)


async def _ask(fetcher: Fetcher, endpoint: str, client: OAuthClient, form: Mapping[str, str]) -> Tokens:
    headers: dict[str, str] = {}
    proof = {"client_id": client.id}
    if client.secret is not None and client.auth_method == BASIC:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"  # encoded: RFC 6749 §2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif client.secret is not None:
        proof["client_secret"] = client.secret
    answer = await fetcher.post_form(endpoint, {**form, **proof}, headers)
    return _read(answer)


def _read(answer: Fetched) -> Tokens:
    if not answer.ok:
        kind = InvalidGrant if answer.object.get("error") == "invalid_grant" else BadRequest
        raise kind(f"The authorization server gave no token: {oauth_error(answer)}")
    access = answer.object.get("access_token")
    kind = answer.object.get("token_type", "Bearer")
    if not isinstance(access, str) or not access.isascii() or not access.isprintable() or not access:
        raise BadRequest("The authorization server's answer holds no usable token")
    if str(kind).lower() != "bearer":
        raise BadRequest(f"The authorization server gave a token of type {kind}; only Bearer can be used")
    refresh, scope = answer.object.get("refresh_token"), answer.object.get("scope")
    return Tokens(
        access=access,
        refresh=refresh if isinstance(refresh, str) and refresh else None,
        expires_at=_end(answer.object.get("expires_in")),
        scope=scope if isinstance(scope, str) else None,
    )


def _end(seconds: object) -> str | None:
    try:
        lifetime = min(float(str(seconds)), LONGEST)
        return iso(datetime.now(UTC) + timedelta(seconds=lifetime))
    except (ValueError, OverflowError):
        return None
