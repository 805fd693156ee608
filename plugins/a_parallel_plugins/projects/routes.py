"""Routes of ``/api/projects`` (``http-core.md`` §5.1 to §5.6)."""

from pathlib import Path

from a_parallel_contracts import Ok, PluginContext, Request, Route, delete, get, patch, post, put
from a_parallel_contracts.git import GIT, Branches
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_plugins.projects.models import CreatedProject, NewOrder, NewProject, ProjectChanges
from a_parallel_plugins.projects.service import ProjectService


def project_routes(ctx: PluginContext, projects: ProjectService) -> list[Route]:
    """Return the routes; ``reorder`` is a literal beside the id of a project."""

    async def show_all(request: Request) -> list[Project]:
        """Return the projects in the order of the sidebar."""
        return await projects.visible(request.actor)

    async def create(request: Request[None, NewProject]) -> CreatedProject:
        """Register a directory in a git working tree."""
        project = await projects.create(request.actor, request.body.name, request.body.path)
        return CreatedProject.model_validate(project.model_dump(exclude={"color"}))

    async def change(request: Request[Project, ProjectChanges]) -> Project:
        """Change the name or the colour of a project."""
        return await projects.change(request.resource, request.body.model_dump(exclude_unset=True))

    async def remove(request: Request) -> Ok:
        """Delete a project with its threads; a project that is not there counts as deleted."""
        await projects.delete(request.actor, request.params["id"])
        return Ok()

    async def reorder(request: Request[None, NewOrder]) -> Ok:
        """Put projects in another order."""
        await projects.reorder(request.actor, request.body.project_ids)
        return Ok()

    async def branches(request: Request[Project]) -> Branches:
        """Return the branches of a project's repository."""
        return await ctx.get(GIT).branches(Path(request.resource.path))

    return [
        get("/api/projects", show_all),
        post("/api/projects", create, status=201, repeatable=True),
        put("/api/projects/reorder", reorder, repeatable=True),
        patch("/api/projects/{id}", change, loads=PROJECTS, repeatable=True),
        delete("/api/projects/{id}", remove, repeatable=True),
        get("/api/projects/{id}/branches", branches, loads=PROJECTS),
    ]
