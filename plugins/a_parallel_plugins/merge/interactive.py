"""A person merges the branch of a thread (``http-core.md`` §7.7, ``merge-agent.md`` §7)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from a_parallel_contracts import Actor, ApiError, BadRequest, Conflict, FailedDependency, NotFound, PluginContext
from a_parallel_contracts.git import GIT, GitHooks, GitStatusChanged
from a_parallel_contracts.merge import MergeOptions, MergeReport
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import (
    THREADS,
    UNFINISHED,
    Model,
    NewThread,
    Thread,
    ThreadChanges,
    ThreadMode,
)
from a_parallel_contracts.worktrees import WORKTREES, Worktrees
from a_parallel_plugins.merge.discovery import Discovery
from a_parallel_plugins.merge.merger import Attempt, MergeConflict, Merger
from a_parallel_plugins.merge.repository import Repository
from a_parallel_plugins.merge.runs import MergeRuns
from a_parallel_plugins.merge.series import Series
from a_parallel_plugins.merge.slots import Slots

if TYPE_CHECKING:  # loaded with the routes
    from a_parallel_plugins.merge.models import MergeAnswer, MergeBody

NOT_A_WORKTREE = "Merge is only available for worktree threads"
STANDS = "The merge itself succeeded"


class ThreadMerger:
    """Merges, pushes and cleans up for people."""

    def __init__(self, ctx: PluginContext, merger: Merger, slots: Slots, discovery: Discovery, runs: MergeRuns) -> None:
        self._ctx = ctx
        self._git = ctx.get(GIT)
        self._merger = merger
        self._slots = slots
        self._discovery = discovery
        self._runs = runs

    async def merge(self, thread: Thread, actor: Actor, body: "MergeBody") -> "MergeAnswer":
        """Merge a thread's branch, then push and clean up if that is asked for.

        Raises:
            BadRequest: it cannot be merged, or is merged and cannot be pushed; the text says which.
            Conflict: somebody else is at work there.
        """
        if thread.mode != ThreadMode.WORKTREE or not thread.branch:
            raise BadRequest(NOT_A_WORKTREE)
        project = await self._ctx.get(PROJECTS).get(thread.project_id)
        if project is None:
            raise NotFound("Project not found")
        target = body.target_branch or thread.base_branch
        if not target:
            raise BadRequest("This thread has no base branch. Specify the target branch.")
        async with self._reserved(thread, body):
            return await self._merge(project, thread, target, actor, body)

    @asynccontextmanager
    async def _reserved(self, thread: Thread, body: "MergeBody") -> AsyncIterator[None]:
        """Let no agent begin in a worktree that is about to go, and refuse while it must not."""
        if not body.cleanup:
            yield
            return
        async with self._ctx.get(THREADS).exclusive(thread.id):
            await self._refuse_cleanup(thread)
            yield

    async def _merge(
        self, project: Project, thread: Thread, target: str, actor: Actor, body: "MergeBody"
    ) -> "MergeAnswer":
        repository = await Repository.of(self._git, project)
        try:
            with self._slots.taken(repository):
                output = await self._merge_now(repository, thread, target, actor)
        except MergeConflict as conflict:
            if not body.resolve:
                raise
            return await self._resolve(project, thread, target, actor, body, conflict)
        await self._follow_up(project, repository, thread, target, actor, body)
        return _answer(output)

    async def _merge_now(self, repository: Repository, thread: Thread, target: str, actor: Actor) -> str:
        at_work = await self._discovery.local_agents(repository, but=thread.id)
        if at_work:
            raise Conflict(f'The thread "{at_work[0].title}" is at work in this project. Stop it first.')
        identity = await self._ctx.hooks.first(GitHooks.git_identity, actor.user_id)
        environment = identity.environment if identity is not None else {}
        return await self._merger.merge(Attempt(repository, target, thread.branch or "", thread.id, environment))

    # --- afterwards -------------------------------------------------------------------------------

    async def _follow_up(
        self, project: Project, repository: Repository, thread: Thread, target: str, actor: Actor, body: "MergeBody"
    ) -> None:
        try:
            if body.push:
                await self._push(repository, target, actor)
            if body.cleanup:
                await self._clean_up(project, thread, confirmed=body.confirmed)
        finally:
            if not body.cleanup:
                await self._tell(project, thread)

    async def _push(self, repository: Repository, target: str, actor: Actor) -> None:
        token = await self._ctx.hooks.first(GitHooks.github_token, actor.user_id)
        try:
            await self._git.push(repository.root, target, token=token)
        except BadRequest as error:
            raise BadRequest(f"{STANDS}, but pushing '{target}' failed: {error.message}") from error
        except ApiError as error:
            raise FailedDependency(f"{STANDS}, but pushing '{target}' failed: {error.message}") from error

    async def _refuse_cleanup(self, thread: Thread) -> None:
        """Refuse to remove a worktree under an agent, or one with uncommitted changes (§7.8, rule 9)."""
        self._worktrees()
        current = await self._ctx.get(THREADS).get(thread.id)
        if current is None:
            raise NotFound("Thread not found")
        if current.status in UNFINISHED:
            raise Conflict("The agent is at work in this worktree. Stop it first, or merge without cleaning up.")
        path = Path(current.worktree_path or "")
        if not current.worktree_path or not path.is_dir():
            return
        arguments = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal"]
        output = (await self._git.command(path, arguments)).decode("utf-8", "replace")
        changed = [entry[3:] for entry in output.split("\0") if entry]
        if changed:
            names = ", ".join(changed[:5])
            raise BadRequest(f"Cannot clean up: the worktree has uncommitted changes ({names}). Commit them first.")

    async def _clean_up(self, project: Project, thread: Thread, *, confirmed: bool) -> None:
        if not thread.worktree_path:
            return
        try:
            deleted = await self._worktrees().remove(
                project, thread.worktree_path, thread_id=thread.id, confirmed=confirmed
            )
        except ApiError as error:
            raise type(error)(f"{STANDS}, but the worktree stays: {error.message}", extra=error.extra) from error
        changes: ThreadChanges = {"worktree_path": None}
        if deleted:
            changes["branch"] = None
        threads = self._ctx.get(THREADS)
        await self._ctx.db.write(lambda tx: threads.update(tx, thread.id, changes))

    def _worktrees(self) -> Worktrees:
        worktrees = self._ctx.find(WORKTREES)
        if worktrees is None:
            raise FailedDependency("Cleaning up needs the plugin worktrees, which does not run. Merge without it.")
        return worktrees

    async def _tell(self, project: Project, thread: Thread) -> None:
        """Tell the state of the thread's worktree to its owner (``websocket.md`` §4.2)."""
        if not thread.worktree_path or not Path(thread.worktree_path).is_dir():
            return
        worktrees = self._ctx.find(WORKTREES)
        birth = await worktrees.birth(project, thread.branch) if worktrees and thread.branch else None
        path, directory = Path(thread.worktree_path), Path(project.path)
        summary = await self._git.summary(thread.id, path, base=thread.base_branch, project=directory, created_at=birth)
        self._ctx.publish(GitStatusChanged(thread_id=thread.id, owner=thread.user_id, statuses=[summary]))

    # --- conflicts --------------------------------------------------------------------------------

    async def _resolve(
        self, project: Project, thread: Thread, target: str, actor: Actor, body: "MergeBody", conflict: MergeConflict
    ) -> "MergeAnswer":
        """Let an agent resolve the conflicts, in a thread of its own that shows it; push and clean up afterwards."""
        model = Model(thread.model) if thread.model in list(Model) else Model.SONNET
        new = NewThread(
            project_id=project.id,
            title=f"Merge {thread.branch} into {target}",
            mode=ThreadMode.LOCAL,
            model=model,
            user_id=thread.user_id,
        )
        shown = await self._ctx.get(THREADS).create(new)

        async def work(series: Series, repository: Repository) -> MergeReport:
            _, result = await series.merge_one(repository, target, thread.branch or "")
            if result.success:
                async with self._reserved(thread, body):
                    await self._follow_up(project, repository, thread, target, actor, body)
            return MergeReport(target_branch=target, results=[result], total_cost_usd=result.cost_usd or 0)

        async def run() -> None:
            try:
                await self._runs.follow(project, shown, MergeOptions(model=model), work)
            except ApiError as error:  # its thread shows it
                self._ctx.log.info("the merge of thread %s failed: %s", thread.id, error.message)

        self._ctx.spawn(run(), name=f"merge of thread {thread.id}")
        return _answer(conflict.message, shown.id)


def _answer(output: str, thread_id: str | None = None) -> "MergeAnswer":
    from a_parallel_plugins.merge.models import MergeAnswer

    return MergeAnswer(output=output, thread_id=thread_id)
