"""Tells owners the states of their threads' worktrees when there is a cause; nothing polls."""

import asyncio
from pathlib import Path

from a_parallel_contracts import ApiError, PluginContext
from a_parallel_contracts.agents import AgentResult, AgentToolOutput
from a_parallel_contracts.git import GitStatusChanged, GitSummary
from a_parallel_contracts.threads import THREADS, Thread, ThreadDeleted, ThreadMode
from a_parallel_plugins.git.following import GitDirectories
from a_parallel_plugins.git.threads import ThreadTrees

DELAY = 1.0
"""Seconds in which the tool results of a run become one look at its worktree."""


class StatusTeller:
    """Sends ``git:status`` (``websocket.md`` §4.2): after results of agents, tool results, and what people do.

    Here and in a shell of their own: HEAD and index of every worktree that somebody has looked at are followed.
    """

    def __init__(self, ctx: PluginContext, trees: ThreadTrees) -> None:
        self._ctx = ctx
        self._trees = trees
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, GitSummary] = {}
        self._directories = GitDirectories(self._look_soon)
        ctx.defer(self._directories.close)
        trees.seen = self.seen

    async def run_ended(self, event: AgentResult) -> None:
        """Tell the state after a result, changed or not; a stop or a crash has none (``agent-lifecycle.md`` §8.1)."""
        waiting = self._waiting.pop(event.thread_id, None)
        if waiting is not None:
            waiting.cancel()
        await self._tell(event.thread_id, anyway=True)

    async def tool_finished(self, event: AgentToolOutput) -> None:
        """Look soon whether a tool has changed something."""
        self._look_soon(event.thread_id)

    def _look_soon(self, thread_id: str) -> None:
        if thread_id not in self._waiting:
            task = self._ctx.spawn(self._look(thread_id), name=f"look at thread {thread_id}")
            self._waiting[thread_id] = task

    async def thread_deleted(self, event: ThreadDeleted) -> None:
        """Forget a thread."""
        self._directories.forget(event.thread.id)
        self._told.pop(event.thread.id, None)

    def changed(self, thread: Thread) -> None:
        """Tell the state after a person has changed something in a thread's directory."""
        self._ctx.spawn(self._tell(thread.id, anyway=False), name=f"git:status of thread {thread.id}")

    async def seen(self, thread: Thread) -> None:
        """Somebody has looked at the state of this thread, so tell what changes it from now on."""
        if thread.mode == ThreadMode.WORKTREE and thread.worktree_path:
            await self._directories.follow(thread.id, Path(thread.worktree_path))

    async def _look(self, thread_id: str) -> None:
        await asyncio.sleep(DELAY)
        self._waiting.pop(thread_id, None)
        await self._tell(thread_id, anyway=False)

    async def _tell(self, thread_id: str, *, anyway: bool) -> None:
        """Send the state of a thread's worktree, if it has one that can be read."""
        threads = self._ctx.find(THREADS)
        thread = await threads.get(thread_id) if threads else None
        summary = await self._summary(thread) if thread is not None else None
        if thread is None or summary is None or (not anyway and self._told.get(thread_id) == summary):
            return
        self._told[thread_id] = summary
        self._ctx.publish(GitStatusChanged(thread_id=thread_id, owner=thread.user_id, statuses=[summary]))

    async def _summary(self, thread: Thread) -> GitSummary | None:
        if thread.mode != ThreadMode.WORKTREE or not thread.worktree_path or not Path(thread.worktree_path).is_dir():
            return None
        try:
            return await self._trees.summary(thread)
        except ApiError as error:
            self._ctx.log.info("no status of thread %s: %s", thread.id, error.message)
            return None
