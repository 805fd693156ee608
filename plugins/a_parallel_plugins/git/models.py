"""Queries, bodies and answers of ``/api/git``."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from a_parallel_contracts import WireModel
from a_parallel_contracts.git import GitSummary

Filled = Annotated[str, Field(min_length=1)]


class ProjectQuery(WireModel):
    """Names a project in the query string."""

    project_id: str | None = None


class Statuses(WireModel):
    """States of a project's working trees."""

    statuses: list[GitSummary]


class DiffQuery(WireModel):
    """Query of ``GET /api/git/:threadId/diff``.

    Attributes:
        path: only this file, with all of its text.
        staged: of that file the staged, or the unstaged change; what the list shows by default.
    """

    path: str | None = None
    staged: bool | None = None


class Paths(WireModel):
    """Body of ``stage``, ``unstage`` and ``revert``: paths as the list of changes has them."""

    paths: list[Filled] = Field(min_length=1)


class CommitBody(WireModel):
    """Body of ``commit``."""

    message: Filled


class PullRequestBody(WireModel):
    """Body of ``pr``."""

    title: Filled
    body: str


class MessageBody(WireModel):
    """Body of ``generate-commit-message``; only ``true`` itself includes what is not staged."""

    include_unstaged: Annotated[Any, WithJsonSchema({"type": "boolean"})] = None


class Output(WireModel):
    """What git said about something that went well."""

    ok: bool = True
    output: str


class PullRequestAnswer(WireModel):
    """Where a pull request is."""

    ok: bool = True
    url: str


class Restored(WireModel):
    """What a restored snapshot became: changes of files, or the branch that now holds its commit."""

    ok: bool = True
    branch: str | None = Field(default=None, exclude_if=lambda value: value is None)
