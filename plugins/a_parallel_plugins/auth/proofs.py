"""What proves who sends a request: an access token, what the mode itself knows, what other plugins know."""

from msgspec.structs import replace

from a_parallel_contracts import Actor, Credentials, HookError, PluginContext
from a_parallel_contracts.accounts import AccountHooks
from a_parallel_plugins.auth.headers import bearer
from a_parallel_plugins.auth.modes import AuthMode
from a_parallel_plugins.auth.tokens import PREFIX, KnownToken, Tokens


class Proofs:
    """Implements `a_parallel_contracts.auth.Authenticator`.

    Parameters:
        ctx: the plugin's.
        own: the configured mode.
        tokens: access tokens, which work in every mode.
    """

    def __init__(self, ctx: PluginContext, own: AuthMode, tokens: Tokens) -> None:
        self._ctx = ctx
        self._own = own
        self._tokens = tokens

    @property
    def mode(self) -> str:
        """What ``GET /api/auth/mode`` answers."""
        return self._own.mode

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        """Return who the credentials prove; a wrong access token is never made good by something beside it."""
        if _brings_token(credentials):
            known = await self._tokens.find(credentials)
            return await self._bearer(known) if known else None
        return await self._own.authenticate(credentials) or await self._others(credentials)

    async def _others(self, credentials: Credentials) -> Actor | None:
        """Ask the other plugins; one that fails lets nobody in, and keeps nobody from signing in either."""
        try:
            return await self._ctx.hooks.first(AccountHooks.authenticate, credentials)
        except HookError as error:
            self._ctx.log.error("%s; whoever it would have known counts as unknown", error, exc_info=error)
            return None

    async def _bearer(self, known: KnownToken) -> Actor | None:
        found = await self._own.bearer(known)
        if found is None and (actor := await self._ctx.hooks.first(AccountHooks.account, known.user_id)):
            return replace(actor, scopes=known.scopes, session=known.session)
        return found


def _brings_token(credentials: Credentials) -> bool:
    in_query = credentials.query.get("token", "") if credentials.websocket else ""
    return in_query.startswith(PREFIX) or (bearer(credentials.headers.get("authorization")) or "").startswith(PREFIX)
