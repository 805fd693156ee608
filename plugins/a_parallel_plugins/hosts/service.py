"""The hosts that are there."""

from collections.abc import Callable
from pathlib import Path

from a_parallel_contracts import Database, NotFound
from a_parallel_contracts.hosts import Host, Owner
from a_parallel_plugins.hosts.leftovers import end_leftovers
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.store import Store

LOCAL = "local"


class HostsService:
    """`a_parallel_contracts.hosts.Hosts`.

    Parameters:
        store: the plugin's tables.

    Attributes:
        local: this machine.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.local = LocalHost(store)
        self._hosts: dict[str, Host] = {LOCAL: self.local}

    @classmethod
    async def open(cls, db: Database, data_directory: Path) -> "HostsService":
        """Begin a life of the server on `data_directory`."""
        return cls(await Store.open(db, data_directory))

    def get(self, name: str = LOCAL) -> Host:
        """Return a host by name."""
        if name not in self._hosts:
            raise NotFound(f"There is no host named {name}; there are {', '.join(self._hosts)}")
        return self._hosts[name]

    def add(self, name: str, host: Host) -> Callable[[], None]:
        """Offer a further host and return the function that takes it back."""
        if name in self._hosts:
            raise ValueError(f"there is a host named {name} already")
        self._hosts[name] = host

        def take_back() -> None:
            if self._hosts.get(name) is host:
                del self._hosts[name]

        return take_back

    def names(self) -> list[str]:
        """Return the names of all hosts, ``local`` first."""
        return list(self._hosts)

    async def end_leftovers(self, owner: Owner | None = None) -> int:
        """End what an earlier server of this data directory left running."""
        return await end_leftovers(self._store, self.local.census, owner)

    async def close(self, grace: float = 3.0) -> None:
        """End everything that runs on this machine through this service."""
        await self.local.close(grace)
