"""What happens before a thread is archived or deleted, and when its project or working tree goes."""

import asyncio
from pathlib import Path
from typing import Literal

from a_parallel_contracts import Actor, Conflict, NotFound, PluginContext, Reader, Transaction
from a_parallel_contracts.projects import Project, ProjectDeleted
from a_parallel_contracts.threads import UNFINISHED, Thread, ThreadChanges, ThreadDeleted, ThreadHooks
from a_parallel_contracts.worktrees import WorktreeRemoved
from a_parallel_plugins.threads import rows
from a_parallel_plugins.threads.service import NOT_FOUND, ThreadService

Reason = Literal["archive", "delete", "project"]
_OF_PROJECT = f"SELECT {rows.COLUMNS} FROM threads WHERE project_id = ? ORDER BY rowid"  # noqa: S608


class Lifecycle:
    """Changes and ends threads for people; whatever runs for a thread ends first (``http-core.md`` §6.9)."""

    def __init__(self, ctx: PluginContext, threads: ThreadService) -> None:
        self.threads = threads
        self._ctx = ctx
        self._leaving: dict[str, list[Thread]] = {}

    async def change(self, thread: Thread, changes: ThreadChanges) -> Thread:
        """Write what a person changed; archiving first ends what runs and gives back the working tree."""
        if not changes.get("archived"):
            return await self._write(thread.id, changes)
        async with self.threads.exclusive(thread.id):
            current = await self._current(thread.id)
            if not current.archived:
                await self._quiesce(current)
                changes = changes | await self._release(await self._current(thread.id), "archive")
            return await self._write(thread.id, changes)

    async def delete(self, actor: Actor, thread_id: str) -> None:
        """Delete a thread after everything that runs for it has ended; an unknown or foreign one is ignored."""
        async with self.threads.exclusive(thread_id):
            thread = await self.threads.get(thread_id)
            if thread is None or not actor.owns(thread.user_id):
                return
            await self._quiesce(thread)
            quiet = await self.threads.get(thread_id)
            if quiet is not None:
                await self._release(quiet, "delete")
                await self._ctx.db.write(lambda tx: _delete(tx, thread_id))

    async def quiesce_project(self, project: Project) -> None:
        """End what runs for the threads of a project; the first refusal is told once all have been asked."""
        asked = [self._quiesce_alone(thread) for thread in await self._of_project(project.id)]
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def release_project(self, project: Project) -> None:
        """Give back what the threads of a project hold, and remember them until the project is gone."""
        threads = await self._of_project(project.id)
        for thread in threads:
            await self._apply(thread.id, await self._release(thread, "project"))
        self._leaving[project.id] = threads

    async def project_deleted(self, event: ProjectDeleted) -> None:
        """Tell that the threads of a deleted project are gone."""
        for thread in self._leaving.pop(event.project.id, []):
            self._ctx.publish(ThreadDeleted(thread=thread))

    async def worktree_removed(self, event: WorktreeRemoved) -> None:
        """Let threads forget a working tree that is gone (``http-core.md`` §9.4), unless it was made anew since."""
        if await asyncio.to_thread(Path(event.path).exists):
            return
        changes = ThreadChanges(worktree_path=None)
        if event.branch_deleted:
            changes["branch"] = None

        def forget(tx: Transaction) -> None:
            for thread in _at(tx, event.project_id, event.path):
                rows.update(tx, thread.id, changes)

        await self._ctx.db.write(forget)

    async def refuse_while_busy(self, project: Project, path: str) -> None:
        """Refuse the removal of a working tree in which an agent works.

        Raises:
            Conflict: a thread there is pending, running or waiting.
        """
        for thread in await self._ctx.db.run(lambda reader: _at(reader, project.id, path)):
            if thread.status in UNFINISHED:
                raise Conflict(f'The thread "{thread.title}" is at work in this worktree. Stop it first.')

    async def _write(self, thread_id: str, changes: ThreadChanges) -> Thread:
        changed = await self._apply(thread_id, changes)
        if changed is None:
            raise NotFound(NOT_FOUND)
        before, after = changed
        if before.stage == after.stage or after.archived:
            return after
        await self._announce_move(before, after)
        return await self._current(thread_id)

    async def _apply(self, thread_id: str, changes: ThreadChanges) -> tuple[Thread, Thread] | None:
        return await self._ctx.db.write(lambda tx: rows.update(tx, thread_id, changes))

    async def _announce_move(self, before: Thread, after: Thread) -> None:
        try:
            await self._ctx.hooks.collect(ThreadHooks.stage_moved, before, after)
        except Exception:
            self._ctx.log.exception("a plugin failed when thread %s was moved to %s", after.id, after.stage)

    async def _quiesce_alone(self, thread: Thread) -> None:
        async with self.threads.exclusive(thread.id):
            current = await self.threads.get(thread.id)
            if current is not None:
                await self._quiesce(current)

    async def _quiesce(self, thread: Thread) -> None:
        await self._ctx.hooks.collect(ThreadHooks.quiesce_thread, thread)

    async def _release(self, thread: Thread, reason: Reason) -> ThreadChanges:
        changes = ThreadChanges()
        for answer in await self._ctx.hooks.collect(ThreadHooks.release_thread, thread, reason):
            changes.update(answer or {})
        return changes

    async def _current(self, thread_id: str) -> Thread:
        thread = await self.threads.get(thread_id)
        if thread is None:
            raise NotFound(NOT_FOUND)
        return thread

    async def _of_project(self, project_id: str) -> list[Thread]:
        return [rows.thread_from(row) for row in await self._ctx.db.run(lambda r: r.all(_OF_PROJECT, (project_id,)))]


def _at(reader: Reader, project_id: str, path: str) -> list[Thread]:
    """Return the threads that work in a working tree."""
    found = reader.all(_OF_PROJECT, (project_id,))
    return [rows.thread_from(row) for row in found if row["worktree_path"] == path]


def _delete(tx: Transaction, thread_id: str) -> None:
    """Delete a row; everything below it goes by cascade."""
    thread = rows.find(tx, thread_id)
    if thread is not None:
        tx.execute("DELETE FROM threads WHERE id = ?", (thread_id,))
        tx.emit(ThreadDeleted(thread=thread))
