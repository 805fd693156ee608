"""Which commands run: at most one instance of each (``http-features.md`` §8)."""

import asyncio
from collections.abc import Iterable
from weakref import WeakValueDictionary

from a_parallel_contracts import SOCKETS, Actor, ApiError, Event, PluginContext, ServiceUnavailable
from a_parallel_contracts.accounts import OwnershipMoved
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.commands import StartupCommand
from a_parallel_contracts.hosts import HOSTS, SERVER_VARIABLES, Owner
from a_parallel_contracts.projects import Project
from a_parallel_plugins.commands.instance import Instance
from a_parallel_plugins.commands.store import CommandStore

ENVIRONMENT = {**SERVER_VARIABLES, "FORCE_COLOR": "1"}

REMEMBERED = 50
"""Commands whose last output is kept after they have ended."""


class CommandService:
    """Starts and ends commands; what concerns one command happens one after another."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._running: dict[str, Instance] = {}
        self._last: dict[str, Instance] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closed = False
        self._deferred = False
        self.store = CommandStore(ctx.db)

    def running(self, project: Project, id: str) -> bool:
        """Tell whether that command of the project runs."""
        return self._of(project, id) is not None

    def last(self, project: Project, id: str) -> Instance | None:
        """Return the instance that runs, or else the last one; None if it was not started or that is long ago."""
        instance = self._last.get(id)
        return instance if instance is not None and instance.project.id == project.id else None

    async def start(self, actor: Actor, project: Project, id: str) -> None:
        """Run a command; one that runs already is ended first and replaced.

        Raises:
            NotFound: the project has no such command.
            FailedDependency: the directory is gone, or the old instance cannot be killed.
        """
        async with self._lock(id):
            command = await self.store.get(project, id)
            if instance := self._running.get(id):
                await instance.end(replaced=True)
            await self._spawn(actor, project, command)

    async def _spawn(self, actor: Actor, project: Project, command: StartupCommand) -> None:
        if self._closed:
            raise ServiceUnavailable("The server is stopping; the command was not started")
        process = (
            await self._ctx.get(HOSTS)
            .get()
            .spawn(
                ["sh", "-c", command.command],
                cwd=project.path,
                owner=Owner("command", command.id),
                env=ENVIRONMENT,
            )
        )
        self._running[command.id] = Instance(
            command,
            project,
            process,
            watcher=actor.user_id,
            sockets=self._ctx.get(SOCKETS),
            publish=self._ctx.publish,
            record=self._record,
            ended=self._ended,
        )
        self._remember(self._running[command.id])
        await process.close_stdin()
        if self._closed:
            await self._end([self._running[command.id]])
        elif not self._deferred:
            # Now and not in lifespan: what is deferred last goes first, while browsers can still be told.
            self._deferred = True
            self._ctx.defer(self.close)

    async def _record(self, event: Event) -> None:
        try:
            await self._ctx.db.write(lambda tx: tx.emit(event))
        except ApiError as error:  # a full disk must not hide that a command has ended
            self._ctx.log.warning("a command's status is told but not kept: %s", error.message)
            self._ctx.publish(event)

    def _remember(self, instance: Instance) -> None:
        self._last.pop(instance.command.id, None)
        self._last[instance.command.id] = instance
        ended = [id for id in self._last if id not in self._running]
        for id in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._last[id]

    def _ended(self, instance: Instance) -> None:
        del self._running[instance.command.id]

    async def stop(self, project: Project, id: str) -> None:
        """End a command of the project; nothing happens if it does not run.

        Raises:
            FailedDependency: a process of it cannot be killed.
        """
        async with self._lock(id):
            if instance := self._of(project, id):
                await instance.end()

    async def delete(self, project: Project, id: str) -> None:
        """End a command and delete it; an unknown one counts as deleted."""
        async with self._lock(id):
            if instance := self._of(project, id):
                await instance.end()
            if self.last(project, id):
                del self._last[id]
            await self.store.delete(project, id)

    async def end_project(self, project_id: str) -> None:
        """End all commands of a project."""
        await self._end(one for one in self._running.values() if one.project.id == project_id)
        self._last = {id: one for id, one in self._last.items() if one.project.id != project_id}

    async def user_deleted(self, event: UserDeleted) -> None:
        """End the commands of a user who is gone."""
        await self._end(one for one in self._running.values() if one.project.user_id == event.user_id)

    async def owner_changed(self, event: OwnershipMoved) -> None:
        """Tell the new owner of projects from now on what their commands do."""
        for instance in self._running.values():
            if instance.project.user_id == event.previous:
                instance.project = instance.project.model_copy(update={"user_id": event.owner})

    async def close(self) -> None:
        """Start nothing more and end everything."""
        self._closed = True
        await self._end(self._running.values())

    async def _end(self, instances: Iterable[Instance]) -> None:
        ends = [instance.end() for instance in instances]
        for outcome in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    def _of(self, project: Project, id: str) -> Instance | None:
        instance = self._running.get(id)
        return instance if instance is not None and instance.project.id == project.id else None

    def _lock(self, id: str) -> asyncio.Lock:
        return self._locks.setdefault(id, asyncio.Lock())
