"""Hosts: the seam to other machines; the bundled host is this machine.

What a child gets, and how it ends:

- Each child leads a session and process group of its own and is started by an argv list, never by a shell string.
- Long-lived ones (`Host.spawn`, `Host.open_pty`) are written down by pid and start time before the caller may use
  them. Those with pipes carry a marker of this data directory in their environment, since the Claude CLI's own
  children leave its group (``claude-cli.md`` §12).
- Ending one means its group, its session, its marked descendants and their children: SIGTERM, and SIGKILL after a
  grace. Terminals are hung up instead. Every signal goes to a pid together with a start time, never to a bare pid.
- When the plugin starts, whatever an earlier server of the same data directory left behind is ended first; when it
  stops, everything is. Programs that are detached are nobody's.
- Programs in a holder (`Holders`) are not left behind: the next server attaches to them, unless nobody does for
  ``holder_patience`` seconds. What is held is listed by ``a-parallel holders`` and ``GET /api/hosts/holders``.

Windows is not supported. On macOS, `a_parallel_plugins.hosts.ps` has the limits.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Command, Finding, Health, Manifest, Metric, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.hosts import HOLDERS, HOSTS
from a_parallel_plugins.hosts.settings import HostsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.hosts.service import HostsService


class HostsPlugin(Plugin):
    """Run commands, hold processes with pipes, open terminals."""

    manifest = Manifest(
        api="1.0",
        provides=(HOSTS, HOLDERS),
        settings=HostsSettings,
        migrations="a_parallel_migrations:hosts",
        routes_below=("/api/hosts",),
    )
    _service: "HostsService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """End what an earlier server left behind, then serve; end everything on the way out."""
        from a_parallel_plugins.hosts.service import HostsService

        service = await HostsService.open(ctx.db, ctx.server.data_directory, ctx.settings(HostsSettings))
        self._service = service
        try:
            if not ctx.server.maintenance and (count := await service.end_leftovers()):
                ctx.log.warning("ended %d processes that an earlier server had left running", count)
            ctx.provide(HOSTS, service)
            ctx.provide(HOLDERS, service.holders)
            yield
        finally:
            looking = ctx.server.maintenance
            await service.close(leaving=ctx.handing_over or looking, own=looking)

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the list of holders."""
        from a_parallel_plugins.hosts.listing import holder_routes

        return holder_routes(self._service.holders)

    @hookimpl
    def commands(self, ctx: PluginContext) -> Iterable[Command]:
        """Return ``a-parallel holders``."""
        from a_parallel_plugins.hosts.listing import holders_command

        return [holders_command(ctx.server.data_directory)]

    @hookimpl
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        """Look for processes that an earlier server left running, and end them."""
        return await self._service.examine(repair)

    @hookimpl
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        """Tell how many children there are."""
        counts = {"server": self._service.local.running, "holder": self._service.holders.attached}
        return [Metric("processes", "Children that run, by the one whose children they are.", counts, label="parent")]

    @hookimpl
    async def health(self, ctx: PluginContext) -> Health:
        """Tell how many children there are."""
        running, held = self._service.local.running, self._service.holders.attached
        return Health(ok=True, detail=f"{running + held} running" + (f", {held} of them in holders" if held else ""))
