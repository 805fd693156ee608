"""Sign-in at a proxy: whoever it names in a header is let in."""

import hmac

from pydantic import BaseModel, SecretStr

from a_parallel_contracts import Actor, Credentials, Manifest, Plugin, PluginContext, Unauthorized, hookimpl
from a_parallel_contracts.accounts import AccountHooks


class Settings(BaseModel):
    """Section ``[plugins.proxy]``."""

    secret: SecretStr
    admins: frozenset[str] = frozenset()


class ProxyPlugin(Plugin, AccountHooks):
    """Believe the proxy that has signed people in."""

    manifest = Manifest(api="1.0", settings=Settings)

    @hookimpl
    async def authenticate(self, ctx: PluginContext, credentials: Credentials) -> Actor | None:
        """Return whom the proxy names, if it is the proxy."""
        settings, user = ctx.settings(Settings), credentials.headers.get("x-forwarded-user")
        if user is None:
            return None
        given = credentials.headers.get("x-proxy-secret", "")
        if not hmac.compare_digest(given.encode(), settings.secret.get_secret_value().encode()):
            raise Unauthorized("Only the proxy may say who you are")
        return Actor(f"proxy:{user}", "admin" if user in settings.admins else "user", session=f"proxy:{user}")
