"""Which threads work in which working trees."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from a_parallel_contracts import Reader
from a_parallel_contracts.threads import UNFINISHED
from a_parallel_contracts.worktrees import WorktreeUse
from a_parallel_plugins.threads.service import ThreadService

_USES = """
    SELECT id, title, status, worktree_path, max(created_at, COALESCE(completed_at, ''),
        COALESCE((SELECT max(timestamp) FROM messages WHERE thread_id = threads.id), '')) AS last_used
    FROM threads WHERE worktree_path IS NOT NULL AND worktree_path <> ''
"""


def worktree_uses(reader: Reader) -> list[WorktreeUse]:
    """Return every thread that has a working tree, whoever owns it."""
    return [
        WorktreeUse(
            path=row["worktree_path"],
            thread_id=row["id"],
            title=row["title"],
            busy=row["status"] in UNFINISHED,
            last_used=row["last_used"],
        )
        for row in reader.all(_USES)
    ]


@asynccontextmanager
async def holding(threads: ThreadService, uses: Iterable[WorktreeUse], path: str) -> AsyncIterator[None]:
    """Keep the threads in the working tree at `path` from starting, being archived and being deleted."""
    async with AsyncExitStack() as stack:
        for id in sorted(use.thread_id for use in uses if use.path == path):
            await stack.enter_async_context(threads.exclusive(id))
        yield
