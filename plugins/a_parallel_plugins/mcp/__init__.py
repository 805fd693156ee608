"""MCP servers of the Claude CLI, and signing in at those that want it (``http-features.md`` §1).

The CLI keeps the servers in its own files. They are read here, and changed through the CLI alone.

- `entries` reads the CLI's files (`roots` knows under which directory), `listing` what ``claude mcp list`` prints.
- `servers` lists, adds and removes; `cli` runs the CLI; `rewriting` exchanges an entry without ever losing it.
- `oauth` signs in: `discovery` finds the authorization server, `registration` introduces us, `flows` remembers who
  is on the way, `tokens` gets tokens, `store` keeps them, `refresh` renews them, `page` ends in the pop-up.
- `fetching` makes every request to a foreign server; `guard` says which addresses may be asked.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Job, Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.secrets import SECRETS
from a_parallel_plugins.mcp.settings import McpSettings

if TYPE_CHECKING:
    from a_parallel_plugins.mcp.service import McpService

REFRESH_INTERVAL = 60.0
"""Seconds between two looks at tokens that are about to expire."""


class McpPlugin(Plugin, AccountHooks):
    """Keeps the MCP servers of the Claude CLI."""

    manifest = Manifest(
        api="1.0",
        requires=(PROJECTS, SECRETS, CLAUDE_CLI),
        settings=McpSettings,
        migrations="a_parallel_migrations:mcp",
        tables=("mcp_oauth_tokens",),
        routes_below=("/api/mcp",),
    )
    _ctx: PluginContext
    _service: "McpService | None"

    @property
    def service(self) -> "McpService":
        """The parts of the plugin, which are loaded when somebody has, or asks for, an MCP server."""
        if self._service is None:
            from a_parallel_plugins.mcp.service import McpService

            self._service = McpService(self._ctx)
        return self._service

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Put back what a killed server has taken out, and renew what has expired meanwhile."""
        self._ctx, self._service = ctx, None
        await ctx.get(SECRETS).protect("mcp_rewrites", "definition")
        ctx.on(UserDeleted, self._user_deleted)
        ctx.spawn(self._begin(), name="restore MCP servers and renew their tokens")
        yield
        if self._service is not None:
            await self._service.close()

    async def _begin(self) -> None:
        if await self._ctx.db.one("SELECT 1 FROM mcp_rewrites UNION ALL SELECT 1 FROM mcp_oauth_tokens LIMIT 1"):
            await self.service.begin()

    async def _renew_due(self) -> None:
        if await self._ctx.db.one("SELECT 1 FROM mcp_oauth_tokens LIMIT 1"):
            await self.service.renew_due()

    async def _user_deleted(self, event: UserDeleted) -> None:
        await self.service.user_deleted(event)

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §1."""
        from a_parallel_plugins.mcp.routes import mcp_routes

        return mcp_routes(self.service)

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let the sign-ins of local mode become the first administrator's."""
        from a_parallel_plugins.mcp.store import move

        return Ownership(ctx.id, move, personal=True)

    @hookimpl
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """Renew tokens before they expire."""
        return [Job("renew MCP tokens", REFRESH_INTERVAL, self._renew_due)]
