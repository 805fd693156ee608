"""What the routes do. Files are read and changed off the loop, and changed by one at a time."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from a_parallel_contracts import Actor, ApiError, BadRequest, FailedDependency, Forbidden, PluginContext, new_id
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import PROJECTS
from a_parallel_plugins.skills import SkillProgress, installing, removing
from a_parallel_plugins.skills.cloning import clone
from a_parallel_plugins.skills.finding import choose
from a_parallel_plugins.skills.listing import global_skills, project_skills
from a_parallel_plugins.skills.memory import memory_files
from a_parallel_plugins.skills.models import MemoryFile, NewSkill, Skill
from a_parallel_plugins.skills.settings import SkillsSettings
from a_parallel_plugins.skills.sources import Source, read_source

P = ParamSpec("P")


class SkillService:
    """Lists, installs and removes skills.

    Parameters:
        ctx: of the plugin.
        work: directory for repositories while they are installed from.
    """

    def __init__(self, ctx: PluginContext, work: Path) -> None:
        self._ctx = ctx
        self._settings = ctx.settings(SkillsSettings)
        self._work = work
        self._changing = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def show(self, actor: Actor, path: str) -> list[Skill]:
        """Return the skills of a project of the actor's, then the global ones; never an error."""
        project = await self._project(actor, path)
        own = await asyncio.to_thread(project_skills, project) if project else []
        return own + await asyncio.to_thread(global_skills)

    async def memory(self, actor: Actor, path: str) -> list[MemoryFile]:
        """Return the ``CLAUDE.md`` files in force; the user's own only to those who share them."""
        project = await self._project(actor, path)
        return await asyncio.to_thread(memory_files, project, user=self._shares(actor))

    async def install(self, actor: Actor, new: NewSkill) -> None:
        """Install skills for the user whose home directory the CLI uses. Goes on if the caller goes away.

        Raises:
            Forbidden: only admins may.
            BadRequest: there is nothing to install; the text says why.
            Conflict: something of the user's is in the way.
            FailedDependency: git cannot be started, or took too long.
        """
        self._admit(actor)
        source = read_source(new.identifier, new.skill, self._settings.github)
        task = asyncio.ensure_future(self._install(actor, new.identifier, source))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def remove(self, actor: Actor, name: str) -> None:
        """Remove a global skill.

        Raises:
            Forbidden: only admins may.
            BadRequest: there is no such skill.
        """
        self._admit(actor)
        async with self._changing:
            await asyncio.to_thread(_on_disk, removing.remove, name)

    async def _install(self, actor: Actor, identifier: str, source: Source) -> None:
        def tell(phase: str, percent: int | None = None) -> None:
            event = SkillProgress(identifier=identifier, phase=phase, percent=percent, user_id=actor.user_id)
            self._ctx.publish(event)

        async with self._changing:
            try:
                await self._fetch_and_place(source, tell)
            except ApiError as error:
                tell("failed")
                error.message = f'Failed to install skill "{identifier}": {error.message}'
                raise
            tell("done")

    async def _fetch_and_place(self, source: Source, tell: Callable[..., None]) -> None:
        tell("fetching")
        checkout = self._work / new_id()
        await asyncio.to_thread(self._work.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            if source.kind == "local":
                folder = await asyncio.to_thread(_folder, source.location)
            else:
                host = self._ctx.get(HOSTS).get()
                await clone(
                    host, source.location, checkout, self._settings.timeout, lambda part: tell("fetching", part)
                )
                folder = checkout
            tell("copying")
            await asyncio.to_thread(_on_disk, _place, source, folder, self._settings.size_limit)
        finally:
            await asyncio.to_thread(shutil.rmtree, checkout, ignore_errors=True)

    async def _project(self, actor: Actor, path: str) -> Path | None:
        """Return a project's directory, by whatever path; None for what is no project of the actor's."""
        if not path.startswith("/") or "\0" in path:
            return None
        known = [project.path for project in await self._ctx.get(PROJECTS).visible(actor)]
        directory = os.path.normpath(path)
        return Path(directory) if await asyncio.to_thread(_among, directory, known) else None

    def _shares(self, actor: Actor) -> bool:
        return not self._settings.admins_only or actor.administers

    def _admit(self, actor: Actor) -> None:
        if not self._shares(actor):
            raise Forbidden("Global skills work for everybody on this server; ask an admin to change them")


def _on_disk(work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do something to the user's files, and say so if the system does not let us."""
    try:
        work(*args, **kwargs)
    except OSError as error:
        raise FailedDependency(f"{error.filename or 'A file'}: {error.strerror or error}") from error


def _place(source: Source, folder: Path, size_limit: int) -> None:
    fallback = Path(source.location.rstrip("/")).name.removesuffix(".git")
    installing.install(source, choose(folder, source.skill, fallback), size_limit)


def _folder(path: str) -> Path:
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib raises for names that are too long
        raise BadRequest(f"{path} does not exist or is no folder")
    return Path(path).resolve()


def _among(directory: str, known: list[str]) -> bool:
    return directory in known or os.path.realpath(directory) in map(os.path.realpath, known)
