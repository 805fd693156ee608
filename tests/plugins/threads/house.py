"""Everything around the threads plugin that its tests need: projects, working trees, git, and a listener."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from a_parallel_contracts import (
    Actor,
    ApiError,
    BadRequest,
    Manifest,
    NotFound,
    Plugin,
    PluginContext,
    ServiceKey,
    hookimpl,
)
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import (
    Thread,
    ThreadChanged,
    ThreadChanges,
    ThreadCreated,
    ThreadDeleted,
    ThreadHooks,
)
from a_parallel_contracts.worktrees import WORKTREES, NewWorktree

INSERT_PROJECT = "INSERT INTO projects (id, name, path, created_at, user_id) VALUES (?, ?, ?, ?, ?)"
CREATED = "2026-01-01T00:00:00.000Z"


def project(id: str, path: str = "/repositories/one", user_id: str = "__local__") -> Project:
    return Project(id=id, name=id, path=path, user_id=user_id, sort_order=0, created_at=CREATED)


@dataclass
class House:
    """Stand-ins with knobs, and a record of what was asked and told in which order."""

    projects: dict[str, Project] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    branch: str | None = "main"
    worktree_error: ApiError | None = None
    quiesce_error: Exception | None = None
    release_error: Exception | None = None
    move_error: Exception | None = None
    on_quiesce: Any = None
    on_move: Any = None
    released: ThreadChanges | None = None
    provided: ThreadChanges | None = None
    moves: list[tuple[Thread, Thread]] = field(default_factory=list)
    worktrees: bool = True

    async def get(self, id: str) -> Project | None:
        return self.projects.get(id)

    async def load(self, actor: Actor, id: str) -> Project:
        found = self.projects.get(id)
        if found is None or not actor.owns(found.user_id):
            raise NotFound("Project not found")
        return found

    async def owner_of(self, id: str) -> str | None:
        return self.projects[id].user_id if id in self.projects else None

    async def current_branch(self, path: Path) -> str | None:
        self.calls.append(f"branch of {path}")
        return self.branch

    async def create_for_thread(self, project: Project, thread_id: str, title: str, base: str | None) -> NewWorktree:
        self.calls.append(f"make worktree of {project.id} for {title!r} at {base}")
        if self.worktree_error:
            raise self.worktree_error
        return NewWorktree(path=f"/worktrees/{thread_id}", branch=f"{project.name}/{thread_id[:6]}", base="0" * 40)

    async def remove(self, project: Project, path: str, *, thread_id: str | None = None) -> bool:
        self.calls.append(f"remove {path}")
        return True

    @property
    def services(self) -> tuple[ServiceKey[Any], ...]:
        return (PROJECTS, GIT, WORKTREES) if self.worktrees else (PROJECTS,)

    def plugin(self) -> type[Plugin]:
        """Return the plugin that brings all this into a kernel."""
        manifest = Manifest(api="1.0", provides=self.services)
        return type("HousePlugin", (HousePlugin,), {"house": self, "manifest": manifest})

    async def record(self, event: Any) -> None:
        self.events.append(event)


class HousePlugin(Plugin, ThreadHooks):
    house: House

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        for key in self.house.services:
            ctx.provide(key, self.house)
        for kind in (ThreadCreated, ThreadChanged, ThreadDeleted):
            ctx.on(kind, self.house.record)
        rows = [(p.id, p.name, p.path, p.created_at, p.user_id) for p in self.house.projects.values()]
        await ctx.db.write(lambda tx: tx.executemany(INSERT_PROJECT, rows))
        yield

    @hookimpl
    async def quiesce_thread(self, ctx: PluginContext, thread: Thread) -> None:
        self.house.calls.append(f"quiesce {thread.title}")
        if self.house.quiesce_error:
            raise self.house.quiesce_error
        if self.house.on_quiesce:
            await self.house.on_quiesce(ctx, thread)

    @hookimpl
    async def release_thread(
        self, ctx: PluginContext, thread: Thread, reason: Literal["archive", "delete", "project"]
    ) -> ThreadChanges | None:
        self.house.calls.append(f"release {thread.title} ({thread.status}) to {reason}")
        if self.house.release_error:
            raise self.house.release_error
        return self.house.released

    @hookimpl
    async def provide_directory(self, ctx: PluginContext, thread: Thread) -> ThreadChanges | None:
        self.house.calls.append(f"provide {thread.title}")
        return self.house.provided

    @hookimpl
    async def stage_moved(self, ctx: PluginContext, before: Thread, after: Thread) -> None:
        self.house.moves.append((before, after))
        if self.house.move_error:
            raise self.house.move_error
        if self.house.on_move:
            await self.house.on_move(ctx, after)


def bad_worktree() -> ApiError:
    return BadRequest("fatal: a branch named so exists")
