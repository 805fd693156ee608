"""Multi-user mode: accounts with passwords, sessions in signed cookies (``http-features.md`` §9)."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from a_parallel_contracts import SOCKETS, Actor, Credentials, PluginContext, Route
from a_parallel_contracts.accounts import AccountHooks, Ownership
from a_parallel_plugins.auth import founding
from a_parallel_plugins.auth.accounts import Accounts
from a_parallel_plugins.auth.cookies import Cookies
from a_parallel_plugins.auth.hashing import Hasher
from a_parallel_plugins.auth.people import SignedIn, User
from a_parallel_plugins.auth.sessions import Sessions
from a_parallel_plugins.auth.signing_in import SigningIn, refuse_foreign
from a_parallel_plugins.auth.tables import Table, open_tables
from a_parallel_plugins.auth.token import SECRET_FILE, load_token
from a_parallel_plugins.auth.tokens import KnownToken

SAFE = ("GET", "HEAD")


class MultiMode:
    """Implements `a_parallel_plugins.auth.modes.AuthMode` with accounts.

    Parameters:
        ctx: the plugin's.
        tables: of the library, by name.
        secret: signs the cookies.
    """

    mode = "multi"

    def __init__(self, ctx: PluginContext, tables: Mapping[str, Table], secret: str) -> None:
        hasher, sockets = Hasher(), ctx.get(SOCKETS)
        self.cookies = Cookies(secret)
        self.sessions = Sessions(ctx.db, tables, sockets)
        self.accounts = Accounts(ctx.db, tables, hasher, sockets)
        self.signing_in = SigningIn(self.accounts, self.sessions, hasher)
        self._ctx = ctx

    @classmethod
    async def open(cls, ctx: PluginContext) -> Self:
        """Open the tables, or make them, and make the first administrator if there is no user."""
        directory = ctx.server.data_directory
        secret = await asyncio.to_thread(load_token, directory / SECRET_FILE, 64)
        mode = cls(ctx, await ctx.db.write(open_tables), secret)
        await founding.found(mode.accounts, directory, ctx.log)
        return mode

    @property
    def directory(self) -> Path:
        """The data directory."""
        return self._ctx.server.data_directory

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        """Return whose session the cookie names.

        Raises:
            Forbidden: the request changes something, or opens a socket, and no page of ours is known to send it.
        """
        # An open socket does not make a session last longer: a page that nobody looks at would never sign out.
        found = await self.signed_in(credentials.cookies, refresh=not credentials.websocket)
        if found is None:
            return None
        if credentials.websocket or credentials.method not in SAFE:
            present, allowed = credentials.origin_present, credentials.same_origin
            refuse_foreign(present, allowed, credentials.headers, cookies=True)
        return found.user.actor(found.session.id)

    async def signed_in(self, cookies: Mapping[str, str], *, refresh: bool = True) -> SignedIn | None:
        """Return the session that the cookies name, and whose it is."""
        token = self.cookies.read(cookies)
        if token is None:
            return None
        return await self.sessions.find(token, refresh=refresh and self.cookies.remembers(cookies))

    async def bearer(self, known: KnownToken) -> Actor | None:
        """Return who an access token acts as: a user who is still there, with the role of today."""
        user = await self.accounts.find(id=known.user_id)
        return None if user is None or user.shut_out else user.actor(known.session, scopes=known.scopes)

    async def owned(self) -> Sequence[Ownership]:
        """Return what every plugin can pass from one owner to another."""
        found = await self._ctx.hooks.collect(AccountHooks.ownership)
        return [one for one in found if one is not None]

    async def welcome(self, user: User) -> None:
        """Give an administrator who signs in what local mode has left, if nobody has it yet."""
        if not user.is_admin:
            return
        try:
            await founding.adopt(self._ctx.db, user.id, await self.owned(), self._ctx.log)
        except Exception:
            # Nothing has moved, and the next sign-in tries again; the one who could mend it must get in.
            self._ctx.log.exception("what belonged to local mode could not be given to %s", user.id)

    def forget_first_password(self, user: User) -> None:
        """Remove the file with the first password, once it was changed."""
        if user.username == founding.FIRST["username"]:
            founding.forget_password(self.directory)

    async def tidy(self) -> None:
        """End sessions that have expired."""
        await self.sessions.expire()

    def routes(self, share: bool) -> Iterable[Route]:
        """Return the routes of sessions and of the users' management."""
        from a_parallel_plugins.auth.routes import session_routes
        from a_parallel_plugins.auth.user_routes import user_routes

        return [*session_routes(self), *user_routes(self)]
