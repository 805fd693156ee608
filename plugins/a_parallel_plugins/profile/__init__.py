"""Profile: who a user commits as, and the token with which they use GitHub."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.git import GitHooks, Identity
from a_parallel_contracts.profile import PROFILES
from a_parallel_contracts.secrets import SECRETS

if TYPE_CHECKING:
    from a_parallel_plugins.profile.service import ProfileService


class ProfilePlugin(Plugin, GitHooks, AccountHooks):
    """Keep a profile for each user, and tell git about it."""

    manifest = Manifest(
        api="1.0", requires=(SECRETS,), provides=(PROFILES,), tables=("user_profiles",), routes_below=("/api/profile",)
    )
    service: "ProfileService"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide `Profiles`."""
        from a_parallel_plugins.profile.service import ProfileService

        self.service = ProfileService(ctx)
        await ctx.get(SECRETS).protect("user_profiles", "github_token")
        ctx.provide(PROFILES, self.service)
        ctx.on(UserDeleted, self.service.user_deleted)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §5.1."""
        from a_parallel_plugins.profile.routes import profile_routes

        return profile_routes(self.service)

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let the profile of local mode become the first administrator's, unless they have one."""
        from a_parallel_plugins.profile.service import move

        return Ownership(ctx.id, move, personal=True)

    @hookimpl
    async def git_identity(self, ctx: PluginContext, user_id: str) -> Identity | None:
        """Return the user's name and address; in local mode git's own settings count (``http-core.md`` §2.6)."""
        return None if ctx.server.auth_mode == "local" else await self.service.identity_of(user_id)

    @hookimpl
    async def github_token(self, ctx: PluginContext, user_id: str) -> str | None:
        """Return the user's token."""
        return await self.service.github_token_of(user_id)
