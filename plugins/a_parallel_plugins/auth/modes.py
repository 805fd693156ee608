"""The auth modes by name: ``AUTH_MODE`` picks one (``http-core.md`` §1.2)."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from a_parallel_contracts import PluginContext, Request, Route, WireModel, get
from a_parallel_contracts.auth import Actor, Authenticator
from a_parallel_plugins.auth.local import LocalMode
from a_parallel_plugins.auth.token import TOKEN_FILE, load_token
from a_parallel_plugins.auth.tokens import KnownToken


class AuthMode(Authenticator, Protocol):
    """An authenticator with the routes that browsers need to use it."""

    async def bearer(self, known: KnownToken) -> Actor | None:
        """Return who an access token acts as, or None if its user may not."""
        ...

    async def tidy(self) -> None:
        """End what has expired; called every half minute."""
        ...

    def routes(self, share: bool) -> Iterable[Route]:
        """Return the mode's own routes below ``/api/auth/``.

        Parameters:
            share: secrets may be handed to other machines.
        """
        ...


class Mode(WireModel):
    """Answer of ``GET /api/auth/mode``."""

    mode: str


async def prepare(ctx: PluginContext) -> AuthMode:
    """Return the mode that the server was configured with, ready to answer.

    Raises:
        ValueError: the first administrator cannot be made.
    """
    if ctx.server.auth_mode == "multi":
        from a_parallel_plugins.auth.multi import MultiMode

        return await MultiMode.open(ctx)
    path = ctx.server.data_directory / TOKEN_FILE
    return LocalMode(await asyncio.to_thread(load_token, path))


def mode_route(authenticator: Authenticator) -> Route:
    """Return the first route that the client calls (``http-core.md`` §4.3)."""

    async def show_mode(request: Request) -> Mode:
        """Tell how to authenticate."""
        return Mode(mode=authenticator.mode)

    return get("/api/auth/mode", show_mode, access="public")
