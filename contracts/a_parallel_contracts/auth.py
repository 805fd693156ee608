"""Who is asking: actors, and the contract that every auth mode fulfils."""

from collections.abc import Mapping
from typing import Literal, Protocol

from msgspec import Struct

from a_parallel_contracts.events import Event
from a_parallel_contracts.ids import LOCAL_USER
from a_parallel_contracts.services import ServiceKey

Role = Literal["anonymous", "user", "admin"]
Scope = Literal["read", "run", "admin"]


class Actor(Struct, frozen=True):
    """Who a request or a socket acts as.

    Attributes:
        user_id: owner of what the actor creates.
        role: `admin` may use routes with ``access="admin"``.
        sees_all: rows of every owner are visible (local mode, ``http-core.md`` §2.6).
        scopes: what an access token allows; None means everything.
        session: opaque id of the session or token behind the actor, so that ending it closes its sockets.
    """

    user_id: str
    role: Role = "user"
    sees_all: bool = False
    scopes: frozenset[Scope] | None = None
    session: str | None = None

    @property
    def administers(self) -> bool:
        """Whether the actor may do what is for administrators: the role, and in an access token its scope too."""
        return self.role == "admin" and (self.scopes is None or "admin" in self.scopes)

    def owns(self, owner: str | None) -> bool:
        """Tell whether something that belongs to `owner` is visible to this actor."""
        return self.sees_all or owner == self.user_id


LOCAL_ACTOR = Actor(LOCAL_USER, "admin", sees_all=True)
ANONYMOUS = Actor("", "anonymous")


# Not frozen, which takes three times as long to make: one is made for each request.
class Credentials(Struct, eq=False):
    """What a request or a WebSocket upgrade carries that may prove who it is from; read, not changed.

    Attributes:
        method, path: of the request.
        headers: names in lower case.
        cookies, query: decoded.
        peer: address of the client's socket, or None on a Unix socket.
        secure: the request came over TLS.
        websocket: this is the upgrade of ``/ws``.
        same_origin: the Origin header is absent, same-origin or on the allow-list.
        origin_present: an Origin header was sent.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    query: Mapping[str, str]
    peer: str | None
    secure: bool
    websocket: bool
    same_origin: bool
    origin_present: bool


class UserDeleted(Event):
    """An account was removed: what belongs to the user and to nobody else goes too."""

    user_id: str


class Authenticator(Protocol):
    """An auth mode."""

    @property
    def mode(self) -> str:
        """What ``GET /api/auth/mode`` answers: ``local``, ``multi`` or a third party's word."""
        ...

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        """Return who the credentials prove, or None.

        Raises:
            ApiError: the credentials are known and refused; that is the answer.
        """
        ...


AUTHENTICATOR = ServiceKey[Authenticator]("authenticator")
