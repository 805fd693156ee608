"""Routes of ``/api/worktrees`` (``http-core.md`` §9)."""

from a_parallel_contracts import BadRequest, Ok, PluginContext, Request, Route, delete, get, post
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.worktrees import Worktree, WorktreeHooks
from a_parallel_plugins.worktrees.models import CreatedWorktree, NewWorktreeBody, OldWorktreeBody, ProjectQuery
from a_parallel_plugins.worktrees.retention import Removal, WorktreeUsage
from a_parallel_plugins.worktrees.service import WorktreeService


def worktree_routes(ctx: PluginContext, worktrees: WorktreeService) -> list[Route]:
    """Return the routes."""

    async def show_all(request: Request[None, None, ProjectQuery]) -> list[Worktree]:
        """Return the working trees of a project's repository, main first."""
        if not request.query.project_id:
            raise BadRequest("projectId is required")
        return await worktrees.list(await ctx.get(PROJECTS).load(request.actor, request.query.project_id))

    async def create(request: Request[None, NewWorktreeBody]) -> CreatedWorktree:
        """Make a branch and a working tree for it, without a thread."""
        project = await ctx.get(PROJECTS).load(request.actor, request.body.project_id)
        made = await worktrees.create(project, request.body.branch_name, request.body.base_branch.strip())
        return CreatedWorktree(path=made.path, branch=made.branch)

    async def remove(request: Request[None, OldWorktreeBody]) -> Ok:
        """Remove a working tree; its branch is kept, and its uncommitted changes under a ref."""
        asked = await ctx.get(PROJECTS).load(request.actor, request.body.project_id)
        project, path = await worktrees.locate(request.actor, asked, request.body.worktree_path)
        await ctx.hooks.collect(WorktreeHooks.before_worktree_removed, project, path)
        await worktrees.remove(project, path, keep_branch=True, confirmed=request.body.confirmed)
        return Ok()

    async def usage(request: Request) -> list[WorktreeUsage]:
        """Return the working trees of one's own projects with what they take on disk."""
        mine = {project.id for project in await ctx.get(PROJECTS).visible(request.actor)}
        return [use for use in await worktrees.retention.usage() if use.project_id in mine]

    async def plan(request: Request) -> list[Removal]:
        """Return what the rules of retention would remove now; nothing changes."""
        return await worktrees.retention.plan()

    async def apply(request: Request) -> list[Removal]:
        """Apply the rules of retention now, and return what became of each."""
        return await worktrees.retention.apply()

    return [
        get("/api/worktrees/usage", usage),
        get("/api/worktrees/retention", plan, access="admin"),
        post("/api/worktrees/retention", apply, access="admin"),
        get("/api/worktrees", show_all),
        post("/api/worktrees", create, status=201),
        delete("/api/worktrees", remove),
    ]
