"""Authentication: who may use the server. The mode decides how that is proved; ``local`` means one token."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from a_parallel_contracts import Manifest, Plugin, PluginContext, Route, hookimpl
from a_parallel_contracts.auth import AUTHENTICATOR

if TYPE_CHECKING:
    from a_parallel_plugins.auth.modes import AuthMode


class AuthSettings(BaseModel):
    """Section ``[plugins.auth]``.

    Attributes:
        share_token: hand the token to browsers on other machines too. Whoever can reach the server then
            controls it, and with it the account it runs under.
    """

    model_config = ConfigDict(extra="forbid")

    share_token: bool = False


class AuthPlugin(Plugin):
    """Proves who sends a request, and serves ``/api/auth/*``."""

    manifest = Manifest(api="1.0", provides=(AUTHENTICATOR,), settings=AuthSettings)
    mode: "AuthMode"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Prepare the configured mode and provide it as the authenticator."""
        from a_parallel_plugins.auth.modes import prepare

        self.mode = await prepare(ctx)
        ctx.provide(AUTHENTICATOR, self.mode)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return ``GET /api/auth/mode`` and what the mode adds."""
        from a_parallel_plugins.auth.modes import mode_route

        return [mode_route(self.mode), *self.mode.routes(ctx.settings(AuthSettings).share_token)]
