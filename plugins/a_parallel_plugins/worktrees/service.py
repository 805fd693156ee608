"""The `Worktrees` service: everything here holds the repository's lock while it writes."""

import builtins
import os
from pathlib import Path

from a_parallel_contracts import Actor, ApiError, BadRequest, Conflict, Finding, PluginContext
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import Thread, ThreadChanges
from a_parallel_contracts.worktrees import NewWorktree, Worktree
from a_parallel_plugins.worktrees import names
from a_parallel_plugins.worktrees.creation import Creator
from a_parallel_plugins.worktrees.examination import Examiner
from a_parallel_plugins.worktrees.leases import Leases
from a_parallel_plugins.worktrees.listing import Listed, find, list_worktrees
from a_parallel_plugins.worktrees.remains import Remains
from a_parallel_plugins.worktrees.removal import Remover
from a_parallel_plugins.worktrees.retention import Retention
from a_parallel_plugins.worktrees.settings import WorktreesSettings
from a_parallel_plugins.worktrees.snapshots import Keeper
from a_parallel_plugins.worktrees.survey import Surveyor


class WorktreeService:
    """Fulfils the contract `Worktrees`."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._git = ctx.get(GIT)
        self._leases = Leases(ctx.db)
        self._keeper = Keeper(ctx, self._git)
        self.remains = Remains(ctx)
        self._creator = Creator(ctx, self._git, self._leases)
        self._remover = Remover(ctx, self._git, self._leases, self._keeper, self.remains)
        surveyor = Surveyor(ctx, self._git, self._leases)
        self.examiner = Examiner(ctx, self._git, self._leases, self._remover, surveyor)
        self.retention = Retention(ctx, self._git, surveyor, self._remover, ctx.settings(WorktreesSettings))

    async def list(self, project: Project) -> list[Worktree]:
        """Return the working trees of a project, main first; bare and vanished ones are left out (§9.4)."""
        return [one.shown() for one in await self._listed(project) if not one.bare and not one.prunable]

    async def create(self, project: Project, branch: str, base: str | None) -> NewWorktree:
        """Make a new branch at `base` and a working tree for it."""
        async with self._git.exclusive(Path(project.path)):
            return await self._creator.create(project, branch, base)

    async def create_for_thread(self, project: Project, thread_id: str, title: str, base: str | None) -> NewWorktree:
        """Like `create`, with the branch named by the rules of ``http-core.md`` §6.8."""
        async with self._git.exclusive(Path(project.path)):
            branch = await self._name(project, thread_id, title)
            return await self._creator.create(project, branch, base, thread_id=thread_id)

    async def recreate(self, project: Project, branch: str, thread_id: str) -> NewWorktree:
        """Make a working tree for an existing branch and restore what was kept of the thread."""
        async with self._git.exclusive(Path(project.path)):
            worktree = await self._creator.check_out(project, branch, thread_id)
            await self._keeper.restore(Path(worktree.path), thread_id)
            return worktree

    async def birth(self, project: Project, branch: str) -> str | None:
        """Return the commit at which a branch of ours was created."""
        return await self._leases.birth(project.id, branch)

    async def remove(
        self,
        project: Project,
        path: str,
        *,
        thread_id: str | None = None,
        keep_branch: bool = False,
        confirmed: bool = False,
    ) -> bool:
        """Keep the uncommitted state under a hidden ref, then remove the working tree."""
        async with self._git.exclusive(Path(project.path)):
            return await self._remover.remove(
                project, path, thread_id=thread_id, keep_branch=keep_branch, confirmed=confirmed
            )

    async def locate(self, actor: Actor, project: Project, path: str) -> tuple[Project, str]:
        """Return for which project a working tree was made, and its path as it was given then.

        Raises:
            BadRequest: it was made for a project that `actor` may not see.
        """
        if not names.expressible(path):
            raise BadRequest(f"{path!r} is not a working tree of this project")
        lease = await self._leases.of_path(path)
        if lease is None or lease.path is None:
            return project, path
        maker = await self._ctx.get(PROJECTS).get(lease.project_id) or project
        if not actor.owns(maker.user_id):
            raise BadRequest(f"'{path}' is not a working tree of this project")
        return maker, lease.path

    async def release_thread(self, thread: Thread, *, confirmed: bool) -> ThreadChanges | None:
        """Remove a thread's working tree and return how its row changes; a vanished repository leaves it as it is.

        Raises:
            Conflict: something would be lost that nobody has confirmed.
        """
        project = await self._ctx.get(PROJECTS).get(thread.project_id)
        if project is None or not thread.worktree_path:
            return None
        if not Path(project.path).is_dir():
            self._ctx.log.warning("the worktree %s stays: %s is gone", thread.worktree_path, project.path)
            return None
        async with self._git.exclusive(Path(project.path)):
            listed = find(await self._listed(project), thread.worktree_path)
            if listed is None:
                return ThreadChanges(worktree_path=None)
            deleted = await self._remover.remove(
                project, thread.worktree_path, thread_id=thread.id, keep_branch=False, confirmed=confirmed
            )
        return ThreadChanges(worktree_path=None, branch=None) if deleted else ThreadChanges(worktree_path=None)

    async def release_clean(self, thread: Thread) -> ThreadChanges | None:
        """Remove a thread's working tree if nothing in it is uncommitted; one that cannot be removed stays."""
        try:
            if thread.worktree_path and await self._is_clean(Path(thread.worktree_path)):
                return await self.release_thread(thread, confirmed=False)
        except ApiError as error:
            self._ctx.log.warning("the worktree %s stays: %s", thread.worktree_path, error.message)
        return None

    async def provide_directory(self, thread: Thread) -> ThreadChanges:
        """Make the working tree of a thread anew: from its branch, else where its kept changes began, else its base.

        Raises:
            Conflict: it cannot be made; the text says why.
        """
        project = await self._ctx.get(PROJECTS).get(thread.project_id)
        if project is None:
            raise Conflict("This thread's project is gone.")
        try:
            await self._forget(project, thread)
            worktree = await self._provide(project, thread)
        except ApiError as error:
            raise Conflict(f"The worktree of this thread cannot be made anew: {error.message}") from error
        return ThreadChanges(worktree_path=worktree.path, branch=worktree.branch)

    async def _forget(self, project: Project, thread: Thread) -> None:
        """Let git forget the thread's working tree if its directory was deleted by hand."""
        if thread.worktree_path is None or os.path.lexists(thread.worktree_path):
            return
        async with self._git.exclusive(Path(project.path)):
            await self._remover.forget(project, thread.worktree_path, thread.id)

    async def _provide(self, project: Project, thread: Thread) -> NewWorktree:
        directory = Path(project.path)
        if thread.branch and await self._git.resolve(directory, f"refs/heads/{thread.branch}"):
            return await self.recreate(project, thread.branch, thread.id)
        async with self._git.exclusive(directory):
            kept = await self._keeper.newest(directory, thread.id)
            start = await self._keeper.start_of(directory, kept.commit) if kept else None
            branch = await self._name(project, thread.id, thread.title)
            worktree = await self._creator.create(project, branch, start or thread.base_branch, thread_id=thread.id)
            await self._keeper.restore(Path(worktree.path), thread.id)
            return worktree

    async def release_project(self, project: Project) -> None:
        """Remove the working trees of a project that have nothing uncommitted; the others stay on disk (§5.8)."""
        for lease in await self._leases.of_project(project.id):
            try:
                if lease.path and await self._is_clean(Path(lease.path)):
                    await self.remove(project, lease.path, thread_id=lease.thread_id)
            except ApiError as error:
                self._ctx.log.warning("the worktree %s stays: %s", lease.path, error.message)

    async def retain(self) -> None:
        """Apply the rules of retention, and tell what became of it."""
        for removal in await self.retention.apply():
            if removal.done:
                self._ctx.log.info("removed the %s %s: %s", removal.kind, removal.subject, removal.reason)
            else:
                self._ctx.log.warning("the %s %s stays: %s", removal.kind, removal.subject, removal.problem)

    async def would_go(self) -> builtins.list[Finding]:
        """Return what the rules of retention will remove next."""
        return [
            Finding(check="retention", subject=removal.subject, detail=f"will go: {removal.reason}", severity="info")
            for removal in await self.retention.plan()
        ]

    async def _is_clean(self, path: Path) -> bool:
        return not await self._git.command(path, ["status", "--porcelain", "-z", "--untracked-files=normal"])

    async def _name(self, project: Project, thread_id: str, title: str) -> str:
        output = await self._git.command(
            Path(project.path), ["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads"]
        )
        taken = set(output.decode("utf-8", "replace").splitlines())
        return names.thread_branch(project, thread_id, title, taken)

    async def _listed(self, project: Project) -> builtins.list[Listed]:
        return await list_worktrees(self._git, Path(project.path))
