"""Durable subscriptions over HTTP, for admins."""

from collections.abc import Iterable

from a_parallel_contracts.errors import NotFound
from a_parallel_contracts.http import Ok, Request, Route, delete, get, post
from a_parallel_contracts.models import WireModel
from a_parallel_kernel.subscriptions import Subscriptions


class SetAside(WireModel):
    """An event that could not be handled; `at` is in milliseconds since the epoch."""

    seq: int
    event: str
    error: str
    at: int


class SubscriptionView(WireModel):
    """A durable subscription: how many events wait, and why the one that is being tried has failed so far."""

    plugin: str
    name: str
    event: str
    cursor: int
    waiting: int
    running: bool
    error: str | None
    seen_at: int
    set_aside: list[SetAside]


class SubscriptionList(WireModel):
    """Answer of ``GET /api/kernel/subscriptions``."""

    subscriptions: list[SubscriptionView]


class SubscriptionRoutes:
    """Serves ``/api/kernel/subscriptions``.

    Parameters:
        subscriptions: all of them.
    """

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        one = "/api/kernel/subscriptions/{plugin}/{name}"
        return [
            get("/api/kernel/subscriptions", self.all, access="admin"),
            post(f"{one}/retry", self.retry, access="admin", scope="admin", status=202),
            delete(f"{one}/set-aside/{{seq}}", self.drop, access="admin", scope="admin"),
        ]

    async def all(self, request: Request) -> SubscriptionList:
        """List durable subscriptions, with the events that were set aside."""
        found = await self._subscriptions.describe()
        return SubscriptionList(subscriptions=[SubscriptionView.model_validate(one) for one in found])

    async def retry(self, request: Request) -> Ok:
        """Try the events that were set aside once more."""
        await self._subscriptions.retry(request.params["plugin"], request.params["name"])
        return Ok()

    async def drop(self, request: Request) -> Ok:
        """Forget an event that was set aside."""
        seq = request.params["seq"]
        if not (seq.isascii() and seq.isdecimal() and len(seq) < 19):
            raise NotFound("Event not found")
        await self._subscriptions.drop(request.params["plugin"], request.params["name"], int(seq))
        return Ok()
