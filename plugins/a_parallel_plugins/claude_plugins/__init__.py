"""Plugins of the Claude CLI: which are installed, installing, removing (``http-features.md`` §3).

They are the CLI's plugins, kept below ``~/.claude/plugins``, not this server's.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_plugins.claude_plugins.settings import ClaudePluginsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.claude_plugins.service import ClaudePluginService


class ClaudePluginsPlugin(Plugin):
    """Shows the plugins of the Claude CLI, installs and removes them."""

    manifest = Manifest(api="1.0", optional=(CLAUDE_CLI,), settings=ClaudePluginsSettings)
    service: "ClaudePluginService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Nothing is held open: every request reads the CLI's files anew."""
        from a_parallel_plugins.claude_plugins.service import ClaudePluginService

        self.service = ClaudePluginService(ctx)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §3, and those that change something."""
        from a_parallel_plugins.claude_plugins.routes import claude_plugin_routes

        return claude_plugin_routes(self.service)
