"""Making a thread: project, working tree or branch, then the row; all of it or nothing."""

import asyncio
from pathlib import Path

from a_parallel_contracts import LOCAL_USER, BadRequest, Conflict, NotFound, PluginContext, Transaction, new_id, now
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import NewThread, Stage, Thread, ThreadCreated, ThreadMode, ThreadStatus
from a_parallel_contracts.worktrees import WORKTREES, NewWorktree
from a_parallel_plugins.threads import rows

TITLE_LENGTH = 200
PROJECT_NOT_FOUND = "Project not found"


class Creator:
    """Makes threads."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx

    async def create(self, new: NewThread) -> Thread:
        """Make a thread; see `a_parallel_contracts.threads.Threads.create`.

        A caller that goes away meanwhile interrupts nothing, so no working tree is left without its row.
        """
        return await asyncio.shield(self._create(new))

    async def _create(self, new: NewThread) -> Thread:
        project = await self._project(new)
        thread = new_row(new)
        if new.mode != ThreadMode.WORKTREE:
            git = self._ctx.find(GIT)
            branch = await git.current_branch(Path(project.path)) if git else None
            return await self._insert(thread.model_copy(update={"branch": branch}))
        worktree = await self._worktree(project, thread, new)
        try:
            return await self._insert(
                thread.model_copy(update={"branch": worktree.branch, "worktree_path": worktree.path})
            )
        except Exception:
            await self._undo(project, worktree)
            raise

    async def _project(self, new: NewThread) -> Project:
        """Return the project if the owner-to-be may use it; in local mode everything is visible."""
        project = await self._ctx.get(PROJECTS).get(new.project_id)
        if project is None or new.user_id not in (LOCAL_USER, project.user_id):
            raise NotFound(PROJECT_NOT_FOUND)
        return project

    async def _worktree(self, project: Project, thread: Thread, new: NewThread) -> NewWorktree:
        worktrees = self._ctx.find(WORKTREES)
        if worktrees is None:
            raise BadRequest("Mode worktree needs the plugin worktrees, which does not run. Use mode local.")
        try:
            return await worktrees.create_for_thread(project, thread.id, new.title or new.prompt, thread.base_branch)
        except BadRequest as error:
            raise BadRequest(f"Failed to create worktree: {error.message}") from error

    async def _insert(self, thread: Thread) -> Thread:
        try:
            return await self._ctx.db.write(lambda tx: insert_new(tx, thread))
        except Conflict:
            if await self._ctx.get(PROJECTS).get(thread.project_id) is None:
                raise NotFound(PROJECT_NOT_FOUND) from None
            raise

    async def _undo(self, project: Project, worktree: NewWorktree) -> None:
        """Remove the working tree of a thread that has no row; a failure is logged beside its cause."""
        try:
            await self._ctx.get(WORKTREES).remove(project, worktree.path)
        except Exception:
            self._ctx.log.exception("worktree %s of a thread that could not be stored remains", worktree.path)


def insert_new(tx: Transaction, thread: Thread) -> Thread:
    """Insert a new thread and tell about it."""
    rows.insert(tx, thread)
    tx.emit(ThreadCreated(thread=thread))
    return thread


def new_row(new: NewThread) -> Thread:
    """Return the row of a new thread, without its branch."""
    base = (new.base_branch or "").strip() or None
    return Thread(
        id=new_id(),
        project_id=new.project_id,
        user_id=new.user_id,
        title=(new.title or new.prompt)[:TITLE_LENGTH],
        mode=str(new.mode),
        status=str(ThreadStatus.IDLE if new.idle else ThreadStatus.PENDING),
        stage=str(Stage.BACKLOG),
        permission_mode=str(new.permission_mode),
        model=str(new.model),
        base_branch=base if new.mode == ThreadMode.WORKTREE else None,
        initial_prompt=(new.prompt or None) if new.idle else None,
        automation_id=new.automation_id,
        created_at=now(),
    )
