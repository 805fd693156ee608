"""Services: what one plugin offers and another one asks for, by key and never by plugin."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from a_parallel_contracts.auth import Actor

ServiceT = TypeVar("ServiceT")
ResourceCoT = TypeVar("ResourceCoT", covariant=True)
ItemT = TypeVar("ItemT")


class ServiceKey(Struct, Generic[ServiceT], frozen=True):
    """Names a service; the type argument is its Protocol: ``GIT = ServiceKey[Git]("git")``."""

    name: str

    def __str__(self) -> str:
        return self.name


class Resources(Protocol[ResourceCoT]):
    """A service that a route's or a topic's ``loads`` may name: it finds things by id and knows their owners."""

    async def load(self, actor: "Actor", id: str) -> ResourceCoT:
        """Return the thing called `id`.

        Raises:
            NotFound: unknown, or `actor` may not see it; both with the same text.
        """
        ...

    async def owner_of(self, id: str) -> str | None:
        """Return the user id that owns `id`, or None if it is unknown."""
        ...


class Registry(Protocol[ItemT]):
    """A place where plugins register named things while they run."""

    def add(self, name: str, item: ItemT) -> Callable[[], None]:
        """Register `item` as `name` and return the function that takes it back.

        Raises:
            ValueError: the name is taken.
        """
        ...

    def get(self, name: str) -> ItemT | None:
        """Return what is registered as `name`."""
        ...

    def names(self) -> list[str]:
        """Return all registered names, in order of registration."""
        ...
