"""Threads and the directories in which they work."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from a_parallel_contracts import NotFound, PluginContext
from a_parallel_contracts.git import GitSummary
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import THREADS, Thread, ThreadMode
from a_parallel_contracts.worktrees import WORKTREES
from a_parallel_plugins.git.service import GitService


class ThreadTrees:
    """Reads the working trees of threads.

    Attributes:
        seen: told of each thread before its state is read.
    """

    def __init__(self, ctx: PluginContext, git: GitService) -> None:
        self._ctx = ctx
        self._git = git
        self.seen: Callable[[Thread], Awaitable[None]] | None = None

    async def project(self, thread: Thread) -> Project:
        """Return the thread's project.

        Raises:
            NotFound: ``Project not found``.
        """
        project = await self._ctx.get(PROJECTS).get(thread.project_id)
        if project is None:
            raise NotFound("Project not found")
        return project

    async def summary(self, thread: Thread) -> GitSummary:
        """Return the state of the directory in which a thread works.

        Raises:
            NotFound: ``Project not found``.
            Conflict: mode ``worktree`` without a working tree.
            BadRequest: the directory is gone or no repository.
        """
        directory = await self._ctx.get(THREADS).directory(thread)
        project = await self.project(thread)
        if self.seen is not None:
            await self.seen(thread)
        return await self._git.summary(
            thread.id,
            Path(directory),
            base=thread.base_branch,
            project=Path(project.path),
            created_at=await self._birth(thread, project),
        )

    async def _birth(self, thread: Thread, project: Project) -> str | None:
        worktrees = self._ctx.find(WORKTREES)
        if worktrees is None or thread.branch is None or thread.mode != ThreadMode.WORKTREE:
            return None
        return await worktrees.birth(project, thread.branch)
