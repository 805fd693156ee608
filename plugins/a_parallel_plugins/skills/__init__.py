"""Skills of the Claude CLI (``http-features.md`` §2): which there are, installing, removing; and its memory files.

- `listing` finds what the CLI finds on disk; `reading` reads one skill; `memory` finds ``CLAUDE.md`` files in force.
- `sources` understands what is to be installed; `cloning` fetches it; `finding` finds the skills in it; `copying` takes
  one over; `installing` puts it in its place; `removing` takes it away.
- `places` knows the directories, `lockfile` the list of what was installed, `trees` whether it was changed since.

While something is installed, its user's pages get ``skills:progress {identifier, phase, percent?}``; the phases are
``fetching``, ``copying``, ``done`` and ``failed``.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Event, Inbound, Manifest, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import PROJECTS
from a_parallel_plugins.skills.settings import SkillsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.skills.service import SkillService


class SkillProgress(Event):
    """How far an installation is; `percent` is of the phase."""

    identifier: str
    phase: str
    user_id: str
    percent: int | None = None


class SkillsPlugin(Plugin):
    """Shows, installs and removes skills of the Claude CLI."""

    manifest = Manifest(api="1.0", requires=(HOSTS, PROJECTS), settings=SkillsSettings, routes_below=("/api/skills",))
    service: "SkillService | None"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Remove what an earlier server has left in the middle; end what is under way when it stops."""
        self.service = None
        await asyncio.to_thread(shutil.rmtree, ctx.server.data_directory / "skills", ignore_errors=True)
        yield
        if self.service is not None:
            await self.service.close()

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §2."""
        from a_parallel_plugins.skills.routes import skill_routes
        from a_parallel_plugins.skills.service import SkillService

        self.service = SkillService(ctx, ctx.server.data_directory / "skills")
        return skill_routes(self.service)

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Tell whoever installs something how far it is."""
        return [Topic("skills:progress", SkillProgress, owner="user_id", logged=False)]
