"""The service behind `THREADS`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakValueDictionary

import orjson

from a_parallel_contracts import Actor, Conflict, NotFound, PluginContext, Reader, Transaction
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import (
    Message,
    NewThread,
    Role,
    Thread,
    ThreadChanges,
    ThreadHooks,
    ThreadMode,
    ThreadStatus,
    ToolCall,
)
from a_parallel_plugins.threads import rows, telling
from a_parallel_plugins.threads.creation import Creator, insert_new, new_row
from a_parallel_plugins.threads.lists import listed

NOT_FOUND = "Thread not found"
NO_WORKTREE = "The thread's worktree is gone, and a worktree thread never works in the project's own checkout"
_BY_ROW = f"SELECT {rows.COLUMNS} FROM {rows.NUMBERED}"  # noqa: S608
_BY_STATUS = f"SELECT {rows.COLUMNS} FROM threads WHERE status IN (SELECT value FROM json_each(?)) ORDER BY rowid"  # noqa: S608


class KeyedLocks:
    """A lock for each key, which lasts while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Enter the lock of `key`; not reentrant."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            yield


class ThreadService:
    """Implements `a_parallel_contracts.threads.Threads`."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._creator = Creator(ctx)
        self._exclusive = KeyedLocks()
        self._directories = KeyedLocks()
        self.exclusive = self._exclusive.hold

    async def load(self, actor: Actor, id: str) -> Thread:
        """Return a thread that `actor` may see."""
        thread = await self.get(id)
        if thread is None or not actor.owns(thread.user_id):
            raise NotFound(NOT_FOUND)
        return thread

    async def owner_of(self, id: str) -> str | None:
        """Return the user who owns a thread."""
        row = await self._ctx.db.one("SELECT user_id FROM threads WHERE id = :id", id=id)
        return row["user_id"] if row else None

    async def get(self, id: str) -> Thread | None:
        """Return a thread whoever owns it."""
        return await self._ctx.db.run(lambda reader: rows.find(reader, id))

    async def visible(
        self, actor: Actor, *, project_id: str | None = None, include_archived: bool = False
    ) -> list[Thread]:
        """Return the threads visible to `actor`: pinned first, then newest first."""
        owner = None if actor.sees_all else actor.user_id

        def query(reader: Reader) -> list[Thread]:
            found = listed(reader, owner, project_id, include_archived=include_archived)
            return [rows.thread_from(row) for row in reader.all(_BY_ROW, (orjson.dumps(found).decode(),))]

        return await self._ctx.db.run(query)

    async def with_status(self, *statuses: ThreadStatus) -> list[Thread]:
        """Return the threads of all users in one of `statuses`."""
        wanted = orjson.dumps([str(status) for status in statuses]).decode()
        return await self._ctx.db.run(
            lambda reader: [rows.thread_from(row) for row in reader.all(_BY_STATUS, (wanted,))]
        )

    async def messages(self, thread_id: str, *, limit: int | None = None) -> list[Message]:
        """Return the messages of a thread, oldest first; with `limit` the newest so many."""
        return await self._ctx.db.run(lambda reader: rows.messages(reader, thread_id, limit))

    async def create(self, new: NewThread) -> Thread:
        """Make a thread and, in mode ``worktree``, its working tree."""
        return await self._creator.create(new)

    def add(self, tx: Transaction, new: NewThread) -> Thread:
        """Insert a thread of mode ``local``, without a branch."""
        return insert_new(tx, new_row(new.model_copy(update={"mode": ThreadMode.LOCAL})))

    async def directory(self, thread: Thread) -> str:
        """Return where the thread works; never the project's own checkout for a worktree thread."""
        if thread.worktree_path:
            return thread.worktree_path
        if thread.mode == ThreadMode.WORKTREE:
            raise Conflict(f"{NO_WORKTREE}. Send a message to have the worktree made anew.")
        project = await self._ctx.get(PROJECTS).get(thread.project_id)
        if project is None:
            raise NotFound("Project not found")
        return project.path

    async def ensure_directory(self, thread: Thread) -> tuple[Thread, str]:
        """Like `directory`, but makes the missing working tree anew, also one that was deleted by hand."""
        async with self._directories.hold(thread.id):
            current = await self.get(thread.id)
            if current is None:
                raise NotFound(NOT_FOUND)
            if current.mode == ThreadMode.WORKTREE and not await _is_there(current.worktree_path):
                current = await self._provide(current)
        return current, await self.directory(current)

    async def _provide(self, thread: Thread) -> Thread:
        changes = await self._ctx.hooks.first(ThreadHooks.provide_directory, thread)
        if changes is None:
            raise Conflict(f"{NO_WORKTREE}; making it anew needs the plugin worktrees, which does not run.")
        changed = await self._ctx.db.write(lambda tx: self.update(tx, thread.id, changes))
        if changed is None:
            raise NotFound(NOT_FOUND)
        return changed

    def update(self, tx: Transaction, thread_id: str, changes: ThreadChanges) -> Thread | None:
        """Change a row, with its stage history."""
        changed = rows.update(tx, thread_id, changes)
        return changed[1] if changed else None

    def find(self, reader: Reader, thread_id: str) -> Thread | None:
        """Return a thread's row."""
        return rows.find(reader, thread_id)

    def add_message(self, tx: Transaction, message: Message) -> None:
        """Insert a message, and tell about one of a person."""
        rows.add_message(tx, message)
        if message.role == Role.USER:
            telling.tell(tx, message)

    def set_content(self, tx: Transaction, message_id: str, content: str) -> None:
        """Replace a message's text."""
        rows.set_content(tx, message_id, content)

    def add_tool_call(self, tx: Transaction, call: ToolCall) -> None:
        """Insert a tool call."""
        rows.add_tool_call(tx, call)

    def set_output(self, tx: Transaction, tool_call_id: str, output: str) -> None:
        """Set a tool call's output."""
        rows.set_output(tx, tool_call_id, output)


async def _is_there(worktree_path: str | None) -> bool:
    return bool(worktree_path) and await asyncio.to_thread(Path(str(worktree_path)).is_dir)
