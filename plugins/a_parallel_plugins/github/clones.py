"""Clones: checked before they begin, followed and cancelled while they run, projects when they are whole."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from a_parallel_contracts import (
    Actor,
    ApiError,
    Conflict,
    FailedDependency,
    NotFound,
    PluginContext,
    TooManyRequests,
    new_id,
)
from a_parallel_contracts.github import CloneEnded, CloneProgress
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.profile import PROFILES
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_plugins.github.address import check_address, directory_name
from a_parallel_plugins.github.fetch import Fetcher
from a_parallel_plugins.github.places import Destinations, Workshops, place
from a_parallel_plugins.github.settings import GithubSettings

if TYPE_CHECKING:
    from a_parallel_plugins.github.models import CloneBody


class Clone(Struct):
    """A clone that runs.

    Attributes:
        id: names it for its user.
        actor: who asked for it.
        url: of the repository.
        directory: which it will have.
        task: makes it.
        phase, percent: what was told last.
        settled: it is whole, or was cancelled; neither can be taken back.
    """

    id: str
    actor: Actor
    url: str
    directory: Path
    task: "asyncio.Task[Project] | None" = None
    phase: str = "Connecting"
    percent: int | None = None
    settled: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Names it among everybody's."""
        return self.actor.user_id, self.id

    def cancel(self) -> bool:
        """Cancel it unless it is whole; tell whether it ends."""
        if self.task is not None and not self.settled:
            self.settled = True
            return self.task.cancel()
        return self.task is not None and self.task.cancelling() > 0


class Clones:
    """Clones repositories for users.

    Attributes:
        workshops: where clones are made.
    """

    def __init__(self, ctx: PluginContext, settings: GithubSettings) -> None:
        shared = ctx.server.auth_mode != "local"
        self._ctx = ctx
        self._settings = settings
        self._running: dict[tuple[str, str], Clone] = {}
        self.workshops = Workshops(ctx.db)
        self._fetcher = Fetcher(ctx.get(HOSTS).get(), settings.website, shared=shared)
        roots = settings.clone_roots or ((Path.home(),) if shared else ())
        self._destinations = Destinations(roots, ctx.server.data_directory)
        self._closing = False

    async def clone(self, actor: Actor, body: "CloneBody") -> Project:
        """Clone a repository and register it; nothing is left of a clone that fails or is cancelled.

        Raises:
            BadRequest: it cannot be cloned there, or git refused.
            Conflict: the name is taken, or the clone was cancelled.
            TooManyRequests: too many clones are running.
            FailedDependency: it took too long.
        """
        clone = await self._checked(actor, body)
        self._admit(clone)
        clone.task = asyncio.create_task(self._make(clone), name=f"clone {clone.directory.name}")
        clone.task.add_done_callback(lambda _: self._running.pop(clone.key))
        try:
            await asyncio.wait({clone.task})
        finally:
            clone.cancel()  # if the request itself was cancelled
        return self._told(clone, clone.task)

    def running(self, actor: Actor) -> list[Clone]:
        """Return the clones that an actor may see."""
        return [clone for clone in self._running.values() if actor.owns(clone.actor.user_id)]

    def cancel(self, actor: Actor, id: str) -> None:
        """Cancel a clone.

        Raises:
            NotFound: none of the actor's is called `id` (any more).
            Conflict: it is whole already.
        """
        clone = self._running.get((actor.user_id, id))
        if clone is None:
            raise NotFound("Clone not found")
        if not clone.cancel():
            raise Conflict("The repository is cloned already. Delete the project if you do not want it.")

    async def close(self) -> None:
        """Cancel all clones and wait for their ends."""
        self._closing = True
        for clone in self._running.values():
            clone.cancel()
        if tasks := [clone.task for clone in self._running.values() if clone.task is not None]:
            await asyncio.wait(tasks)

    async def _checked(self, actor: Actor, body: "CloneBody") -> Clone:
        check_address(body.clone_url, self._settings.website)
        name = directory_name(body.clone_url, body.name)
        directory = await asyncio.to_thread(self._destinations.check, body.destination_path, name)
        for project in await self._ctx.get(PROJECTS).visible(actor):
            if project.name == name:
                raise Conflict(f"A project with this name already exists: {name}")
            if project.path == str(directory):
                raise Conflict(f"A project with this path already exists: {directory}")
        return Clone(body.clone_id or new_id(), actor, body.clone_url, directory)

    def _admit(self, clone: Clone) -> None:
        if clone.key in self._running:  # of one user: of another's nothing may be learnt
            raise Conflict("A clone with this id is running already")
        if any(clone.directory == other.directory for other in self._running.values()):
            raise Conflict(f"A clone into {clone.directory} is running already")
        if self._closing or len(self._running) >= self._settings.clones:
            raise TooManyRequests("Too many repositories are being cloned. Try again when one of them is done.")
        self._running[clone.key] = clone

    async def _make(self, clone: Clone) -> Project:
        token = await self._ctx.get(PROFILES).github_token_of(clone.actor.user_id)
        async with self.workshops.open(new_id(), clone.directory.parent) as workshop:
            limit = self._settings.clone_timeout
            try:
                async with asyncio.timeout(limit):
                    made = await self._fetcher.clone(
                        clone.id, clone.url, workshop, token, lambda *told: self._tell(clone, *told)
                    )
            except TimeoutError:
                raise FailedDependency(f"Clone failed: it did not finish within {limit:g} s") from None
            clone.settled = True
            return await self._register(clone, made)

    async def _register(self, clone: Clone, made: Path) -> Project:
        """Give a whole clone its place and make a project of it; take it back if that is refused."""
        await asyncio.to_thread(place, made, clone.directory)
        try:
            return await self._ctx.get(PROJECTS).create(clone.actor, clone.directory.name, str(clone.directory))
        except ApiError:
            await asyncio.to_thread(place, clone.directory, made)
            raise

    def _tell(self, clone: Clone, phase: str, percent: int | None, detail: str | None) -> None:
        """Publish progress if there is any."""
        if (phase, percent) != (clone.phase, clone.percent):
            clone.phase, clone.percent = phase, percent
            who = {"clone_id": clone.id, "owner": clone.actor.user_id}
            self._ctx.publish(CloneProgress(**who, phase=phase, percent=percent, detail=detail or None))

    def _told(self, clone: Clone, task: "asyncio.Task[Project]") -> Project:
        """Publish how a clone ended, and return its project or raise its error."""
        who = {"clone_id": clone.id, "owner": clone.actor.user_id}
        if task.cancelled():
            self._ctx.publish(CloneEnded(**who, outcome="cancelled"))
            raise Conflict("The clone was cancelled")
        if error := task.exception():
            said = error.message if isinstance(error, ApiError) else "Clone failed"
            self._ctx.publish(CloneEnded(**who, outcome="failed", error=said))
            raise error
        self._ctx.publish(CloneEnded(**who, outcome="completed", project_id=task.result().id))
        return task.result()
