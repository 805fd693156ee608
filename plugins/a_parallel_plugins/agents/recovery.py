"""What an earlier server left behind (``agent-lifecycle.md`` §9, ``database.md`` §6)."""

from collections.abc import Collection

from a_parallel_contracts import Database, Transaction, now
from a_parallel_contracts.threads import UNFINISHED, Threads, ThreadStatus
from a_parallel_plugins.agents import waiting


async def relabel_unfinished(db: Database, threads: Threads, alive: Collection[str] = ()) -> int:
    """Set threads whose agent is gone to ``interrupted`` and return how many there were.

    No event of theirs is sent, and the stage stays. Those that wait for their turn go on waiting.

    Parameters:
        db: the database.
        threads: the thread store.
        alive: ids of threads whose agent has outlived that server.
    """
    queued = await db.run(waiting.ids)
    unfinished = [
        thread
        for thread in await threads.with_status(*UNFINISHED)
        if thread.id not in queued and thread.id not in alive
    ]

    def write(tx: Transaction) -> None:
        for thread in unfinished:
            threads.update(tx, thread.id, {"status": ThreadStatus.INTERRUPTED.value, "completed_at": now()})

    if unfinished:
        await db.write(write)
    return len(unfinished)
