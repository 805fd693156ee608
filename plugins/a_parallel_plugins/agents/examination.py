"""What the doctor asks about runs."""

from a_parallel_contracts import Finding, PluginContext
from a_parallel_contracts.threads import THREADS, Thread, ThreadHooks, ThreadStatus
from a_parallel_plugins.agents.book import Subject
from a_parallel_plugins.agents.outcomes import RunEndedEarly
from a_parallel_plugins.agents.runs import Runs

AT_WORK = (ThreadStatus.PENDING, ThreadStatus.RUNNING)


async def stuck_runs(ctx: PluginContext, runs: Runs, *, repair: bool) -> list[Finding]:
    """Return the threads that are shown as at work although nobody works for them; a repair interrupts them."""
    threads = ctx.get(THREADS)
    found: list[Finding] = []
    for candidate in await threads.with_status(*AT_WORK):
        if await _at_work(ctx, candidate):
            continue
        async with threads.exclusive(candidate.id):  # whoever is about to start it holds this
            thread = await threads.get(candidate.id)
            if thread is None or thread.status not in AT_WORK or await _at_work(ctx, thread):
                continue
            if repair:
                await runs.write_end(Subject.of(thread), [RunEndedEarly(0, "interrupted")])
            found.append(_stuck(thread, repaired=repair))
    return found


async def _at_work(ctx: PluginContext, thread: Thread) -> bool:
    return any(await ctx.hooks.collect(ThreadHooks.works_for_thread, thread))


def _stuck(thread: Thread, *, repaired: bool) -> Finding:
    return Finding(
        check="stuck-run",
        subject=thread.id,
        detail=f"{thread.title!r} is {thread.status}, and nobody works for it",
        severity="error",
        repairable=True,
        repaired=repaired,
    )
