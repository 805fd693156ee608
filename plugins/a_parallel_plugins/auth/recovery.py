"""The way back in for whoever has lost the password: a command on the server's own machine."""

import argparse
import secrets

from a_parallel_contracts import Command, NotFound, PluginContext
from a_parallel_plugins.auth.accounts import Accounts
from a_parallel_plugins.auth.hashing import Hasher
from a_parallel_plugins.auth.sessions import Sessions
from a_parallel_plugins.auth.tables import open_tables


class _NoSockets:
    """Stands for the hub while no server runs."""

    def connected(self, user_id: str) -> bool:
        return False

    def congested(self, user_id: str) -> bool:
        return False

    async def drained(self, user_id: str) -> None:
        return None

    async def close(self, *, session: str | None = None, user_id: str | None = None, code: int, reason: str) -> int:
        return 0


def reset_password(ctx: PluginContext) -> Command:
    """Return the command ``a-parallel reset-password``."""

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username", help="of the account, such as admin")

    async def run(given: argparse.Namespace) -> int:
        """Give a user a random password, end their sessions, lift a ban, and print the password."""
        tables, sockets = await ctx.db.write(open_tables), _NoSockets()
        accounts = Accounts(ctx.db, tables, Hasher(), sockets)
        user = await accounts.find(username=given.username.lower())
        if user is None:
            raise NotFound(f"There is no user called {given.username}")
        password = secrets.token_urlsafe(15)
        await accounts.set_password(user.id, password)
        await accounts.change(user.id, {"banned": False, "ban_reason": None, "ban_expires": None})
        await Sessions(ctx.db, tables, sockets).end_all(user.id)
        print(f"The password of {user.username} is now: {password}")
        return 0

    summary = "give a user of multi-user mode a new password, while no server runs"
    return Command("reset-password", summary, run, arguments, database=True)
