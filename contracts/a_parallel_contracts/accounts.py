"""What an auth mode with accounts asks of other plugins: further proofs of identity, and who owns their rows."""

from collections.abc import Callable

from msgspec import Struct

from a_parallel_contracts.auth import Actor, Credentials
from a_parallel_contracts.database import Transaction
from a_parallel_contracts.events import Event
from a_parallel_contracts.plugin import PluginContext, hookspec

Mover = Callable[[Transaction, str, str], None]
"""Gets the unit of work, the owner until now and the new owner; changes rows and nothing else."""


class Ownership(Struct, frozen=True):
    """How a plugin's rows pass from one owner to another.

    Attributes:
        name: of what is moved; it is moved from local mode to the first administrator once for each name.
        move: changes the owner of all rows of one owner.
        personal: the rows mean nothing to anybody else, such as passwords or a profile. They pass from local mode to
            the first administrator too, but never from an account that is removed: its `UserDeleted` ends them.
    """

    name: str
    move: Mover
    personal: bool = False


class OwnershipMoved(Event):
    """Rows have another owner: what is kept in memory about `previous` is about `owner` from now on."""

    previous: str
    owner: str


class AccountHooks:
    """Hooks of the auth modes."""

    @hookspec
    async def authenticate(self, ctx: PluginContext, credentials: Credentials) -> Actor | None:
        """Return who the credentials prove, if this plugin knows; None otherwise.

        Asked after sessions and access tokens, about every request that neither of them explains. Runs on each such
        request, so it should be quick. A cookie proves nothing on a request that changes something unless
        ``credentials.same_origin`` and ``credentials.origin_present`` say that a page of ours has sent it.

        Raises:
            ApiError: the credentials are known and refused; that is the answer.
        """
        return None

    @hookspec
    async def account(self, ctx: PluginContext, user_id: str) -> Actor | None:
        """Return who a user acts as today, if this plugin knows them and lets them in; None otherwise.

        Asked for access tokens of users whom `authenticate` has proved: what the tokens allow is at most this.
        """
        return None

    @hookspec
    async def ownership(self, ctx: PluginContext) -> Ownership | None:
        """Return how the plugin's rows change their owner; None if they have none."""
        return None
