"""Queries and answers of ``/api/git``."""

from a_parallel_contracts import WireModel
from a_parallel_contracts.git import GitSummary


class ProjectQuery(WireModel):
    """Names a project in the query string."""

    project_id: str | None = None


class Statuses(WireModel):
    """States of a project's working trees."""

    statuses: list[GitSummary]
