"""Plugins of the Claude CLI: which are installed, installing, removing (``http-features.md`` §3).

They are the CLI's plugins, kept below ``~/.claude/plugins``, not this server's.
"""

from collections.abc import Iterable

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_plugins.claude_plugins.settings import ClaudePluginsSettings


class ClaudePluginsPlugin(Plugin):
    """Shows the plugins of the Claude CLI, installs and removes them."""

    manifest = Manifest(
        api="1.0",
        optional=(CLAUDE_CLI,),
        settings=ClaudePluginsSettings,
        routes_below=("/api/plugins", "/api/claude-plugins"),
    )

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §3, and those that change something."""
        from a_parallel_plugins.claude_plugins.routes import claude_plugin_routes
        from a_parallel_plugins.claude_plugins.service import ClaudePluginService

        return claude_plugin_routes(ClaudePluginService(ctx))
