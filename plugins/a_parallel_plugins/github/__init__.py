"""GitHub: connecting an account, its repositories, and cloning them into projects."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import (
    Manifest,
    Plugin,
    PluginContext,
    PluginState,
    PluginStateChanged,
    Route,
    ServerStopping,
    Topic,
    hookimpl,
)
from a_parallel_contracts.github import CloneEnded, CloneProgress
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.profile import PROFILES
from a_parallel_contracts.projects import PROJECTS
from a_parallel_plugins.github.settings import GithubSettings

if TYPE_CHECKING:
    from a_parallel_plugins.github.clones import Clones


class GithubPlugin(Plugin):
    """Talk to GitHub for users, with their own tokens."""

    manifest = Manifest(
        api="1.0",
        requires=(PROFILES, PROJECTS, HOSTS),
        settings=GithubSettings,
        migrations="a_parallel_migrations:github",
        routes_below=("/api/github",),
    )
    clones: "Clones"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Open the connections, and remove what clones of a killed server left behind."""
        from a_parallel_plugins.github.clones import Clones

        self.clones = Clones(ctx, ctx.settings(GithubSettings))
        ctx.defer(self.clones.close)

        async def stopping(event: PluginStateChanged) -> None:
            if (event.plugin, event.state) == (ctx.id, PluginState.STOPPING):
                await self.clones.close()

        async def server_stopping(event: ServerStopping) -> None:
            await self.clones.close()

        ctx.on(PluginStateChanged, stopping)  # both come before the kernel waits for requests that wait for clones
        ctx.on(ServerStopping, server_stopping)
        ctx.spawn(self.clones.workshops.remove(await self.clones.workshops.leftovers()), name="unfinished clones")
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §6."""
        from a_parallel_plugins.github.account import Account
        from a_parallel_plugins.github.api import Api
        from a_parallel_plugins.github.connection import Connection
        from a_parallel_plugins.github.device import DeviceFlow
        from a_parallel_plugins.github.routes import account_routes, clone_routes

        settings = ctx.settings(GithubSettings)
        connection = Connection(settings.timeout)
        ctx.defer(connection.close)
        device = DeviceFlow(connection, settings.website, settings.app)
        account = Account(ctx.get(PROFILES), Api(connection, settings.api), device)
        return [*account_routes(account), *clone_routes(self.clones)]

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic]:
        """Tell the user's pages how far clones are."""
        return [
            Topic(
                "github:clone_progress",
                CloneProgress,
                subject="clone_id",
                owner="owner",
                coalesce="phase",
                interval=0.2,
                logged=False,
            ),
            Topic("github:clone_ended", CloneEnded, subject="clone_id", owner="owner", logged=False),
        ]
