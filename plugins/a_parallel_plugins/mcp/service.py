"""The parts of the plugin, put together."""

from functools import cached_property
from typing import TYPE_CHECKING

from a_parallel_contracts import ApiError, PluginContext
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.projects import PROJECTS
from a_parallel_plugins.mcp.cli import McpCommands
from a_parallel_plugins.mcp.places import Places
from a_parallel_plugins.mcp.refresh import Refresher
from a_parallel_plugins.mcp.rewriting import Rewriter
from a_parallel_plugins.mcp.servers import Servers
from a_parallel_plugins.mcp.settings import McpSettings
from a_parallel_plugins.mcp.store import TokenStore

if TYPE_CHECKING:  # loaded with the first sign-in
    from a_parallel_plugins.mcp.oauth import OAuth


class McpService:
    """Holds the parts."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        settings = ctx.settings(McpSettings)
        commands = McpCommands(ctx.get(CLAUDE_CLI), settings.list_timeout)
        places = self._places = Places(ctx.get(PROJECTS), admins_only=settings.admins_only)
        store = self._store = TokenStore(ctx)
        self._log = ctx.log
        self._rewriter = Rewriter(ctx, commands)
        self._refresher = Refresher(ctx, settings, store, self._rewriter)
        self.servers = Servers(ctx, commands, places, self._rewriter, store, self._refresher.heal)

    @cached_property
    def oauth(self) -> "OAuth":
        """What the routes do about signing in."""
        from a_parallel_plugins.mcp.oauth import OAuth

        return OAuth(self._ctx, self._places, self.servers, self._rewriter, self._store)

    async def begin(self) -> None:
        """Put back what a killed server has taken out, then renew what has ended meanwhile."""
        try:
            await self._rewriter.restore()
        except ApiError as error:
            self._log.error("MCP servers could not be put back: %s", error.message)
        await self.renew_due()

    async def renew_due(self) -> None:
        """Renew tokens that end soon."""
        await self._refresher.renew_due()

    async def user_deleted(self, event: UserDeleted) -> None:
        """Forget what a user has signed in for."""
        await self._store.delete_of_user(event.user_id)

    async def close(self) -> None:
        """Let changes of the CLI's configuration come to their end."""
        await self._rewriter.finish()
