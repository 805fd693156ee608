"""Secrets: the key of the data directory, and texts encrypted with it."""

from collections.abc import AsyncIterator, Iterable

from a_parallel_contracts import Command, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.secrets import SECRETS


class SecretsPlugin(Plugin):
    """Encrypts what must not be readable in the database."""

    manifest = Manifest(api="1.0", provides=(SECRETS,), migrations="a_parallel_migrations:secrets")

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide `Secrets`, after a change of the key that was cut off has been settled."""
        from a_parallel_plugins.secrets.rotation import settle
        from a_parallel_plugins.secrets.service import SecretService

        await settle(ctx)
        ctx.provide(SECRETS, SecretService(ctx))
        yield

    @hookimpl
    def commands(self, ctx: PluginContext) -> Iterable[Command]:
        """Return ``a-parallel rotate-key``."""
        from a_parallel_plugins.secrets.command import rotate_key_command

        return [rotate_key_command(ctx)]
