"""WebSocket topics and incoming messages as descriptions (``websocket.md`` §2)."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct
from pydantic import BaseModel

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.events import Event
from a_parallel_contracts.services import ServiceKey

Recall = Callable[[Collection[str]], Awaitable[Mapping[str, Event]]]
"""Returns the events as they would be told now, by reference; what is gone is left out."""


class Topic(Struct, frozen=True):
    """Sends an event to browsers as ``{"type": name, "threadId": subject, "data": {…}}``.

    ``data`` holds the event's fields without `subject`, `owner` and `socket`, camelCase, without those that are None.

    Attributes:
        name: ``<plugin>:<event>`` for third parties.
        event: class of the event; subclasses are not included.
        subject: field that becomes the envelope's ``threadId``; empty text without one.
        owner: field that holds the user id of the one who may see it.
        loads: service that is asked for the owner of the subject: when `owner` is not given, and always when an
            event is told again, since the owner may have changed.
        socket: field that holds the id of the only socket it goes to, in order with everything else that goes
            there; all who may see it get an event in which it is None.
        audience: ``owner`` (see above; an event without an owner reaches nobody in multi-user mode),
            ``admins`` or ``everyone``.
        coalesce: field by which waiting frames of one subject replace each other: within `interval`
            only the last is sent. Any other event of that subject is preceded by what waits.
        interval: seconds between two frames of one subject that coalesce.
        logged: keep events that `Transaction.emit` publishes for clients that reconnect. One that is published
            without a transaction, or for one `socket` alone, is not kept.
        reference: field that names what the event tells about, for events that hold more and more of one thing:
            the log keeps the name alone, and `recall` is asked for the rest once, however often it was told.
        recall: goes with `reference`.
        on_request: only sockets that name the topic in their URL get it, ``/ws?also=name``; for events that came
            later than the clients which must see no difference.
    """

    name: str
    event: type[Event]
    subject: str | None = None
    owner: str | None = None
    loads: ServiceKey[Any] | None = None
    audience: Literal["owner", "admins", "everyone"] = "owner"
    coalesce: str | None = None
    interval: float = 0.05
    logged: bool = True
    socket: str | None = None
    reference: str | None = None
    recall: Recall | None = None
    on_request: bool = False


class Socket(Protocol):
    """One connected browser page."""

    @property
    def id(self) -> str:
        """Unique while the server runs."""
        ...

    @property
    def actor(self) -> Actor:
        """Who the socket acts as."""
        ...

    def send(self, name: str, data: BaseModel | dict[str, Any], subject: str = "") -> None:
        """Queue one frame for this socket alone."""
        ...


class Inbound(Struct, frozen=True):
    """Handles a message from the browser, ``{"type": name, "data": {…}}``.

    Attributes:
        name: of the message.
        model: validates ``data``; what does not fit is ignored and logged (``websocket.md`` §2).
        handler: called with the socket and the model, in the order of arrival for each socket.
        answer: model of the ``data`` of a frame of the same name that `handler` sends back with `Socket.send`;
            for the description of ``/ws``.
    """

    name: str
    model: type[BaseModel]
    handler: Callable[[Socket, Any], Awaitable[None]]
    answer: type[BaseModel] | None = None


class SocketOpened(Event):
    """A browser page connected."""

    socket_id: str
    user_id: str


class SocketClosed(Event):
    """A browser page is gone."""

    socket_id: str
    user_id: str


class Sockets(Protocol):
    """The hub's own service: who is connected, and how far they are behind."""

    def connected(self, user_id: str) -> bool:
        """Tell whether a socket of the user is open."""
        ...

    def congested(self, user_id: str) -> bool:
        """Tell whether a socket of the user has more than half of its queue waiting."""
        ...

    async def drained(self, user_id: str) -> None:
        """Return when no socket of the user is congested."""
        ...

    async def close(self, *, session: str | None = None, user_id: str | None = None, code: int, reason: str) -> int:
        """Close the sockets of a session or user with `code` and return how many there were."""
        ...


SOCKETS = ServiceKey[Sockets]("sockets")
"""Provided by the kernel itself."""
