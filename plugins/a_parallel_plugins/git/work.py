"""What people do with the work of a thread: one directory at a time, and told to its owner afterwards."""

from pathlib import Path
from typing import TYPE_CHECKING

from a_parallel_contracts import ApiError, BadRequest, FailedDependency, NotFound, PluginContext
from a_parallel_contracts.agents import AGENTS
from a_parallel_contracts.git import GitHooks, Snapshot, snapshot_ref
from a_parallel_contracts.threads import THREADS, Thread
from a_parallel_plugins.git import message
from a_parallel_plugins.git.commit import Committer
from a_parallel_plugins.git.departure import departure
from a_parallel_plugins.git.diff import DiffReader, FileDiff
from a_parallel_plugins.git.github import PullRequest, PullRequests
from a_parallel_plugins.git.index import Index
from a_parallel_plugins.git.locks import RepositoryLocks
from a_parallel_plugins.git.service import GitService
from a_parallel_plugins.git.telling import StatusTeller
from a_parallel_plugins.git.threads import ThreadTrees

if TYPE_CHECKING:  # loaded with the routes
    from a_parallel_plugins.git.models import DiffQuery

KEPT_HEAD = "head"
"""Cause of a ref that keeps a commit no branch had (see the worktrees plugin), not an uncommitted state."""


class ThreadWork:
    """Changes what is in threads' directories."""

    def __init__(
        self,
        ctx: PluginContext,
        git: GitService,
        trees: ThreadTrees,
        teller: StatusTeller,
        pull_requests: PullRequests,
    ) -> None:
        self._ctx = ctx
        self._git = git
        self._trees = trees
        self._teller = teller
        self._diffs = DiffReader(git.commands)
        self._index = Index(git.commands, self._diffs)
        self._committer = Committer(git.commands)
        self._pull_requests = pull_requests
        self._locks = RepositoryLocks()

    async def directory(self, thread: Thread) -> Path:
        """Return where the thread works.

        Raises:
            Conflict: mode ``worktree`` without a working tree.
        """
        return Path(await self._ctx.get(THREADS).directory(thread))

    async def diff(self, thread: Thread, query: "DiffQuery") -> list[FileDiff]:
        """Return all changed files, or the one that `query` names with all of its text.

        Raises:
            NotFound: it has not changed.
            BadRequest: there is no base branch to compare with.
        """
        directory = await self.directory(thread)
        since = await departure(self._git.questions, directory, thread.base_branch) if query.against else None
        if query.path is not None:
            return [await self._diffs.whole(directory, query.path, query.staged, since)]
        return await (self._diffs.files(directory) if since is None else self._diffs.since(directory, since))

    async def stage(self, thread: Thread, paths: list[str]) -> None:
        """Put files into the index."""
        directory = await self.directory(thread)
        async with self._locks.hold(directory, None):
            await self._index.stage(directory, paths)
        self._teller.changed(thread)

    async def unstage(self, thread: Thread, paths: list[str]) -> None:
        """Take changes out of the index."""
        directory = await self.directory(thread)
        async with self._locks.hold(directory, None):
            await self._index.unstage(directory, paths)
        self._teller.changed(thread)

    async def revert(self, thread: Thread, paths: list[str]) -> None:
        """Throw changes away, after the state of the whole working tree has been kept."""
        directory = await self.directory(thread)
        async with self._locks.hold(directory, None):
            reversal = await self._index.plan_revert(directory, paths)
            if reversal.paths:
                ref = snapshot_ref(thread.id, "revert")
                await self._git.snapshot(directory, ref, f"Before reverting {reversal.summary}")
                await self._index.revert(directory, reversal)
        self._teller.changed(thread)

    async def commit(self, thread: Thread, text: str, user_id: str) -> str:
        """Commit what is staged, as the user."""
        directory = await self.directory(thread)
        identity = await self._ctx.hooks.first(GitHooks.git_identity, user_id)
        async with self._locks.hold(directory, None):
            output = await self._committer.commit(directory, text, identity)
        self._teller.changed(thread)
        return output

    async def push(self, thread: Thread, user_id: str) -> str:
        """Push the current branch to origin, as the user."""
        token = await self._ctx.hooks.first(GitHooks.github_token, user_id)
        output = await self._committer.push_head(await self.directory(thread), token, self._pull_requests.web)
        self._teller.changed(thread)
        return output

    async def open_pull_request(self, thread: Thread, title: str, body: str, user_id: str) -> str:
        """Open a pull request for the current branch and return its address."""
        directory = await self.directory(thread)
        branch = await self._git.current_branch(directory)
        if branch in (None, "HEAD"):
            raise BadRequest("No branch is checked out (detached HEAD). Create a branch and push it first.")
        token = await self._ctx.hooks.first(GitHooks.github_token, user_id)
        wanted = PullRequest(title, body, str(branch), thread.base_branch)
        return await self._pull_requests.open(directory, token, wanted)

    async def write_message(self, thread: Thread, *, include_unstaged: bool) -> message.CommitMessage:
        """Have an agent write a message for a commit.

        Raises:
            BadRequest: there is nothing to commit.
            FailedDependency: the agent has no answer.
        """
        directory = await self.directory(thread)
        files = await self._diffs.files(directory, staged_only=not include_unstaged)
        if not files:
            raise BadRequest("No files to generate a commit message for")
        agents = self._ctx.find(AGENTS)
        if agents is None:
            raise FailedDependency("Failed to generate commit message: no agents are running")
        try:
            answer = await agents.ask(message.prompt(files), directory=str(directory), timeout=message.SECONDS)
        except ApiError as error:
            raise FailedDependency(f"Failed to generate commit message: {error.message}") from error
        written = message.read_answer(answer)
        if written is None:
            raise FailedDependency("Failed to generate commit message: the agent said nothing")
        return written

    async def snapshots(self, thread: Thread) -> list[Snapshot]:
        """Return what is kept of the thread's work, newest first, also without a working tree."""
        project = await self._trees.project(thread)
        return await self._git.snapshots(Path(project.path), thread.id)

    async def restore(self, thread: Thread, id: str) -> str | None:
        """Bring back what a snapshot keeps; a commit that no branch had becomes a branch, whose name is returned.

        Raises:
            NotFound: no such snapshot of this thread.
            Conflict: a file is in the way; nothing has been changed.
        """
        snapshot = next((one for one in await self.snapshots(thread) if one.id == id), None)
        if snapshot is None:
            raise NotFound("Snapshot not found")
        if snapshot.cause == KEPT_HEAD:
            return await self._branch_off(thread, snapshot)
        directory = await self.directory(thread)
        async with self._locks.hold(directory, None):
            await self._git.restore_snapshot(directory, snapshot.commit)
        self._teller.changed(thread)
        return None

    async def _branch_off(self, thread: Thread, snapshot: Snapshot) -> str:
        project = Path((await self._trees.project(thread)).path)
        branch = f"a-parallel/kept-{snapshot.id.removesuffix(f'-{KEPT_HEAD}')}"
        async with self._git.exclusive(project):
            await self._git.command(project, ["branch", "--no-track", branch, snapshot.commit])
        return branch
