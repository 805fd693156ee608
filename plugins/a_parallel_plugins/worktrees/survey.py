"""Holds rows, ``git worktree list``, threads and the disk against each other."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import LOCAL_ACTOR, ApiError, PluginContext
from a_parallel_contracts.git import Git
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.worktrees import WorktreeHooks, WorktreeUse
from a_parallel_plugins.worktrees import names
from a_parallel_plugins.worktrees.leases import Lease, Leases
from a_parallel_plugins.worktrees.listing import Listed, list_worktrees


class Site(Struct, frozen=True):
    """A place where a working tree of ours is, was or should be.

    Attributes:
        project: whose repository it belongs to.
        path: as git, the row or the thread writes it.
        listed: what git says; None if it does not know it.
        lease: our row.
        uses: the threads that work there.
        known: somebody was there to tell the threads.
        exists: there is a directory.
    """

    project: Project
    path: str
    listed: Listed | None
    lease: Lease | None
    uses: tuple[WorktreeUse, ...]
    known: bool
    exists: bool

    @property
    def thread_id(self) -> str | None:
        """The thread for which it was made."""
        if self.uses:
            return self.uses[0].thread_id
        return self.lease.thread_id if self.lease else None

    @property
    def vanished(self) -> bool:
        """Whether git lists it although its directory is gone."""
        return self.listed is not None and (self.listed.prunable or not self.exists)


class Surveyor:
    """Looks at the working trees of all projects."""

    def __init__(self, ctx: PluginContext, git: Git, leases: Leases) -> None:
        self._ctx = ctx
        self._git = git
        self._leases = leases

    async def projects(self) -> list[Project]:
        """Return all projects whose directory is there, whoever owns them."""
        found = await self._ctx.get(PROJECTS).visible(LOCAL_ACTOR)
        return [project for project in found if await asyncio.to_thread(Path(project.path).is_dir)]

    async def sites(self) -> tuple[list[Site], list[tuple[Project, str]]]:
        """Return the sites of all projects, and the projects that git cannot tell about, with its words."""
        answers = await self._ctx.hooks.collect(WorktreeHooks.worktree_uses)
        told = [answer for answer in answers if answer is not None]
        uses = [use for answer in told for use in answer]
        sites: list[Site] = []
        failures: list[tuple[Project, str]] = []
        for project in await self.projects():
            try:
                listed = await list_worktrees(self._git, Path(project.path))
            except ApiError as error:
                failures.append((project, error.message))
                continue
            leases = await self._leases.of_project(project.id)
            sites += await asyncio.to_thread(_sites, project, listed, leases, uses, bool(told))
        return sites, failures


def _sites(
    project: Project, listed: Iterable[Listed], leases: Iterable[Lease], uses: Iterable[WorktreeUse], known: bool
) -> list[Site]:
    by_path = {os.path.realpath(each.path): each for each in listed if not (each.main or each.bare)}
    leased = {os.path.realpath(lease.path): lease for lease in leases if lease.path}
    used: dict[str, list[WorktreeUse]] = {}
    for use in uses:
        used.setdefault(os.path.realpath(use.path), []).append(use)
    below = os.path.realpath(names.container(project)) + os.sep
    ours = leased.keys() | {path for path in by_path.keys() | used.keys() if path.startswith(below)}
    return [
        Site(
            project=project,
            path=_written(path, leased.get(path), used.get(path, []), by_path.get(path)),
            listed=by_path.get(path),
            lease=leased.get(path),
            uses=tuple(used.get(path, ())),
            known=known,
            exists=Path(path).is_dir(),
        )
        for path in sorted(ours)
    ]


def _written(path: str, lease: Lease | None, uses: list[WorktreeUse], listed: Listed | None) -> str:
    if lease is not None and lease.path:
        return lease.path
    return uses[0].path if uses else listed.path if listed is not None else path
