"""Threads: their rows, messages, tool calls and stages, and what must happen before one goes."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from a_parallel_contracts import Inbound, Manifest, Metric, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS, Project, ProjectDeleted, ProjectHooks
from a_parallel_contracts.threads import THREADS, ThreadChanged, ThreadCreated, ThreadDeleted, ThreadHooks
from a_parallel_contracts.worktrees import WORKTREES, WorktreeHooks, WorktreeRemoved, WorktreeUse

if TYPE_CHECKING:
    from a_parallel_plugins.threads.lifecycle import Lifecycle


class ThreadsPlugin(Plugin, ProjectHooks, WorktreeHooks, AccountHooks):
    """Keeps threads and everything that was said in them."""

    manifest = Manifest(
        api="1.0",
        requires=(PROJECTS,),
        optional=(WORKTREES, GIT),
        provides=(THREADS,),
        tables=("threads", "messages", "tool_calls", "stage_history"),
        hooks=(ThreadHooks,),
        routes_below=("/api/threads",),
    )
    lifecycle: "Lifecycle"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide the thread store and listen for what happens to projects and working trees."""
        from a_parallel_plugins.threads.lifecycle import Lifecycle
        from a_parallel_plugins.threads.service import ThreadService
        from a_parallel_plugins.threads.telling import RowTeller

        service = ThreadService(ctx)
        self.lifecycle = Lifecycle(ctx, service)
        ctx.provide(THREADS, service)
        teller = RowTeller(ctx.publish)
        ctx.on(ThreadCreated, teller.created)
        ctx.on(ThreadChanged, teller.changed)
        ctx.on(ThreadDeleted, teller.deleted)
        ctx.on(ProjectDeleted, self.lifecycle.project_deleted)
        ctx.on(WorktreeRemoved, self.lifecycle.worktree_removed)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-core.md`` §6 that need no agent."""
        from a_parallel_plugins.threads.routes import thread_routes

        return thread_routes(ctx, self.lifecycle)

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Tell pages that ask for it what people do in other pages."""
        from a_parallel_plugins.threads.telling import ROW_TOPIC, message_topic

        return [message_topic(ctx.db), ROW_TOPIC]

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let threads pass from one owner to another."""
        from a_parallel_plugins.threads.rows import move

        return Ownership(ctx.id, move)

    @hookimpl
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        """Tell how many threads have which status."""
        rows = await ctx.db.rows("SELECT status, count(*) AS threads FROM threads WHERE archived = 0 GROUP BY status")
        counts = {row["status"]: row["threads"] for row in rows}
        return [Metric("open", "Threads that are not archived, by status.", counts, label="status")]

    @hookimpl
    async def quiesce_project(self, ctx: PluginContext, project: Project) -> None:
        """Quiesce every thread of a project that is about to go."""
        await self.lifecycle.quiesce_project(project)

    @hookimpl
    async def release_project(self, ctx: PluginContext, project: Project) -> None:
        """Give back what the threads of a project hold on disk."""
        await self.lifecycle.release_project(project)

    @hookimpl
    async def worktree_uses(self, ctx: PluginContext) -> list[WorktreeUse]:
        """Return the threads that have a working tree."""
        from a_parallel_plugins.threads.uses import worktree_uses

        return await ctx.db.run(worktree_uses)

    @hookimpl
    async def hold_worktree(self, ctx: PluginContext, path: str) -> AbstractAsyncContextManager[None]:
        """Keep the threads of a working tree from starting."""
        from a_parallel_plugins.threads.uses import holding

        return holding(self.lifecycle.threads, await self.worktree_uses(ctx), path)

    @hookimpl
    async def before_worktree_removed(self, ctx: PluginContext, project: Project, path: str) -> None:
        """Refuse while an agent works in that working tree."""
        await self.lifecycle.refuse_while_busy(project, path)
