"""Gives back what is not needed any more, by the rules in the settings, and only what is provably kept elsewhere."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from a_parallel_contracts import ApiError, Conflict, PluginContext, WireModel, iso
from a_parallel_contracts.git import Git
from a_parallel_contracts.projects import Project
from a_parallel_contracts.worktrees import WorktreeHooks
from a_parallel_plugins.worktrees.disk import disk_use
from a_parallel_plugins.worktrees.examination import held
from a_parallel_plugins.worktrees.kept import KeptStates
from a_parallel_plugins.worktrees.removal import Remover
from a_parallel_plugins.worktrees.settings import WorktreesSettings
from a_parallel_plugins.worktrees.survey import Site, Surveyor

MEGABYTE = 1_000_000


class WorktreeUsage(WireModel):
    """A working tree and what it takes on disk.

    Attributes:
        path: of the working tree.
        project_id: whose repository it belongs to.
        branch: checked out there; None when detached.
        thread_id: the thread that works there, or for which it was made.
        bytes: on disk.
        busy: something runs there or waits for a person.
        last_used: ISO timestamp; None if no thread works there.
    """

    path: str
    project_id: str
    branch: str | None
    thread_id: str | None
    bytes: int
    busy: bool
    last_used: str | None


class Removal(WireModel):
    """Something that goes by the rules.

    Attributes:
        kind: a working tree, or a state that is kept under a ref.
        project_id: whose repository it belongs to.
        subject: path or name of the ref.
        reason: which rule says so, for people.
        bytes: what a working tree takes on disk.
        done: it is gone.
        problem: why it stays after all.
    """

    kind: Literal["worktree", "snapshot"]
    project_id: str
    subject: str
    reason: str
    bytes: int = 0
    done: bool = False
    problem: str | None = None


class Retention:
    """Plans and does it."""

    def __init__(
        self, ctx: PluginContext, git: Git, surveyor: Surveyor, remover: Remover, settings: WorktreesSettings
    ) -> None:
        self._ctx = ctx
        self._git = git
        self._surveyor = surveyor
        self._remover = remover
        self._settings = settings
        self._kept = KeptStates(git, settings)

    @property
    def wanted(self) -> bool:
        """Whether there is any rule."""
        rules = self._settings
        return not (rules.idle_days is None and rules.max_megabytes is None and rules.snapshot_days is None)

    async def usage(self) -> list[WorktreeUsage]:
        """Return all working trees of ours with what they take on disk."""
        return [use for _, use in await self._used()]

    async def plan(self) -> list[Removal]:
        """Return what would go now; nothing changes."""
        return [*(removal for _, removal in await self._worktrees()), *(await self._snapshots(do=False))]

    async def apply(self) -> list[Removal]:
        """Do it and return what became of each."""
        worktrees = [await self._removed(site, removal) for site, removal in await self._worktrees()]
        return [*worktrees, *(await self._snapshots(do=True))]

    # --- working trees ----------------------------------------------------------------------------

    async def _used(self) -> list[tuple[Site, WorktreeUsage]]:
        sites, _ = await self._surveyor.sites()
        here = [site for site in sites if site.exists and site.listed is not None]
        sizes = await asyncio.to_thread(lambda: [disk_use(site.path) for site in here])
        return [(site, _usage(site, size)) for site, size in zip(here, sizes, strict=True)]

    async def _worktrees(self) -> list[tuple[Site, Removal]]:
        if self._settings.idle_days is None and self._settings.max_megabytes is None:
            return []
        return list(self._chosen(await self._used()))

    def _chosen(self, used: Sequence[tuple[Site, WorktreeUsage]]) -> Iterator[tuple[Site, Removal]]:
        """Choose by age, and then the longest idle until the rest fits."""
        days, bound = self._settings.idle_days, self._settings.max_megabytes
        total = sum(usage.bytes for _, usage in used)
        oldest = iso(datetime.now(UTC) - timedelta(days=days)) if days is not None else ""
        idle = [(site, usage) for site, usage in used if usage.last_used is not None and not usage.busy]
        for site, usage in sorted(idle, key=lambda pair: pair[1].last_used or ""):
            if (usage.last_used or "") < oldest:
                reason = f"nothing was done there for {days:g} days"
            elif bound is not None and total > bound * MEGABYTE:
                reason = f"all worktrees take more than {bound:g} MB, and this one is idle longest"
            else:
                continue
            total -= usage.bytes
            yield (
                site,
                Removal(
                    kind="worktree", project_id=site.project.id, subject=site.path, reason=reason, bytes=usage.bytes
                ),
            )

    async def _removed(self, site: Site, removal: Removal) -> Removal:
        """Remove a working tree after everything in it was kept; it stays if somebody has come back meanwhile."""
        try:
            async with held(self._ctx, site.path):
                await self._check_idle(site)
                await self._ctx.hooks.collect(WorktreeHooks.before_worktree_removed, site.project, site.path)
                async with self._git.exclusive(Path(site.project.path)):
                    await self._remover.remove(
                        site.project,
                        site.path,
                        thread_id=site.thread_id,
                        keep_branch=False,
                        confirmed=self._settings.discard_ignored,
                    )
        except ApiError as error:
            return removal.model_copy(update={"problem": error.message})
        return removal.model_copy(update={"done": True})

    async def _check_idle(self, site: Site) -> None:
        before = {(use.thread_id, use.last_used) for use in site.uses}
        answers = await self._ctx.hooks.collect(WorktreeHooks.worktree_uses)
        uses = [use for answer in answers for use in answer or () if use.path == site.path]
        if any(use.busy for use in uses) or {(use.thread_id, use.last_used) for use in uses} != before:
            raise Conflict("its thread has come back to life")

    # --- kept states ------------------------------------------------------------------------------

    async def _snapshots(self, *, do: bool) -> list[Removal]:
        found: list[Removal] = []
        for project in await self._repositories():
            async with self._git.exclusive(Path(project.path)):
                for state in await self._kept.superfluous(Path(project.path)):
                    removal = Removal(kind="snapshot", project_id=project.id, subject=state.ref, reason=state.proof)
                    gone = do and await self._kept.drop(Path(project.path), state)
                    problem = "it has changed meanwhile" if do and not gone else None
                    found.append(removal.model_copy(update={"done": gone, "problem": problem}))
        return found

    async def _repositories(self) -> list[Project]:
        """Return one project of each repository."""
        if self._settings.snapshot_days is None:
            return []
        found: dict[Path, Project] = {}
        for project in await self._surveyor.projects():
            try:
                found.setdefault(await self._git.repository(Path(project.path)), project)
            except ApiError as error:
                self._ctx.log.warning("the kept states of %s are not looked at: %s", project.path, error.message)
        return list(found.values())


def _usage(site: Site, size: int) -> WorktreeUsage:
    return WorktreeUsage(
        path=site.path,
        project_id=site.project.id,
        branch=site.listed.branch if site.listed else None,
        thread_id=site.thread_id,
        bytes=size,
        busy=any(use.busy for use in site.uses),
        last_used=max((use.last_used for use in site.uses), default=None),
    )
