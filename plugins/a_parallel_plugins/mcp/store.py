"""Rows of ``mcp_oauth_tokens`` (``database.md`` §2): one for each server and project path, secrets encrypted."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from a_parallel_contracts import PluginContext, Row, Transaction, now
from a_parallel_contracts.secrets import SECRETS, Secrets
from a_parallel_plugins.mcp.registration import POST, PUBLIC, OAuthClient
from a_parallel_plugins.mcp.tokens import Tokens

_SELECT = """
    SELECT t.*, d.user_id, d.resource, d.auth_method
    FROM mcp_oauth_tokens t LEFT JOIN mcp_token_details d ON d.token_id = t.id
"""
_ONE = _SELECT + "WHERE t.server_name = :server_name AND t.project_path = :project_path ORDER BY t.created_at DESC"
_LATEST = _SELECT + "WHERE t.server_name = :name AND t.server_url = :url ORDER BY t.updated_at DESC"
_DUE = _SELECT + "WHERE t.refresh_token IS NOT NULL AND t.expires_at < :moment ORDER BY t.expires_at"
_DELETE = "DELETE FROM mcp_oauth_tokens WHERE server_name = :server_name AND project_path = :project_path"
_INSERT = """
    INSERT INTO mcp_oauth_tokens (
        id, server_name, project_path, server_url, access_token, refresh_token, token_type, expires_at, scope,
        token_endpoint, client_id, client_secret, created_at, updated_at
    ) VALUES (
        :id, :server_name, :project_path, :server_url, :access_token, :refresh_token, 'Bearer', :expires_at, :scope,
        :token_endpoint, :client_id, :client_secret, :now, :now
    )
"""
_DETAILS = "INSERT INTO mcp_token_details (token_id, user_id, resource, auth_method) VALUES (?, ?, ?, ?)"
_UPDATE = """
    UPDATE mcp_oauth_tokens
    SET access_token = :access_token, refresh_token = :refresh_token, expires_at = :expires_at,
        scope = COALESCE(:scope, scope), updated_at = :now
    WHERE id = :id
"""
_OF_USER = """
    DELETE FROM mcp_oauth_tokens WHERE id IN (SELECT token_id FROM mcp_token_details WHERE user_id = ?)
"""
_CLEAR = "UPDATE mcp_oauth_tokens SET refresh_token = NULL, updated_at = ? WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Grant:
    """A row, decrypted.

    Attributes:
        server_name, project_path, server_url: what the token is for.
        token_endpoint: where it is renewed.
        client: who we are there.
        tokens: what we hold.
        user_id: who signed in; empty for rows of the reference server.
        resource: of RFC 8707.
        id: of the row; empty before it is stored.
    """

    server_name: str
    project_path: str
    server_url: str
    token_endpoint: str
    client: OAuthClient
    tokens: Tokens = field(repr=False)
    user_id: str
    resource: str
    id: str = ""


class TokenStore:
    """Reads and writes the rows."""

    def __init__(self, ctx: PluginContext) -> None:
        self._db = ctx.db
        self._secrets: Secrets = ctx.get(SECRETS)

    async def find(self, server_name: str, project_path: str) -> Grant | None:
        """Return what is held for a server."""
        row = await self._db.one(_ONE, server_name=server_name, project_path=project_path)
        return self._grant(row) if row else None

    async def latest(self, server_name: str, server_url: str) -> Grant | None:
        """Return what is held for a server that all projects share, from whichever of them one has signed in."""
        row = await self._db.one(_LATEST, name=server_name, url=server_url)
        return self._grant(row) if row else None

    async def due(self, moment: str) -> list[Grant]:
        """Return what can be renewed and ends before `moment` (ISO)."""
        grants = [self._grant(row) for row in await self._db.rows(_DUE, moment=moment)]
        return [grant for grant in grants if grant is not None]

    async def save(self, grant: Grant) -> Grant:
        """Store a grant in place of what is held for its server and project path."""
        stored = replace(grant, id=secrets.token_hex(8))
        row = {**self._row(stored), "now": now()}
        details = (stored.id, stored.user_id, stored.resource, stored.client.auth_method)

        def unit(tx: Transaction) -> None:
            tx.execute(_DELETE, row)
            tx.execute(_INSERT, row)
            tx.execute(_DETAILS, details)

        await self._db.write(unit)
        return stored

    async def renew(self, grant: Grant, tokens: Tokens) -> Grant:
        """Store new tokens; an old refresh token stays if no new one was given (RFC 6749 §6)."""
        kept = replace(tokens, refresh=tokens.refresh or grant.tokens.refresh)
        stored = replace(grant, tokens=kept)
        row = {**self._row(stored), "now": now()}
        await self._db.write(lambda tx: tx.execute(_UPDATE, row))
        return stored

    async def clear_refresh(self, grant: Grant) -> None:
        """Forget a refresh token that is not accepted any more."""
        await self._db.write(lambda tx: tx.execute(_CLEAR, (now(), grant.id)))

    async def delete(self, server_name: str, project_path: str) -> None:
        """Delete what is held for a server."""
        key = {"server_name": server_name, "project_path": project_path}
        await self._db.write(lambda tx: tx.execute(_DELETE, key))

    async def delete_of_user(self, user_id: str) -> None:
        """Delete what a user has signed in for."""
        await self._db.write(lambda tx: tx.execute(_OF_USER, (user_id,)))

    def _row(self, grant: Grant) -> dict[str, Any]:
        return {
            "id": grant.id,
            "server_name": grant.server_name,
            "project_path": grant.project_path,
            "server_url": grant.server_url,
            "access_token": self._secrets.encrypt(grant.tokens.access),
            "refresh_token": self._encrypted(grant.tokens.refresh),
            "expires_at": grant.tokens.expires_at,
            "scope": grant.tokens.scope,
            "token_endpoint": grant.token_endpoint,
            "client_id": grant.client.id,
            "client_secret": self._encrypted(grant.client.secret),
        }

    def _encrypted(self, text: str | None) -> str | None:
        return None if text is None else self._secrets.encrypt(text)

    def _grant(self, row: Row) -> Grant | None:
        """Return the row decrypted; None if it lacks what is needed or cannot be decrypted (``database.md`` §4)."""
        access = self._secrets.decrypt(row["access_token"])
        if access is None or not row["token_endpoint"] or not row["client_id"]:
            return None
        secret = self._secrets.decrypt(row["client_secret"])
        method = row["auth_method"] or (POST if secret else PUBLIC)
        refresh = self._secrets.decrypt(row["refresh_token"])
        return Grant(
            server_name=row["server_name"],
            project_path=row["project_path"],
            server_url=row["server_url"],
            token_endpoint=row["token_endpoint"],
            client=OAuthClient(row["client_id"], secret, method),
            tokens=Tokens(access, refresh, row["expires_at"], row["scope"]),
            user_id=row["user_id"] or "",
            resource=row["resource"] or row["server_url"],
            id=row["id"],
        )


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give all sign-ins of one user to another."""
    tx.execute("UPDATE mcp_token_details SET user_id = ? WHERE user_id = ?", (owner, previous))
