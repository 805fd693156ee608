"""Local mode: whoever has the token is the one person who uses this server (``http-core.md`` §2.5, §2.11)."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping

import orjson
from msgspec.structs import replace

from a_parallel_contracts import Forbidden, Request, Response, Route, WireModel, get
from a_parallel_contracts.auth import LOCAL_ACTOR, Actor, Credentials
from a_parallel_plugins.auth.headers import bearer
from a_parallel_plugins.auth.tokens import KnownToken

COOKIE = "a-parallel-open"
COOKIE_PATH = "/api/browse/"
COOKIE_ROUTES = frozenset({("POST", "/api/browse/open-directory"), ("POST", "/api/browse/open-terminal")})
"""The client calls these without a token (``http-core.md`` §8.2)."""

_FORWARDED = ("x-forwarded-for", "x-real-ip")


class TokenAnswer(WireModel):
    """Answer of ``GET /api/auth/token``."""

    token: str


class LocalMode:
    """Implements `a_parallel_contracts.auth.Authenticator` with one token.

    Parameters:
        token: what the client has to send.
    """

    mode = "local"

    def __init__(self, token: str) -> None:
        self._token = token
        self._cookie = hmac.digest(token.encode(), COOKIE.encode(), hashlib.sha256).hex()

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        """Return the local user if the token, or for two routes the cookie, is right."""
        if credentials.websocket:
            given = credentials.query.get("token")  # browsers cannot set headers there (``websocket.md`` §1.1)
        else:
            given = bearer(credentials.headers.get("authorization"))
        if given is not None:
            return LOCAL_ACTOR if _equal(given, self._token) else None
        return LOCAL_ACTOR if self._may_open(credentials) else None

    async def bearer(self, known: KnownToken) -> Actor | None:
        """Return the local user with the scopes of an access token made in local mode."""
        if known.user_id != LOCAL_ACTOR.user_id:
            return None
        return replace(LOCAL_ACTOR, scopes=known.scopes, session=known.session)

    async def tidy(self) -> None:
        """Do nothing: the token does not expire."""

    def routes(self, share: bool) -> Iterable[Route]:
        """Return ``GET /api/auth/token``."""

        async def show_token(request: Request) -> Response:
            """Give the token to a page of this server."""
            refuse_strangers(request, share=share)
            return self._answer(secure=request.secure)

        return [get("/api/auth/token", show_token, access="public", returns=TokenAnswer)]

    def _may_open(self, credentials: Credentials) -> bool:
        """Accept the cookie, which browsers add by themselves, only where a page of ours is proved to ask."""
        return (
            (credentials.method, credentials.path) in COOKIE_ROUTES
            and credentials.origin_present
            and credentials.same_origin
            and _equal(credentials.cookies.get(COOKIE, ""), self._cookie)
        )

    def _answer(self, *, secure: bool) -> Response:
        """Return the token and set the cookie, which is not the token: browsers show cookies to every port."""
        attributes = f"Path={COOKIE_PATH}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
        return Response(
            orjson.dumps({"token": self._token}),
            headers={"Cache-Control": "no-store"},
            cookies=(f"{COOKIE}={self._cookie}; {attributes}",),
        )


def refuse_strangers(request: Request, *, share: bool) -> None:
    """Refuse who must not have the token (``http-core.md`` §2.11). The Host header was checked before.

    Raises:
        Forbidden: another site's page asks, or another machine without `share`.
    """
    if not request.origin_allowed:
        raise Forbidden("The token is not given to pages of other sites. Add their origin to CORS_ORIGIN to allow it.")
    if not request.origin_present and request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Forbidden("The token is not given to pages of other sites.")
    if not share and not (request.peer_trusted and _for_this_machine(request.headers)):
        raise Forbidden(
            "The token is given to browsers on this machine only. Set share_token = true under [plugins.auth] to "
            "hand it to everyone who can reach the server, or copy it from the file auth-token."
        )


def _for_this_machine(headers: Mapping[str, str]) -> bool:
    """Tell whether no proxy says that it asks for another machine: one on this machine hides who is behind it."""
    forwarded = [part.strip() for name in _FORWARDED for part in headers.get(name, "").split(",")]
    return "forwarded" not in headers and all(_loopback(address) for address in forwarded if address)


def _loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return bool((getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback)


def _equal(given: str, wanted: str) -> bool:
    """Compare in constant time, as bytes: header values may hold anything."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
