"""Merge: brings the branches of worktrees into their target, and has an agent resolve conflicts.

A branch is merged in a temporary working tree, where hooks run and conflicts are resolved; the target moves when git
says that all is well, and nothing else of the user's is touched.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.admission import ADMISSION
from a_parallel_contracts.agents import AGENTS
from a_parallel_contracts.git import GIT
from a_parallel_contracts.merge import MERGE
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import THREADS, Thread, ThreadChanged, ThreadHooks
from a_parallel_contracts.worktrees import WORKTREES
from a_parallel_plugins.merge.settings import Settings

if TYPE_CHECKING:
    from a_parallel_plugins.merge.interactive import ThreadMerger
    from a_parallel_plugins.merge.runs import MergeRuns


class MergePlugin(Plugin, ThreadHooks):
    """Merges branches for people and for automations."""

    manifest = Manifest(
        api="1.0",
        requires=(GIT, THREADS, PROJECTS),
        optional=(WORKTREES, AGENTS, ADMISSION),
        provides=(MERGE,),
        settings=Settings,
        routes_below=("/api/git",),
    )
    _merger: "ThreadMerger"
    _runs: "MergeRuns"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide `Merges`, look at what an earlier server has left, and end all runs."""
        from a_parallel_plugins.merge.discovery import Discovery
        from a_parallel_plugins.merge.interactive import ThreadMerger
        from a_parallel_plugins.merge.leftovers import Leftovers
        from a_parallel_plugins.merge.merger import Merger
        from a_parallel_plugins.merge.runs import MergeRuns
        from a_parallel_plugins.merge.slots import Slots

        directory = ctx.server.data_directory.resolve() / "merges"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        merger, slots, discovery = Merger(ctx, directory), Slots(), Discovery(ctx)
        self._runs = MergeRuns(ctx, merger, slots, discovery)
        self._merger = ThreadMerger(ctx, merger, slots, discovery, self._runs)
        leftovers = Leftovers(ctx, directory)
        await leftovers.clear()
        ctx.provide(MERGE, self._runs)
        ctx.on(ThreadChanged, self._runs.thread_changed)
        ctx.defer(self._runs.close)
        ctx.spawn(leftovers.report(), name="merges in progress")
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the route of ``http-core.md`` §7.7."""
        from a_parallel_plugins.merge.routes import merge_routes

        return merge_routes(self._merger)

    @hookimpl
    async def works_for_thread(self, ctx: PluginContext, thread: Thread) -> bool:
        """Tell whether a merge is shown in the thread."""
        return self._runs.shown_in(thread.id)

    @hookimpl
    async def quiesce_thread(self, ctx: PluginContext, thread: Thread) -> None:
        """End the merge that a thread shows before it is archived or deleted."""
        await self._runs.stop(thread.id)
