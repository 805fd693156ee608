"""Queries, bodies and answers of ``/api/worktrees`` (``http-core.md`` §9)."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from a_parallel_contracts import WireModel


def _base(text: str) -> str:
    if not text:
        raise PydanticCustomError("required", "baseBranch is required")
    return text


class ProjectQuery(WireModel):
    """Names a project in the query string."""

    project_id: str | None = None


class NewWorktreeBody(WireModel):
    """Body of ``POST /api/worktrees``."""

    project_id: str = Field(min_length=1)
    branch_name: str = Field(min_length=1)
    base_branch: Annotated[str, AfterValidator(_base)]


class OldWorktreeBody(WireModel):
    """Body of ``DELETE /api/worktrees``."""

    project_id: str = Field(min_length=1)
    worktree_path: str = Field(min_length=1)


class CreatedWorktree(WireModel):
    """Answer of ``POST /api/worktrees``."""

    path: str
    branch: str
