"""Worktrees: one working tree for each thread, beside the project (``http-core.md`` §6.8)."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import PluginContext, hookspec
from a_parallel_contracts.projects import Project
from a_parallel_contracts.services import ServiceKey


def worktrees_directory(project: Project) -> Path:
    """Return the directory in which a project's working trees lie, beside the project (``http-core.md`` §6.8)."""
    directory = Path(project.path)
    return directory.parent / ".a-parallel-worktrees" / directory.name


class Worktree(WireModel):
    """A working tree as ``git worktree list`` shows it (``http-core.md`` §9.1)."""

    path: str
    branch: str
    commit: str
    is_main: bool


class NewWorktree(WireModel):
    """A working tree that was made.

    Attributes:
        path: absolute.
        branch: checked out there, new.
        base: hash of the commit at which the branch begins.
    """

    path: str
    branch: str
    base: str


class WorktreeRemoved(Event):
    """A working tree is gone from disk; its branch was kept unless `branch_deleted`."""

    project_id: str
    path: str
    branch: str | None = None
    branch_deleted: bool = False


class WorktreeUse(WireModel):
    """Who works in a working tree.

    Attributes:
        path: of the working tree.
        thread_id, title: of the thread.
        busy: it must stay now, since something runs there or waits for a person.
        last_used: ISO timestamp.
    """

    path: str
    thread_id: str
    title: str
    busy: bool
    last_used: str


class WorktreeHooks:
    """What others know about working trees and may object to. Mix it into your `Plugin`."""

    @hookspec
    async def worktree_uses(self, ctx: PluginContext) -> list[WorktreeUse] | None:
        """Return who works in working trees, of all projects and users; None is no answer.

        A working tree that nobody names is thought to be left over, if anybody answers at all.
        """

    @hookspec
    async def hold_worktree(self, ctx: PluginContext, path: str) -> AbstractAsyncContextManager[None] | None:
        """Return what keeps others from beginning anything in a working tree while it is entered."""

    @hookspec
    async def before_worktree_removed(self, ctx: PluginContext, project: Project, path: str) -> None:
        """Called before a person removes a working tree by hand; an `ApiError` refuses it."""


class Worktrees(Protocol):
    """Makes and removes working trees; writes of one repository never overlap."""

    async def list(self, project: Project) -> list[Worktree]:
        """Return the working trees of a project, main first.

        Raises:
            BadRequest: git's text.
        """
        ...

    async def create(self, project: Project, branch: str, base: str | None) -> NewWorktree:
        """Make a new branch at `base` (the project's HEAD without it) and a working tree for it.

        Raises:
            BadRequest: no commit yet, the directory exists, the branch exists or is no valid name, or
                the base is unknown. Nothing is left behind.
        """
        ...

    async def create_for_thread(self, project: Project, thread_id: str, title: str, base: str | None) -> NewWorktree:
        """Like `create`, with the branch named by the rules of ``http-core.md`` §6.8."""
        ...

    async def recreate(self, project: Project, branch: str, thread_id: str) -> NewWorktree:
        """Make a working tree for an existing branch and restore the newest snapshot of the thread.

        Raises:
            Conflict: the branch is gone or checked out elsewhere.
        """
        ...

    async def birth(self, project: Project, branch: str) -> str | None:
        """Return the hash of the commit at which a branch of ours was created, or None."""
        ...

    async def remove(
        self,
        project: Project,
        path: str,
        *,
        thread_id: str | None = None,
        keep_branch: bool = False,
        confirmed: bool = False,
    ) -> bool:
        """Keep the uncommitted state under a hidden ref, then remove the working tree.

        A branch that was made with it is deleted if all its commits are in another branch or in a
        remote-tracking branch, else kept.

        Parameters:
            project: whose repository it is.
            path: must be listed by git for that repository and not be the main one.
            thread_id: names the hidden ref ``refs/a-parallel/snapshots/<thread id>/<time>``.
            keep_branch: keep the branch in any case.
            confirmed: the person knows that ignored files over the limit are lost.

        Returns:
            Whether the branch was deleted.

        Raises:
            BadRequest: not a removable working tree of the project, or git refused.
            Conflict: it holds what cannot be kept under a ref; ``extra["ignored"]`` lists files to confirm.
        """
        ...


WORKTREES = ServiceKey[Worktrees]("worktrees")
