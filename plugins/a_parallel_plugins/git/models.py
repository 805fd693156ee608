"""Queries, bodies and answers of ``/api/git``."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

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
        against: ``base`` for everything that the work changes in its base branch: from the commit at which it left
            that branch to the files as they are now, committed or not, since that is what a merge would bring.
            No file is `staged` then. Without it, what is not committed yet.
    """

    path: str | None = None
    staged: bool | None = None
    against: Literal["base"] | None = None

    @model_validator(mode="after")
    def one_comparison(self) -> Self:
        """Refuse two comparisons at once."""
        if self.staged is not None and self.against is not None:
            raise ValueError("staged and against exclude each other; ask for one of them")
        return self


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
