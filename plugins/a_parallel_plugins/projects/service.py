"""The project store: rows, and the rules about them (``http-core.md`` §5)."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from a_parallel_contracts import Actor, BadRequest, Conflict, NotFound, PluginContext, Reader, Transaction, new_id, now
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import (
    Project,
    ProjectCreated,
    ProjectDeleted,
    ProjectHooks,
    ProjectUpdated,
)
from a_parallel_contracts.worktrees import worktrees_directory
from a_parallel_plugins.projects.settings import ProjectsSettings

_COLUMNS = "id, name, path, color, user_id, sort_order, created_at"
_VISIBLE = f"SELECT {_COLUMNS} FROM projects WHERE (:all OR user_id = :user) ORDER BY sort_order, created_at, rowid"  # noqa: S608
_ONE = f"SELECT {_COLUMNS} FROM projects WHERE id = :id"  # noqa: S608
_INSERT = """
    INSERT INTO projects (id, name, path, color, user_id, sort_order, created_at)
    VALUES (:id, :name, :path, :color, :user_id, :sort_order, :created_at)
"""
_UPDATE = "UPDATE projects SET name = :name, color = :color, sort_order = :sort_order WHERE id = :id"
_DELETE = "DELETE FROM projects WHERE id = :id"
NOT_FOUND = "Project not found"


class ProjectService:
    """Fulfils the contract `Projects`, and changes projects for people."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._registering = asyncio.Lock()

    async def load(self, actor: Actor, id: str) -> Project:
        """Return the project called `id` if `actor` may see it."""
        project = await self.get(id)
        if project is None or not actor.owns(project.user_id):
            raise NotFound(NOT_FOUND)
        return project

    async def owner_of(self, id: str) -> str | None:
        """Return who owns the project called `id`."""
        project = await self.get(id)
        return project.user_id if project else None

    async def get(self, id: str) -> Project | None:
        """Return a project whoever owns it."""
        found = await self._ctx.db.read(_ONE, into=Project, id=id)
        return found[0] if found else None

    async def visible(self, actor: Actor) -> list[Project]:
        """Return the projects visible to `actor`, in the order of the sidebar."""
        return await self._ctx.db.read(_VISIBLE, into=Project, **_scope(actor))

    async def create(self, actor: Actor, name: str, path: str) -> Project:
        """Register the working tree at `path`.

        Raises:
            BadRequest: the path is relative or in no working tree, or somebody else's: both with the same text.
            Conflict: the directory or the name is registered already.
        """
        directory = await self._checked(actor, path)
        async with self._registering:  # so that two requests for one directory cannot both find it free
            await self._refuse_taken(actor, name, directory)
            return await self._ctx.db.write(lambda tx: _insert(tx, actor, name, directory))

    async def _checked(self, actor: Actor, path: str) -> str:
        if not path.startswith("/"):
            raise BadRequest("Project path must be absolute")
        if not _expressible(path):
            raise BadRequest(f"Not a git repository: {path!r}")
        directory = "/" + os.path.normpath(path).lstrip("/")
        closed = await self._belongs_to_others(actor, directory)
        if closed or not await self._ctx.get(GIT).is_work_tree(Path(directory)):
            raise BadRequest(f"Not a git repository: {directory}")
        return directory

    async def _belongs_to_others(self, actor: Actor, directory: str) -> bool:
        """Tell whether a directory is, holds or lies in a project of somebody else's, or their working trees."""
        if actor.sees_all or actor.administers or self._ctx.settings(ProjectsSettings).shared_directories:
            return False
        projects = await self._ctx.db.run(lambda reader: _all(reader, {"all": True, "user": actor.user_id}))
        foreign = [
            place
            for project in projects
            if not actor.owns(project.user_id)
            for place in (Path(project.path), worktrees_directory(project))
        ]
        return await asyncio.to_thread(_overlaps, Path(directory), foreign)

    async def _refuse_taken(self, actor: Actor, name: str, directory: str) -> None:
        known = await self.visible(actor)
        if await asyncio.to_thread(_registered, directory, [project.path for project in known]):
            raise Conflict(f"A project with this path already exists: {directory}")
        _refuse_name(name, known)

    async def change(self, project: Project, changes: dict[str, Any]) -> Project:
        """Change the name or the colour and return the project as it is then.

        Raises:
            NotFound: it has been deleted meanwhile.
            Conflict: another project of its owner has that name.
        """
        return await self._ctx.db.write(lambda tx: _update(tx, project.id, changes))

    async def reorder(self, actor: Actor, ids: list[str]) -> None:
        """Give each listed project its place; unknown ids are skipped but keep theirs."""
        await self._ctx.db.write(lambda tx: _reorder(tx, actor, ids))

    async def delete(self, actor: Actor, id: str) -> None:
        """Delete a project after everything that runs for it has ended; unknown and foreign ids are ignored.

        Raises:
            ApiError: a plugin refused; nothing was deleted.
        """
        project = await self.get(id)
        if project is None or not actor.owns(project.user_id):
            return
        await self._ctx.hooks.collect(ProjectHooks.quiesce_project, project)
        await self._ctx.hooks.collect(ProjectHooks.release_project, project)
        await self._ctx.db.write(lambda tx: _delete(tx, project))


def _expressible(path: str) -> bool:
    """Tell whether a text can name a file: no NUL, and nothing that is no character."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _scope(actor: Actor) -> dict[str, Any]:
    return {"all": actor.sees_all, "user": actor.user_id}


def _registered(directory: str, known: Iterable[str]) -> bool:
    """Tell whether a directory is registered, by whatever path (``http-core.md`` §5.8)."""
    real = os.path.realpath(directory)
    return any(directory == path or real == os.path.realpath(path) for path in known)


def _overlaps(directory: Path, places: Iterable[Path]) -> bool:
    """Tell whether a directory is one of the places, in one or above one, wherever links lead."""
    real = Path(os.path.realpath(directory))
    others = [Path(os.path.realpath(place)) for place in places]
    return any(real.is_relative_to(other) or other.is_relative_to(real) for other in others)


def _refuse_name(name: str, others: Iterable[Project]) -> None:
    if any(project.name == name for project in others):
        raise Conflict(f"A project with this name already exists: {name}")


def _all(reader: Reader, scope: dict[str, Any]) -> list[Project]:
    return [Project.model_validate(row) for row in reader.all(_VISIBLE, scope)]


def _insert(tx: Transaction, actor: Actor, name: str, directory: str) -> Project:
    others = _all(tx, _scope(actor))
    _refuse_name(name, others)
    project = Project(
        id=new_id(),
        name=name,
        path=directory,
        user_id=actor.user_id,
        sort_order=max((project.sort_order for project in others), default=-1) + 1,
        created_at=now(),
    )
    tx.execute(_INSERT, project.model_dump())
    tx.emit(ProjectCreated(project=project))
    return project


def _update(tx: Transaction, id: str, changes: dict[str, Any]) -> Project:
    row = tx.one(_ONE, {"id": id})
    if row is None:
        raise NotFound(NOT_FOUND)
    before = Project.model_validate(row)
    after = before.model_copy(update=changes)
    if after == before:
        return before
    others = _all(tx, {"all": False, "user": before.user_id})
    if after.name != before.name:
        _refuse_name(after.name, (project for project in others if project.id != id))
    return _store(tx, after)


def _store(tx: Transaction, project: Project) -> Project:
    tx.execute(_UPDATE, {key: getattr(project, key) for key in ("id", "name", "color", "sort_order")})
    tx.emit(ProjectUpdated(project=project))
    return project


def _reorder(tx: Transaction, actor: Actor, ids: list[str]) -> None:
    known = {project.id: project for project in _all(tx, _scope(actor))}
    for place, id in enumerate(ids):
        project = known.get(id)
        if project is not None and project.sort_order != place:
            known[id] = _store(tx, project.model_copy(update={"sort_order": place}))


def _delete(tx: Transaction, project: Project) -> None:
    if tx.execute(_DELETE, {"id": project.id}):
        tx.emit(ProjectDeleted(project=project))


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give all projects of one user to another, in their order behind those that the other has."""
    behind = 1 + (tx.value("SELECT max(sort_order) FROM projects WHERE user_id = ?", (owner,)) or 0)
    tx.execute(
        "UPDATE projects SET user_id = ?, sort_order = sort_order + ? WHERE user_id = ?", (owner, behind, previous)
    )
