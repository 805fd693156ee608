"""Lists the CLI's plugins by its files, and changes them through the CLI itself."""

import asyncio
from collections.abc import Sequence

from a_parallel_contracts import Actor, BadRequest, FailedDependency, Forbidden, NotFound, PluginContext
from a_parallel_contracts.claude import CLAUDE_CLI, user_home
from a_parallel_plugins.claude_plugins.models import InstalledPlugin, NewPlugin
from a_parallel_plugins.claude_plugins.reading import installed_plugins
from a_parallel_plugins.claude_plugins.settings import ClaudePluginsSettings


class ClaudePluginService:
    """What the routes do."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._settings = ctx.settings(ClaudePluginsSettings)
        self._changing = asyncio.Lock()

    async def installed(self) -> list[InstalledPlugin]:
        """Return the installed plugins."""
        return await asyncio.to_thread(installed_plugins)

    async def install(self, actor: Actor, new: NewPlugin) -> None:
        """Install a plugin for the user whose home directory the CLI uses.

        A marketplace may demand that a command of its own is run; nobody has seen it, so that is refused.

        Raises:
            Forbidden: only admins may.
            BadRequest: the CLI refused; the text is the CLI's.
            FailedDependency: there is no CLI, or it took too long.
        """
        self._admit(actor)
        if new.marketplace is not None and "@" in new.plugin:
            raise BadRequest("With a marketplace give the plugin's bare name, without @")
        source = [] if new.marketplace is None else [f"--marketplace={new.marketplace}"]
        await self._change("install", ["--scope=user", *source, new.plugin])

    async def remove(self, actor: Actor, id: str) -> None:
        """Remove a plugin; what it has saved goes with it, as the CLI does.

        Raises:
            Forbidden: only admins may.
            NotFound: it is not installed.
            BadRequest: the CLI refused; the text is the CLI's.
            FailedDependency: there is no CLI, or it took too long.
        """
        self._admit(actor)
        found = next((plugin for plugin in await self.installed() if plugin.id == id), None)
        if found is None:
            raise NotFound(f"No plugin {id!r} is installed; an id looks like name@marketplace")
        if found.scope not in (None, "user"):
            command = f"claude plugin uninstall --scope={found.scope} {id}"
            raise BadRequest(f"{id} is installed for a project; remove it there with: {command}")
        await self._change("uninstall", ["--scope=user", id])

    def _admit(self, actor: Actor) -> None:
        if self._settings.admins_only and not actor.administers:
            raise Forbidden("Plugins of the Claude CLI run for everybody on this server; ask an admin to change them")

    async def _change(self, command: str, arguments: Sequence[str]) -> None:
        cli = self._ctx.find(CLAUDE_CLI)
        if cli is None:
            raise FailedDependency("The plugin claude does not run; enable it to install or remove plugins")
        async with self._changing:  # the CLI rewrites its index as a whole
            done = await cli.run(["plugin", command, *arguments], cwd=user_home(), timeout=self._settings.timeout)
        if not done.ok:
            raise BadRequest(done.reason.removeprefix("✘ "))
