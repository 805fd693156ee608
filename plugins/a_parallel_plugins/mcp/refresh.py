"""Renews tokens: before they end, and when a server does not take one any more (``http-features.md`` §1.7)."""

import asyncio
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from a_parallel_contracts import ApiError, BadRequest, PluginContext, iso
from a_parallel_plugins.mcp.entries import Entry, find_entry
from a_parallel_plugins.mcp.rewriting import Rewriter
from a_parallel_plugins.mcp.settings import McpSettings
from a_parallel_plugins.mcp.store import Grant, TokenStore

if TYPE_CHECKING:  # loaded with the first token
    from a_parallel_plugins.mcp.fetching import Fetcher

_LONGEST_PAUSE = 3600.0
"""Seconds between two attempts at a token endpoint that does not answer."""


class Refresher:
    """Renews one token of a server at a time."""

    def __init__(self, ctx: PluginContext, settings: McpSettings, store: TokenStore, rewriter: Rewriter) -> None:
        self._log = ctx.log
        self._settings = settings
        self._store = store
        self._rewriter = rewriter
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._pauses: dict[str, tuple[float, float]] = {}

    async def renew_due(self) -> None:
        """Renew every token that ends soon and whose server is still there; failures are logged and tried again."""
        soon = datetime.now(UTC) + timedelta(seconds=self._settings.refresh_before)
        for grant in await self._store.due(iso(soon)):
            if self._paused(grant):
                continue
            try:
                await self._renew_if_in_use(grant)
                self._pauses.pop(grant.id, None)
            except ApiError as error:
                self._pause(grant)
                self._log.warning("The token for MCP server %s was not renewed: %s", grant.server_name, error.message)

    async def heal(self, directory: Path, entry: Entry) -> bool:
        """Renew the token of a server that answers 401, and tell whether it accepts us then.

        Only for servers at which somebody signed in through this server.
        """
        grant = await self._store.find(entry.name, str(directory))
        if grant is None and entry.scope == "user":
            grant = await self._store.latest(entry.name, str(entry.url))
        if grant is None or grant.tokens.refresh is None or grant.server_url != entry.url:
            return False
        try:
            if not await self._refuses(grant, entry.authorization):
                return False
            renewed = await self._renew(grant, directory, entry)
            return not await self._refuses(renewed, f"Bearer {renewed.tokens.access}")
        except ApiError as error:
            self._log.warning("The token for MCP server %s was not renewed: %s", entry.name, error.message)
            return False

    async def _renew_if_in_use(self, grant: Grant) -> None:
        """Renew what the CLI really uses: a header that the user has changed since is left alone."""
        directory = Path(grant.project_path)
        entry = await asyncio.to_thread(find_entry, directory, grant.server_name)
        used = entry is not None and entry.authorization == f"Bearer {grant.tokens.access}"
        if entry is not None and used and entry.url == grant.server_url and await asyncio.to_thread(directory.is_dir):
            await self._renew(grant, directory, entry)

    async def _renew(self, grant: Grant, directory: Path, entry: Entry) -> Grant:
        """Renew, unless somebody else has done it while we waited, and let the CLI know.

        The new tokens are stored before anything else: the old refresh token may be void from now on.
        """
        async with self._locks[grant.server_name, grant.project_path]:
            current = await self._store.find(grant.server_name, grant.project_path)
            if current is None or current.tokens.refresh is None:
                raise BadRequest("it cannot be renewed; sign in again")
            if current.tokens.access == grant.tokens.access:
                current = await self._ask(current, current.tokens.refresh)
            await self._rewriter.set_bearer(directory, entry, current.tokens.access)
            return current

    async def _fetcher(self, grant: Grant) -> "Fetcher":
        from a_parallel_plugins.mcp.fetching import Fetcher
        from a_parallel_plugins.mcp.guard import Guard

        return Fetcher(await Guard.of(grant.server_url), self._settings.request_timeout)

    async def _ask(self, grant: Grant, refresh: str) -> Grant:
        from a_parallel_plugins.mcp.tokens import InvalidGrant, renew

        async with await self._fetcher(grant) as fetcher:
            try:
                tokens = await renew(
                    fetcher, grant.token_endpoint, grant.client, refresh=refresh, resource=grant.resource
                )
            except InvalidGrant:
                await self._store.clear_refresh(grant)
                raise
        return await self._store.renew(grant, tokens)

    async def _refuses(self, grant: Grant, authorization: str | None) -> bool:
        async with await self._fetcher(grant) as fetcher:
            return (await fetcher.probe(grant.server_url, authorization)).status == 401

    def _paused(self, grant: Grant) -> bool:
        return self._pauses.get(grant.id, (0.0, 0.0))[0] > time.monotonic()

    def _pause(self, grant: Grant) -> None:
        pause = min(self._pauses.get(grant.id, (0.0, 30.0))[1] * 2, _LONGEST_PAUSE)
        self._pauses[grant.id] = (time.monotonic() + pause, pause)
