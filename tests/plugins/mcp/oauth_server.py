"""A real MCP server with OAuth on loopback: the ``mcp`` package's own, with everything in memory.

It is resource and authorization server in one, as the package builds it: RFC 9728 and RFC 8414 metadata, dynamic
registration, PKCE, and tokens that are only good for the resource they were asked for.
"""

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl


class Provider:
    """Grants everything at once, unless it is told to refuse.

    Attributes:
        refusal: why everything is refused, if it is.
        lifetime: seconds of an access token.
        registrations: clients by id.
        access, refresh: tokens that are good.
        refreshes: refresh tokens that were used.
    """

    def __init__(self) -> None:
        self.refusal: str | None = None
        self.lifetime = 3600
        self.registrations: dict[str, OAuthClientInformationFull] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.access: dict[str, AccessToken] = {}
        self.refresh: dict[str, RefreshToken] = {}
        self.refreshes: list[str] = []

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.registrations.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self.registrations[str(client_info.client_id)] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        if self.refusal is not None:
            refused = {"error": "access_denied", "error_description": self.refusal, "state": params.state}
            return construct_redirect_uri(str(params.redirect_uri), **refused)
        code = AuthorizationCode(
            code=secrets.token_urlsafe(24),
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=str(client.client_id),
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        self.codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        del self.codes[authorization_code.code]
        return self._issue(authorization_code.client_id, authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        del self.refresh[refresh_token.token]
        self.refreshes.append(refresh_token.token)
        return self._issue(refresh_token.client_id, scopes, refresh_token.resource)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        self.access.pop(token.token, None)

    async def exchange_identity_assertion(self, client: Any, params: Any) -> OAuthToken:
        raise NotImplementedError

    def _issue(self, client_id: str, scopes: list[str], resource: str | None) -> OAuthToken:
        access = f"access-{secrets.token_hex(16)}"
        refresh = f"refresh-{secrets.token_hex(16)}"
        end = int(time.time()) + 3600
        self.access[access] = AccessToken(
            token=access, client_id=client_id, scopes=scopes, expires_at=end, resource=resource
        )
        self.refresh[refresh] = RefreshToken(token=refresh, client_id=client_id, scopes=scopes, resource=resource)
        return OAuthToken(
            access_token=access, refresh_token=refresh, expires_in=self.lifetime, scope=" ".join(scopes) or None
        )


class OAuthMcpServer:
    """The running server.

    Attributes:
        url: of the MCP endpoint.
        provider: what it has granted.
    """

    def __init__(self, origin: str, provider: Provider) -> None:
        self.origin = origin
        self.url = f"{origin}/mcp"
        self.provider = provider

    def expire(self) -> None:
        """Let every access token end now."""
        self.provider.access.clear()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are pytest's


@asynccontextmanager
async def oauth_mcp_server() -> AsyncIterator[OAuthMcpServer]:
    """Run a server on a free port of loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    provider = Provider()
    server = MCPServer(
        "demo",
        auth_server_provider=provider,
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(origin),
            resource_server_url=AnyHttpUrl(f"{origin}/mcp"),
            required_scopes=["demo"],
            validate_token_resource=True,
            client_registration_options=ClientRegistrationOptions(
                enabled=True, valid_scopes=["demo"], default_scopes=["demo"]
            ),
        ),
    )

    @server.tool()
    def lookup(key: str) -> str:
        """Look something up."""
        return f"value of {key}"

    config = uvicorn.Config(server.streamable_http_app(), log_level="warning", lifespan="on")
    running = _Uvicorn(config)
    task = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        yield OAuthMcpServer(origin, provider)
    finally:
        running.should_exit = True
        await task
