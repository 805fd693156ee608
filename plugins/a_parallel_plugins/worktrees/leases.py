"""Rows about the branches and working trees that this server has made."""

import os
from pathlib import Path
from typing import Any

from a_parallel_contracts import Database, Event, Transaction, WireModel, new_id, now
from a_parallel_contracts.projects import Project
from a_parallel_contracts.worktrees import NewWorktree

_COLUMNS = "id, repository, project_id, thread_id, branch, base_commit, path, real_path, created_at"
_OF_BRANCH = f"SELECT {_COLUMNS} FROM worktrees_leases WHERE repository = :repository AND branch = :branch"  # noqa: S608
_OF_PROJECT = f"SELECT {_COLUMNS} FROM worktrees_leases WHERE project_id = :project_id AND path IS NOT NULL"  # noqa: S608
_WITH_PATH = f"SELECT {_COLUMNS} FROM worktrees_leases WHERE path IS NOT NULL"  # noqa: S608
_OF_PATH = f"SELECT {_COLUMNS} FROM worktrees_leases WHERE path = :path OR real_path = :real_path"  # noqa: S608
_VACATE = "UPDATE worktrees_leases SET path = NULL, real_path = NULL WHERE path = :path OR real_path = :real_path"
_BIRTH = "SELECT base_commit FROM worktrees_leases WHERE project_id = :project_id AND branch = :branch"
_GRANT = """
    INSERT INTO worktrees_leases
        (id, repository, project_id, thread_id, branch, base_commit, path, real_path, created_at)
    VALUES (:id, :repository, :project_id, :thread_id, :branch, :base_commit, :path, :real_path, :created_at)
    ON CONFLICT (repository, branch) DO UPDATE SET
        project_id = excluded.project_id,
        thread_id = excluded.thread_id,
        base_commit = COALESCE(excluded.base_commit, base_commit),
        path = excluded.path,
        real_path = excluded.real_path
"""


class Lease(WireModel):
    """A branch of ours. `path` is None while it has no working tree."""

    id: str
    repository: str
    project_id: str
    thread_id: str | None
    branch: str
    base_commit: str | None
    path: str | None
    real_path: str | None
    created_at: str


class Leases:
    """Reads and writes leases."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def grant(
        self, project: Project, repository: Path, worktree: NewWorktree, thread_id: str | None, *, new: bool
    ) -> None:
        """Record a working tree; `new` tells that its branch begins there."""
        values = {
            "id": new_id(),
            "repository": str(repository),
            "project_id": project.id,
            "thread_id": thread_id,
            "branch": worktree.branch,
            "base_commit": worktree.base if new else None,
            "path": worktree.path,
            "real_path": os.path.realpath(worktree.path),
            "created_at": now(),
        }
        await self._db.write(lambda tx: tx.execute(_GRANT, values))

    async def of_branch(self, repository: Path, branch: str) -> Lease | None:
        """Return the lease of a branch."""
        return await self._one(_OF_BRANCH, repository=str(repository), branch=branch)

    async def of_path(self, path: str) -> Lease | None:
        """Return the lease of a working tree, however its path is written."""
        return await self._one(_OF_PATH, path=path, real_path=os.path.realpath(path))

    async def of_project(self, project_id: str) -> list[Lease]:
        """Return the leases of a project that have a working tree."""
        return await self._db.read(_OF_PROJECT, into=Lease, project_id=project_id)

    async def with_path(self) -> list[Lease]:
        """Return the leases of all projects that have a working tree."""
        return await self._db.read(_WITH_PATH, into=Lease)

    async def birth(self, project_id: str, branch: str) -> str | None:
        """Return the commit at which a branch of ours was created."""
        row = await self._db.one(_BIRTH, project_id=project_id, branch=branch)
        return row["base_commit"] if row else None

    async def vacate(self, path: str) -> None:
        """Record that a branch has no working tree any more, before it gets another one."""
        await self._db.write(lambda tx: tx.execute(_VACATE, {"path": path, "real_path": os.path.realpath(path)}))

    async def end(self, lease: Lease | None, event: Event, *, branch_deleted: bool) -> None:
        """Record that a working tree is gone, and tell."""

        def write(tx: Transaction) -> None:
            if lease is not None:
                tx.execute(
                    "DELETE FROM worktrees_leases WHERE id = ?"
                    if branch_deleted
                    else "UPDATE worktrees_leases SET path = NULL, real_path = NULL WHERE id = ?",
                    (lease.id,),
                )
            tx.emit(event)

        await self._db.write(write)

    async def _one(self, sql: str, **params: Any) -> Lease | None:
        found = await self._db.read(sql, into=Lease, **params)
        return found[0] if found else None
