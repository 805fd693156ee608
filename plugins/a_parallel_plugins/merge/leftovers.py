"""What an earlier server that was killed in the middle of a merge has left (``merge-agent.md`` §8, rule 8)."""

import asyncio
from pathlib import Path

from a_parallel_contracts import LOCAL_ACTOR, ApiError, PluginContext
from a_parallel_contracts.git import GIT
from a_parallel_contracts.projects import PROJECTS
from a_parallel_plugins.merge.bench import Bench
from a_parallel_plugins.merge.repository import Repository


class Leftovers:
    """Looks at temporary working trees and at projects when the plugin starts."""

    def __init__(self, ctx: PluginContext, directory: Path) -> None:
        self._ctx = ctx
        self._git = ctx.get(GIT)
        self._directory = directory

    async def clear(self) -> None:
        """Keep what our own temporary working trees hold, and remove them."""
        for path in await asyncio.to_thread(lambda: sorted(self._directory.glob("*/*"))):
            try:
                await self._clear(path)
            except (ApiError, OSError) as error:
                self._ctx.log.warning("the temporary working tree %s of an earlier merge stays: %s", path, error)

    async def report(self) -> None:
        """Tell which projects are in the middle of a merge or the like; nothing is repaired."""
        for project in await self._ctx.get(PROJECTS).visible(LOCAL_ACTOR):
            try:
                doing = await (await Repository.of(self._git, project)).in_progress()
            except ApiError:
                continue  # the project's directory is gone, which is not for us to tell
            if doing is not None:
                self._ctx.log.warning("%s is in progress in %s. Finish or abort it.", doing, project.path)

    async def _clear(self, path: Path) -> None:
        if (await self._git.top_level(path)).resolve() != path.resolve():
            raise FileNotFoundError("it is no working tree")
        shared = await self._git.repository(path)
        bench = Bench(Repository(self._git, shared, shared), path)
        async with self._git.exclusive(path):
            await bench.keep(path.parent.name)
            await bench.remove()
