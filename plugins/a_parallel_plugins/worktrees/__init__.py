"""Worktrees: one working tree for each thread, beside the project."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Literal

from a_parallel_contracts import Finding, Job, Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS, Project, ProjectHooks
from a_parallel_contracts.threads import Thread, ThreadChanges, ThreadHooks, ThreadMode
from a_parallel_contracts.worktrees import WORKTREES, WorktreeHooks
from a_parallel_plugins.worktrees.settings import WorktreesSettings

if TYPE_CHECKING:
    from a_parallel_plugins.worktrees.service import WorktreeService

RETENTION_EVERY = 3600.0
"""Seconds after which the rules are applied again."""


class WorktreesPlugin(Plugin, ThreadHooks, ProjectHooks):
    """Makes and removes working trees without losing anybody's work."""

    manifest = Manifest(
        api="1.0",
        requires=(GIT, PROJECTS),
        provides=(WORKTREES,),
        settings=WorktreesSettings,
        migrations="a_parallel_migrations:worktrees",
        hooks=(WorktreeHooks,),
        routes_below=("/api/worktrees",),
    )
    service: "WorktreeService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide `Worktrees` and delete what an earlier server has set aside."""
        from a_parallel_plugins.worktrees.service import WorktreeService

        self.service = WorktreeService(ctx)
        ctx.provide(WORKTREES, self.service)
        if not ctx.server.maintenance:
            await self.service.remains.go_on()
            ctx.spawn(self.service.examiner.reconcile(), name="rows of worktrees that are gone")
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-core.md`` §9."""
        from a_parallel_plugins.worktrees.routes import worktree_routes

        return worktree_routes(ctx, self.service)

    @hookimpl
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """Return the rules by which worktrees go, if there are any."""
        return [Job("retention", RETENTION_EVERY, self.service.retain)] if self.service.retention.wanted else []

    @hookimpl
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        """Hold rows, git, threads and the disk against each other."""
        found = await self.service.examiner.examine(repair=repair)
        return [*found, *(await self.service.would_go())]

    @hookimpl
    async def release_thread(
        self, ctx: PluginContext, thread: Thread, reason: Literal["archive", "delete", "project"]
    ) -> ThreadChanges | None:
        """Remove the thread's working tree, after what is uncommitted has been kept.

        Whoever archives a thread has confirmed that large ignored files go.
        """
        if thread.mode != ThreadMode.WORKTREE:
            return None
        if reason == "project":
            return await self.service.release_clean(thread)
        return await self.service.release_thread(thread, confirmed=reason == "archive")

    @hookimpl
    async def provide_directory(self, ctx: PluginContext, thread: Thread) -> ThreadChanges | None:
        """Make the thread's working tree anew."""
        return await self.service.provide_directory(thread) if thread.mode == ThreadMode.WORKTREE else None

    @hookimpl
    async def release_project(self, ctx: PluginContext, project: Project) -> None:
        """Remove the project's working trees that have nothing uncommitted."""
        await self.service.release_project(project)
