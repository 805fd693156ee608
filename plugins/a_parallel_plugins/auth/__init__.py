"""Authentication: who may use the server.

- `modes` picks what ``AUTH_MODE`` names: `local` means one token, `multi` accounts with passwords.
- `proofs` asks access tokens, the mode and other plugins, in this order, who sends a request.
- `tables`, `hashing`, `cookies` know the formats of Better Auth; `people`, `accounts`, `sessions`, `signing_in` the
  users; `founding` makes the first of them and gives them what local mode has left; `recovery` is for
  who has lost a password; `tokens` are for scripts.
"""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from a_parallel_contracts import SOCKETS, Command, Job, Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_contracts.auth import AUTHENTICATOR

if TYPE_CHECKING:
    from a_parallel_plugins.auth.modes import AuthMode
    from a_parallel_plugins.auth.tokens import Tokens

TIDY_EVERY = 30.0
"""Seconds between two looks for sessions and tokens that have expired."""


class AuthSettings(BaseModel):
    """Section ``[plugins.auth]``.

    Attributes:
        share_token: hand the token to browsers on other machines too. Whoever can reach the server then
            controls it, and with it the account it runs under.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    share_token: bool = False


class AuthPlugin(Plugin, AccountHooks):
    """Proves who sends a request, and serves ``/api/auth/*``."""

    manifest = Manifest(
        api="1.0",
        requires=(SOCKETS,),
        provides=(AUTHENTICATOR,),
        settings=AuthSettings,
        migrations="a_parallel_migrations:auth",
        hooks=(AccountHooks,),
        routes_below=("/api/auth",),
    )
    mode: "AuthMode"
    tokens: "Tokens"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Prepare the configured mode and provide it as the authenticator."""
        from a_parallel_plugins.auth.modes import prepare
        from a_parallel_plugins.auth.proofs import Proofs
        from a_parallel_plugins.auth.tokens import Tokens

        self.tokens = Tokens(ctx.db, ctx.get(SOCKETS))
        self.mode = await prepare(ctx)
        ctx.provide(AUTHENTICATOR, Proofs(ctx, self.mode, self.tokens))
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return ``GET /api/auth/mode``, the routes of access tokens and what the mode adds."""
        from a_parallel_plugins.auth.modes import mode_route
        from a_parallel_plugins.auth.token_routes import token_routes

        share = ctx.settings(AuthSettings).share_token
        return [mode_route(self.mode), *token_routes(self.tokens), *self.mode.routes(share)]

    @hookimpl
    def commands(self, ctx: PluginContext) -> Iterable[Command]:
        """Return ``a-parallel reset-password``."""
        from a_parallel_plugins.auth.recovery import reset_password

        return [reset_password(ctx)]

    @hookimpl
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """End what has expired, and close its sockets."""

        async def tidy() -> None:
            await self.mode.tidy()
            await self.tokens.expire()

        return [Job("sessions and tokens", TIDY_EVERY, tidy)]

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let access tokens made in local mode go on working for the first administrator."""
        from a_parallel_plugins.auth.tokens import move

        return Ownership(ctx.id, move, personal=True)
