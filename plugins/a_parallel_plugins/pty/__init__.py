"""Terminals in the browser (``websocket.md`` §7).

A page says ``pty:spawn``, ``pty:write``, ``pty:resize``, ``pty:kill``; terminals answer with ``pty:data`` and
``pty:exit`` to all sockets of their owner, and outlive them. Beyond the contract:

- ``pty:list`` is answered, to the asking socket alone, with ``pty:list {terminals: [{ptyId, cwd, rows, cols,
  createdAt}]}``: the user's own.
- ``pty:attach {id}`` is answered likewise with ``pty:attached {ptyId, cwd, rows, cols, createdAt}`` and one
  ``pty:data`` that holds the end of what the terminal has shown; then follows what it shows from now on. The page
  should clear its terminal when it gets the first and ignore what came before. Ids of others are ignored.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import (
    SOCKETS,
    Health,
    Inbound,
    Manifest,
    Metric,
    Plugin,
    PluginContext,
    SocketClosed,
    SocketOpened,
    Topic,
    hookimpl,
)
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.hosts import HOLDERS, HOSTS
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.pty import PtyAttached, PtyData, PtyExit
from a_parallel_contracts.threads import Thread, ThreadHooks
from a_parallel_contracts.worktrees import WorktreeRemoved
from a_parallel_plugins.pty.settings import PtySettings

if TYPE_CHECKING:
    from a_parallel_plugins.pty.service import TerminalService


class PtyPlugin(Plugin, ThreadHooks):
    """Opens shells on pseudo-terminals for browsers."""

    manifest = Manifest(api="1.0", requires=(HOSTS, SOCKETS), optional=(PROJECTS, HOLDERS), settings=PtySettings)
    service: "TerminalService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Follow sockets, users and working trees; hang everything up on the way out."""
        from a_parallel_plugins.pty.service import TerminalService

        self.service = TerminalService(ctx)
        await self.service.adopt()
        ctx.on(SocketOpened, self.service.opened)
        ctx.on(SocketClosed, self.service.closed)
        ctx.on(UserDeleted, self.service.user_deleted)
        ctx.on(WorktreeRemoved, self._worktree_removed)
        yield
        await self.service.close()

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return what goes over ``/ws``; none of it is ever logged."""
        from a_parallel_plugins.pty import models

        return [
            Topic("pty:data", PtyData, owner="owner", socket="socket_id", logged=False),
            Topic("pty:attached", PtyAttached, owner="owner", socket="socket_id", logged=False),
            Topic("pty:exit", PtyExit, owner="owner", logged=False),
            Inbound("pty:spawn", models.Spawn, self.service.spawn),
            Inbound("pty:write", models.Write, self.service.write),
            Inbound("pty:resize", models.Resize, self.service.resize),
            Inbound("pty:kill", models.Named, self.service.kill),
            Inbound("pty:list", models.Nothing, self.service.show_all, answer=models.TerminalList),
            Inbound("pty:attach", models.Named, self.service.attach),
        ]

    @hookimpl
    async def quiesce_thread(self, ctx: PluginContext, thread: Thread) -> None:
        """Hang up the terminals in a working tree that is about to go."""
        if thread.worktree_path:
            await self.service.leave(thread.worktree_path)

    @hookimpl
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        """Tell how many terminals there are."""
        return [Metric("open", "Open terminals.", len(self.service))]

    @hookimpl
    async def health(self, ctx: PluginContext) -> Health:
        """Tell how many terminals there are."""
        return Health(ok=True, detail=f"{len(self.service)} open")

    async def _worktree_removed(self, event: WorktreeRemoved) -> None:
        """Hang up what was left in a working tree that a person has removed."""
        await self.service.leave(event.path)
