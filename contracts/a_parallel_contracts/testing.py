"""Stand-in services for tests of plugins."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.errors import NotFound
from a_parallel_contracts.ids import LOCAL_USER, now
from a_parallel_contracts.threads import PermissionMode, Stage, Thread, ThreadMode, ThreadStatus

ResourceT = TypeVar("ResourceT")


class StandInResources(Generic[ResourceT]):
    """A service for ``loads`` that knows a fixed set of things.

    Parameters:
        things: by id; an attribute ``user_id`` is their owner.
        name: used in ``<name> not found``.
    """

    def __init__(self, things: Mapping[str, ResourceT], name: str = "Thing") -> None:
        self._things = dict(things)
        self._name = name

    async def load(self, actor: Actor, id: str) -> ResourceT:
        """Return the thing called `id` if `actor` may see it."""
        thing = self._things.get(id)
        if thing is None or not actor.owns(getattr(thing, "user_id", None)):
            raise NotFound(f"{self._name} not found")
        return thing

    async def get(self, id: str) -> ResourceT | None:
        """Return the thing called `id` whoever owns it."""
        return self._things.get(id)

    async def owner_of(self, id: str) -> str | None:
        """Return who owns it."""
        return getattr(self._things.get(id), "user_id", None)


def thread(id: str = "t1", **fields: Any) -> Thread:
    """Return a thread; `fields` change its defaults."""
    defaults: dict[str, Any] = {
        "project_id": "p1",
        "user_id": LOCAL_USER,
        "title": "A thread",
        "mode": ThreadMode.LOCAL,
        "status": ThreadStatus.IDLE,
        "stage": Stage.BACKLOG,
        "permission_mode": PermissionMode.AUTO_EDIT,
        "model": "sonnet",
        "created_at": now(),
    }
    return Thread(id=id, **{**defaults, **fields})


def one_thread(id: str = "t1", **fields: Any) -> StandInResources[Thread]:
    """Return a stand-in for the service `THREADS` that knows one thread."""
    return StandInResources({id: thread(id, **fields)}, "Thread")
