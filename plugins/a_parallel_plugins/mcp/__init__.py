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
    )
    service: "McpService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Put back what a killed server has taken out, and renew what has expired meanwhile."""
        from a_parallel_plugins.mcp.service import McpService

        self.service = McpService(ctx)
        await ctx.get(SECRETS).protect("mcp_rewrites", "definition")
        ctx.on(UserDeleted, self.service.user_deleted)
        ctx.spawn(self.service.begin(), name="restore MCP servers and renew their tokens")
        yield
        await self.service.close()

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
        return [Job("renew MCP tokens", REFRESH_INTERVAL, self.service.renew_due)]
