"""Queries, bodies and answers of ``/api/worktrees`` (``http-core.md`` §9)."""

from pydantic import Field

from a_parallel_contracts import WireModel


class ProjectQuery(WireModel):
    """Names a project in the query string."""

    project_id: str | None = None


class NewWorktreeBody(WireModel):
    """Body of ``POST /api/worktrees``."""

    project_id: str = Field(min_length=1)
    branch_name: str = Field(min_length=1)
    base_branch: str = Field(min_length=1)


class OldWorktreeBody(WireModel):
    """Body of ``DELETE /api/worktrees``; `confirmed` if large ignored files may be lost."""

    project_id: str = Field(min_length=1)
    worktree_path: str = Field(min_length=1)
    confirmed: bool = False


class CreatedWorktree(WireModel):
    """Answer of ``POST /api/worktrees``."""

    path: str
    branch: str
