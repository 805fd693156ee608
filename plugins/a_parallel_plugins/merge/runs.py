"""Runs of the merge agent (`a_parallel_contracts.merge.Merges`)."""

import asyncio
from collections.abc import Awaitable, Callable

from a_parallel_contracts import ApiError, Conflict, PluginContext
from a_parallel_contracts.git import GIT
from a_parallel_contracts.merge import MergeOptions, MergeReport
from a_parallel_contracts.projects import Project
from a_parallel_contracts.threads import THREADS, UNFINISHED, Thread, ThreadChanged, ThreadStatus
from a_parallel_plugins.merge.discovery import Discovery
from a_parallel_plugins.merge.merger import Merger, finish
from a_parallel_plugins.merge.repository import Repository
from a_parallel_plugins.merge.series import Series
from a_parallel_plugins.merge.slots import Slots
from a_parallel_plugins.merge.transcript import Transcript

STOPPED = "The merge was stopped"

Work = Callable[[Series, Repository], Awaitable[MergeReport]]


class MergeRuns:
    """The runs that are going on, one for each repository at most."""

    def __init__(self, ctx: PluginContext, merger: Merger, slots: Slots, discovery: Discovery) -> None:
        self._ctx = ctx
        self._merger = merger
        self._slots = slots
        self._discovery = discovery
        self._tasks: dict[str, asyncio.Task[MergeReport]] = {}

    async def run(self, project: Project, thread: Thread, options: MergeOptions) -> MergeReport:
        """Merge the branches of a project that are ready, one after another."""

        async def work(series: Series, repository: Repository) -> MergeReport:
            target = await repository.target(options.target_branch)
            candidates = await self._discovery.candidates(project, repository, target, options.branches)
            return await series.merge_all(repository, target, candidates)

        return await self.follow(project, thread, options, work)

    async def follow(self, project: Project, thread: Thread, options: MergeOptions, work: Work) -> MergeReport:
        """Do the work of a run with everything around it, and show it in its thread.

        Raises:
            Conflict: the repository is busy, or the run was stopped.
            ApiError: whatever `work` raised.
        """
        task = asyncio.get_running_loop().create_task(
            self._shown(project, thread, options, work), name=f"merge of thread {thread.id}"
        )
        self._tasks[thread.id] = task
        task.add_done_callback(lambda done: self._tasks.pop(thread.id, None))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            await self._end(task)
            raise
        if task.cancelled():
            raise Conflict(STOPPED)
        return task.result()

    async def thread_changed(self, event: ThreadChanged) -> None:
        """End the run of a thread that a person has stopped."""
        task = self._tasks.get(event.after.id)
        if task is not None and event.before.status in UNFINISHED and event.after.status == ThreadStatus.STOPPED:
            task.cancel()

    def shown_in(self, thread_id: str) -> bool:
        """Tell whether a run goes on in a thread."""
        return thread_id in self._tasks

    async def stop(self, thread_id: str) -> None:
        """End the run of a thread and wait until everything is as it was before the branch at work."""
        task = self._tasks.get(thread_id)
        if task is not None:
            await self._end(task)

    async def close(self) -> None:
        """End all runs."""
        await asyncio.gather(*(self._end(task) for task in list(self._tasks.values())))

    async def _end(self, task: asyncio.Task[MergeReport]) -> None:
        async def ended() -> None:
            await asyncio.wait({task})

        task.cancel()
        await finish(ended())
        if not task.cancelled():
            task.exception()  # taken, since it has been shown in the thread

    async def _shown(self, project: Project, thread: Thread, options: MergeOptions, work: Work) -> MergeReport:
        transcript = Transcript(self._ctx.db, self._ctx.get(THREADS), thread)
        await transcript.begin()
        try:
            report = await self._guarded(project, thread, options, work, transcript)
        except asyncio.CancelledError:
            await finish(transcript.interrupt())
            raise
        except Exception as error:
            text = error.message if isinstance(error, ApiError) else repr(error)
            await transcript.end("failed", f"Merge agent error: {text}")
            raise
        await transcript.end("failed" if report.failures else "completed", report.summary)
        return report

    async def _guarded(
        self, project: Project, thread: Thread, options: MergeOptions, work: Work, transcript: Transcript
    ) -> MergeReport:
        repository = await Repository.of(self._ctx.get(GIT), project)
        with self._slots.taken(repository):
            at_work = await self._discovery.local_agents(repository, but=thread.id)
            if at_work:
                raise Conflict(f'The thread "{at_work[0].title}" is at work in this project. Stop it first.')
            series = Series(self._ctx, self._merger, thread, options, transcript)
            return await work(series, repository)
