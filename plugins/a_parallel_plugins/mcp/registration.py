"""Introduces this server to an authorization server (RFC 7591)."""

from dataclasses import dataclass, field

from a_parallel_contracts import BadRequest
from a_parallel_plugins.mcp.discovery import AuthorizationServer
from a_parallel_plugins.mcp.fetching import Fetched, Fetcher

PUBLIC, POST, BASIC = "none", "client_secret_post", "client_secret_basic"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who we are at an authorization server.

    Attributes:
        id, secret: as issued.
        auth_method: how the secret is shown at the token endpoint (RFC 6749 §2.3.1).
    """

    id: str
    secret: str | None = field(default=None, repr=False)
    auth_method: str = PUBLIC


async def register(fetcher: Fetcher, server: AuthorizationServer, name: str, redirect_uri: str) -> OAuthClient:
    """Return a new client.

    Parameters:
        fetcher: asks.
        server: where.
        name: of the MCP server, for people who look through their clients.
        redirect_uri: where the browser comes back to.

    Raises:
        BadRequest: the server does not take clients that introduce themselves, or refused this one.
    """
    if server.registration_endpoint is None:
        raise BadRequest(
            f"{server.issuer} takes no new clients (no dynamic client registration). Sign in with /mcp in the "
            "Claude CLI, or enter a token"
        )
    asked = {
        "client_name": f"a-parallel ({name})",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": _method(server.auth_methods),
        **({"scope": server.scope} if server.scope else {}),
    }
    answer = await fetcher.post_json(server.registration_endpoint, asked)
    id, secret = answer.object.get("client_id"), answer.object.get("client_secret")
    if not answer.ok or not isinstance(id, str):
        raise BadRequest(f"{server.issuer} refused this client: {oauth_error(answer)}")
    if not isinstance(secret, str):
        return OAuthClient(id)
    chosen = answer.object.get("token_endpoint_auth_method")
    return OAuthClient(id, secret, BASIC if chosen == BASIC else POST)


def oauth_error(answer: Fetched) -> str:
    """Return what an OAuth server complains about (RFC 6749 §5.2), or its status."""
    said = answer.object.get("error_description") or answer.object.get("error")
    return said[:300] if isinstance(said, str) else f"status {answer.status}"


def _method(offered: tuple[str, ...]) -> str:
    return next((method for method in (PUBLIC, POST, BASIC) if method in offered), PUBLIC)
