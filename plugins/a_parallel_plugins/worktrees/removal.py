"""Removes working trees, after everything in them has been kept (``http-core.md`` §9.4)."""

from pathlib import Path

from a_parallel_contracts import LOCAL_ACTOR, ApiError, BadRequest, PluginContext
from a_parallel_contracts.git import Git
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.worktrees import WorktreeRemoved
from a_parallel_plugins.worktrees import names
from a_parallel_plugins.worktrees.branches import Branches
from a_parallel_plugins.worktrees.leases import Lease, Leases
from a_parallel_plugins.worktrees.listing import Listed, find, list_worktrees
from a_parallel_plugins.worktrees.remains import Remains
from a_parallel_plugins.worktrees.snapshots import Keeper


class Remover:
    """Removes working trees; callers hold the repository's lock."""

    def __init__(self, ctx: PluginContext, git: Git, leases: Leases, keeper: Keeper, remains: Remains) -> None:
        self._ctx = ctx
        self._git = git
        self._leases = leases
        self._keeper = keeper
        self._remains = remains
        self._branches = Branches(git)

    async def remove(
        self, project: Project, path: str, *, thread_id: str | None, keep_branch: bool, confirmed: bool
    ) -> bool:
        """Remove the working tree at `path` and return whether its branch was deleted."""
        directory = Path(project.path)
        listed = await self._removable(directory, path)
        lease = await self._leases.of_path(path)
        owner = thread_id or (lease.thread_id if lease else None) or Path(listed.path).name
        if Path(listed.path).exists():
            await self._check_intact(directory, listed)
            await self._keeper.keep(Path(listed.path), owner, confirmed=confirmed)
        elif listed.commit:
            await self._keeper.keep_vanished(directory, listed.path, listed.commit, owner)
        await self._take_away(directory, Path(listed.path))
        branch = self._owned(listed, lease, thread_id)
        deleted = not keep_branch and branch is not None and await self._settle(directory, branch)
        event = WorktreeRemoved(
            project_id=project.id,
            path=lease.path if lease and lease.path else path,
            branch=branch or listed.branch,
            branch_deleted=deleted,
        )
        await self._leases.end(lease, event, branch_deleted=deleted)
        return deleted

    async def forget(self, project: Project, path: str, owner: str) -> None:
        """Let git forget a working tree whose directory is gone, so that it can be made anew; nothing is told.

        Raises:
            BadRequest: it is locked, as one on a disk that is away.
        """
        directory = Path(project.path)
        if find(await list_worktrees(self._git, directory), path) is not None:
            listed = await self._removable(directory, path)
            if listed.commit:
                await self._keeper.keep_vanished(directory, listed.path, listed.commit, owner)
            await self._take_away(directory, Path(listed.path))
        await self._leases.vacate(path)

    async def settle_branch(self, project: Project, branch: str) -> bool:
        """Delete a branch of ours that has no working tree any more, if all its commits are elsewhere."""
        return await self._settle(Path(project.path), branch)

    async def _removable(self, directory: Path, path: str) -> Listed:
        listed = find(await list_worktrees(self._git, directory), path)
        if listed is None or listed.bare:
            raise BadRequest(f"'{path}' is not a working tree of this project")
        if listed.main:
            raise BadRequest(f"'{path}' is the main working tree, which cannot be removed")
        if listed.locked is not None:
            reason = f", lock reason: {listed.locked}" if listed.locked else ""
            raise BadRequest(
                f"cannot remove a locked working tree{reason}\nUnlock it first with: git worktree unlock {listed.path}"
            )
        await self._refuse_projects(Path(listed.path))
        return listed

    async def _refuse_projects(self, path: Path) -> None:
        """Refuse while a project is registered there, whoever owns it."""
        for project in await self._ctx.get(PROJECTS).visible(LOCAL_ACTOR):
            if Path(project.path).resolve().is_relative_to(path.resolve()):
                raise BadRequest(f"The project {project.name} lies in this worktree. Delete the project first.")

    async def _check_intact(self, directory: Path, listed: Listed) -> None:
        """Make sure that git commands in the directory reach this working tree and not a repository around it."""
        path = Path(listed.path)
        try:
            own = (await self._git.top_level(path)).resolve() == path.resolve()
            same = await self._git.repository(path) == await self._git.repository(directory)
        except ApiError:
            own = same = False
        if not (own and same):
            raise BadRequest(f"The worktree {path} is damaged. Run 'git worktree repair' in {directory} and try again.")

    async def _take_away(self, directory: Path, path: Path) -> None:
        aside = await self._remains.set_aside(path) if path.exists() else None
        try:
            await self._git.command(directory, ["worktree", "remove", "--force", "--", str(path)], timeout=600.0)
        except BaseException:
            if aside is not None:
                await self._remains.bring_back(aside, path)
            raise
        if aside is not None:
            self._remains.delete(aside)

    @staticmethod
    def _owned(listed: Listed, lease: Lease | None, thread_id: str | None) -> str | None:
        """Return the branch that was made together with the working tree; anybody else's is never deleted."""
        if lease is not None:
            return lease.branch
        if thread_id is not None and listed.branch is not None and listed.branch.endswith(names.suffix(thread_id)):
            return listed.branch
        return None

    async def _settle(self, directory: Path, branch: str) -> bool:
        worktrees = await list_worktrees(self._git, directory)
        if any(one.branch == branch for one in worktrees):
            return False
        return await self._branches.delete_if_contained(directory, branch)
