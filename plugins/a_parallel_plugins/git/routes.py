"""Routes of ``/api/git`` that read (``http-core.md`` §7.2)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from a_parallel_contracts import ApiError, BadRequest, PluginContext, Request, Route, get
from a_parallel_contracts.git import GitSummary
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import THREADS, Thread, ThreadMode
from a_parallel_plugins.git.models import ProjectQuery, Statuses
from a_parallel_plugins.git.threads import ThreadTrees


def read_routes(ctx: PluginContext, trees: ThreadTrees) -> list[Route]:
    """Return the routes that change nothing."""

    async def statuses(request: Request[None, None, ProjectQuery]) -> Statuses:
        """Return the states of a project's worktrees; those that cannot be read are left out."""
        if not request.query.project_id:
            raise BadRequest("projectId required")
        project = await ctx.get(PROJECTS).load(request.actor, request.query.project_id)
        threads = await ctx.get(THREADS).visible(request.actor, project_id=project.id)
        return Statuses(statuses=await _readable(ctx, trees, [thread for thread in threads if _has_worktree(thread)]))

    async def status(request: Request[Thread]) -> GitSummary:
        """Return the state of the directory in which a thread works."""
        return await trees.summary(request.resource)

    return [
        get("/api/git/status", statuses),
        get("/api/git/{thread}/status", status, loads=THREADS),
    ]


def _has_worktree(thread: Thread) -> bool:
    return thread.mode == ThreadMode.WORKTREE and bool(thread.worktree_path and thread.branch) and not thread.archived


async def _readable(ctx: PluginContext, trees: ThreadTrees, threads: Sequence[Thread]) -> list[GitSummary]:
    async def read(thread: Thread) -> GitSummary | None:
        try:
            return await trees.summary(thread)
        except ApiError as error:
            ctx.log.info("no status of %s: %s", Path(thread.worktree_path or "").name, error.message)
            return None

    found = await asyncio.gather(*(read(thread) for thread in threads))
    return [summary for summary in found if summary is not None]
