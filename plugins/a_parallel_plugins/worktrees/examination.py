"""What the doctor asks about working trees, and how it is repaired without losing anything."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from a_parallel_contracts import ApiError, Conflict, Finding, PluginContext
from a_parallel_contracts.git import Git
from a_parallel_contracts.worktrees import WorktreeHooks, WorktreeRemoved
from a_parallel_plugins.worktrees.disk import disk_use
from a_parallel_plugins.worktrees.leases import Leases
from a_parallel_plugins.worktrees.locks import stale_locks
from a_parallel_plugins.worktrees.removal import Remover
from a_parallel_plugins.worktrees.survey import Site, Surveyor

YOUNG = 3600.0
"""Seconds in which a working tree without a thread may still get one."""
HOLD_PATIENCE = 5.0
"""Seconds for which a repair waits for whoever does something with a thread."""

Repair = Callable[[Site], Awaitable[None]]


class Examiner:
    """Finds and repairs."""

    def __init__(self, ctx: PluginContext, git: Git, leases: Leases, remover: Remover, surveyor: Surveyor) -> None:
        self._ctx = ctx
        self._git = git
        self._leases = leases
        self._remover = remover
        self._surveyor = surveyor

    async def examine(self, *, repair: bool) -> list[Finding]:
        """Return what is wrong with working trees, their rows and locks, and what they take on disk."""
        sites, failures = await self._surveyor.sites()
        found = [Finding(check="repository", subject=each.path, detail=text) for each, text in failures]
        for site in sites:
            found += [await self._of(site, repair=repair)] if self._diagnosis(site) else []
        for repository in {await self._git.repository(Path(site.project.path)) for site in sites}:
            found += await asyncio.to_thread(stale_locks, repository, repair)
        return [*found, *await asyncio.to_thread(_disk, sites), *await self._remains()]

    async def reconcile(self) -> None:
        """Let rows forget working trees that neither git nor the disk knows; done when the server starts."""
        rows = await self._leases.with_path()
        if not any([not await asyncio.to_thread(os.path.lexists, row.path or "") for row in rows]):
            return
        for site in (await self._surveyor.sites())[0]:
            if site.lease is not None and site.listed is None and not site.exists:
                await self._forget_row(site)
                self._ctx.log.info("the worktree %s is gone; its branch %s stays", site.path, site.lease.branch)

    def _diagnosis(self, site: Site) -> tuple[str, str, Repair | None] | None:
        """Return what is wrong with a site: check, words, and what helps."""
        if site.vanished:
            return "vanished-worktree", "git lists it, but its directory is gone", self._forget
        if site.listed is None and site.exists:
            return "unlisted-worktree", f"git does not list it; run 'git worktree repair' in {site.project.path}", None
        if not site.exists and site.uses:
            titles = ", ".join(repr(use.title) for use in site.uses)
            return "thread-without-worktree", f"{titles} should work there, but it is gone", self._forget_row
        if not site.exists:
            return "stale-lease", "neither git nor the disk knows it", self._forget_row
        if site.known and not site.uses and _was_made_for_a_thread(site):
            return "worktree-without-thread", "no thread works there", self._remove
        return None

    async def _of(self, site: Site, *, repair: bool) -> Finding:
        check, detail, helps = self._diagnosis(site) or ("", "", None)
        finding = Finding(check=check, subject=site.path, detail=detail, repairable=helps is not None)
        if not repair or helps is None:
            return finding
        try:
            async with self._held(site):
                await helps(site)
        except ApiError as error:
            return finding.model_copy(update={"detail": f"{detail}; it stays: {error.message}", "repairable": False})
        return finding.model_copy(update={"repaired": True})

    @asynccontextmanager
    async def _held(self, site: Site) -> AsyncIterator[None]:
        async with held(self._ctx, site.path), self._git.exclusive(Path(site.project.path)):
            yield

    async def _forget(self, site: Site) -> None:
        """Let git forget it, after what was staged or committed there alone has been kept."""
        owner = site.thread_id or Path(site.path).name
        await self._remover.forget(site.project, site.path, owner)
        await self._forget_row(site)

    async def _forget_row(self, site: Site) -> None:
        event = WorktreeRemoved(
            project_id=site.project.id, path=site.path, branch=site.lease.branch if site.lease else None
        )
        await self._leases.end(site.lease, event, branch_deleted=False)

    async def _remove(self, site: Site) -> None:
        await self._ctx.hooks.collect(WorktreeHooks.before_worktree_removed, site.project, site.path)
        await self._remover.remove(
            site.project, site.path, thread_id=site.thread_id, keep_branch=False, confirmed=False
        )

    async def _remains(self) -> list[Finding]:
        rows = await self._ctx.db.rows("SELECT path FROM worktrees_remains")
        return [
            Finding(check="removed-worktree", subject=row["path"], detail="is being deleted", severity="info")
            for row in rows
        ]


@asynccontextmanager
async def held(ctx: PluginContext, path: str) -> AsyncIterator[None]:
    """Keep everybody from beginning anything in a working tree.

    Raises:
        Conflict: somebody does something there already.
    """
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(HOLD_PATIENCE):
                for holder in await ctx.hooks.collect(WorktreeHooks.hold_worktree, path):
                    if holder is not None:
                        await stack.enter_async_context(holder)
        except TimeoutError:
            raise Conflict("its thread is busy") from None
        yield


def _was_made_for_a_thread(site: Site) -> bool:
    """Whether it is left over; one that was made by hand, or just now, is not."""
    if site.lease is not None and site.lease.thread_id is None:
        return False
    try:
        return time.time() - Path(site.path).stat().st_mtime > YOUNG
    except OSError:
        return False


def _disk(sites: list[Site]) -> list[Finding]:
    used: dict[str, list[int]] = {}
    for site in sites:
        if site.exists:
            used.setdefault(site.project.path, []).append(disk_use(site.path))
    return [
        Finding(
            check="disk-use",
            subject=path,
            detail=f"{len(sizes)} worktrees take {sum(sizes) / 1e6:.1f} MB",
            severity="info",
        )
        for path, sizes in used.items()
    ]
