"""Makes working trees; what fails leaves nothing behind."""

import asyncio
import os
from pathlib import Path

from a_parallel_contracts import ApiError, BadRequest, Conflict, PluginContext
from a_parallel_contracts.git import Git
from a_parallel_contracts.projects import Project
from a_parallel_contracts.worktrees import NewWorktree
from a_parallel_plugins.worktrees import names
from a_parallel_plugins.worktrees.branches import Branches
from a_parallel_plugins.worktrees.leases import Leases
from a_parallel_plugins.worktrees.listing import Listed, find, list_worktrees

LONG = 600.0
"""Seconds for the check-out of a large tree, with its hooks."""


class Creator:
    """Makes working trees; callers hold the repository's lock."""

    def __init__(self, ctx: PluginContext, git: Git, leases: Leases) -> None:
        self._ctx = ctx
        self._git = git
        self._leases = leases
        self._branches = Branches(git)

    async def create(
        self, project: Project, branch: str, base: str | None, *, thread_id: str | None = None
    ) -> NewWorktree:
        """Make a new branch at `base` and a working tree for it."""
        directory = Path(project.path)
        await self._valid(directory, branch)
        path = _free(names.directory_of(project, branch))
        start = await self._start(directory, base)
        if await self._git.resolve(directory, f"refs/heads/{branch}") is not None:
            raise BadRequest(f"A branch named '{branch}' already exists. Choose another name.")
        worktree = NewWorktree(path=str(path), branch=branch, base=start)
        arguments = ["worktree", "add", "--no-track", "-b", branch, str(path), start]
        try:
            await self._add(directory, arguments, worktree)
            await self._leases.grant(project, await self._git.repository(directory), worktree, thread_id, new=True)
        except BaseException:
            await asyncio.shield(self._undo(directory, worktree, new_branch=True))
            raise
        return worktree

    async def check_out(self, project: Project, branch: str, thread_id: str) -> NewWorktree:
        """Make a working tree for an existing branch.

        Raises:
            Conflict: the branch is gone or checked out elsewhere, or the directory is in the way.
        """
        directory = Path(project.path)
        tip = await self._git.resolve(directory, f"refs/heads/{branch}")
        if tip is None:
            raise Conflict(f"The branch '{branch}' does not exist any more.")
        await self._make_room(directory, branch)
        try:
            path = _free(names.directory_of(project, branch))
        except BadRequest as error:
            raise Conflict(error.message) from error
        worktree = NewWorktree(path=str(path), branch=branch, base=tip)
        try:
            await self._add(directory, ["worktree", "add", str(path), branch], worktree)
            await self._leases.grant(project, await self._git.repository(directory), worktree, thread_id, new=False)
        except BaseException:
            await asyncio.shield(self._undo(directory, worktree, new_branch=False))
            raise
        return worktree

    async def _valid(self, directory: Path, branch: str) -> None:
        """Check a name before it becomes part of a path; ``--branch`` also expands ``@{-1}``, which is no name."""
        if not names.expressible(branch):
            raise BadRequest("The branch name has characters that no name can have.")
        output = await self._git.command(directory, ["check-ref-format", "--branch", branch])
        if output.decode("utf-8", "surrogateescape") != f"{branch}\n":
            raise BadRequest(f"'{branch}' is not a valid branch name")

    async def _start(self, directory: Path, base: str | None) -> str:
        """Return the commit at which a branch is to begin; a branch of origin serves where there is no local one."""
        if await self._git.resolve(directory, "HEAD") is None and not base:
            raise BadRequest("This repository has no commits yet. Make the first one before you create a worktree.")
        revisions = [f"refs/heads/{base}", f"refs/remotes/origin/{base}", base] if base else ["HEAD"]
        for revision in revisions:
            commit = await self._git.resolve(directory, revision) if names.expressible(revision) else None
            if commit is not None:
                return commit
        raise BadRequest(f"The base branch '{base}' does not exist. Choose one of the repository's branches.")

    async def _add(self, directory: Path, arguments: list[str], worktree: NewWorktree) -> None:
        """Run ``git worktree add``.

        A failing ``post-checkout`` hook is logged only: it cannot affect the outcome, see githooks(5).
        """
        path = Path(worktree.path)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        try:
            await self._git.command(directory, arguments, timeout=LONG, hooks=True)
        except BadRequest as error:
            made = find(await list_worktrees(self._git, directory), worktree.path)
            if made is None or made.branch != worktree.branch or made.locked is not None or made.prunable:
                raise
            self._ctx.log.warning("the post-checkout hook failed in %s: %s", path, error.message)
        await self._refresh(path)

    async def _refresh(self, path: Path) -> None:
        """Let the index remember the files' times, so that the next status need not read them all."""
        try:
            await self._git.command(path, ["update-index", "-q", "--refresh"], environment={"GIT_OPTIONAL_LOCKS": "1"})
        except ApiError as error:
            self._ctx.log.debug("update-index in %s: %s", path, error.message)

    async def _make_room(self, directory: Path, branch: str) -> None:
        """Let git forget a working tree of the branch whose directory is gone."""
        worktrees = await list_worktrees(self._git, directory)
        for one in worktrees:
            if one.branch == branch and not one.main and one.locked is None and not Path(one.path).exists():
                await self._git.command(directory, ["worktree", "remove", "--force", "--", one.path])
            elif one.branch == branch:
                raise Conflict(f"The branch '{branch}' is checked out at {one.path}.")

    async def _undo(self, directory: Path, worktree: NewWorktree, *, new_branch: bool) -> None:
        """Take back what was begun: the working tree if git lists it, the branch if it is where it began."""
        try:
            made: Listed | None = find(await list_worktrees(self._git, directory), worktree.path)
            if made is not None and made.branch in (worktree.branch, None):
                # twice, since git locks a working tree while it makes it
                await self._git.command(
                    directory, ["worktree", "remove", "--force", "--force", "--", made.path], timeout=LONG
                )
            tip = await self._git.resolve(directory, f"refs/heads/{worktree.branch}")
            if new_branch and tip == worktree.base:
                await self._git.command(directory, ["update-ref", "-d", f"refs/heads/{worktree.branch}", tip])
        except ApiError as error:
            self._ctx.log.warning("leftovers of the worktree %s: %s", worktree.path, error.message)


def _free(path: Path) -> Path:
    if os.path.lexists(path):
        raise BadRequest(f"Worktree already exists: {path}")
    return path
