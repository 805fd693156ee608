"""The hosts that are there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from a_parallel_contracts import Database, Finding, NotFound
from a_parallel_contracts.hosts import Host, Owner
from a_parallel_plugins.hosts.holders import LocalHolders
from a_parallel_plugins.hosts.leftovers import end_leftovers, find_leftovers
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.settings import HostsSettings
from a_parallel_plugins.hosts.store import Store

LOCAL = "local"


class HostsService:
    """`a_parallel_contracts.hosts.Hosts`.

    Parameters:
        store: the plugin's tables.

    Attributes:
        local: this machine.
        holders: programs on it that outlive the server.
    """

    def __init__(self, store: Store, data_directory: Path, settings: HostsSettings) -> None:
        self._store = store
        self.local = LocalHost(store)
        self.holders = LocalHolders(self.local, store, data_directory, settings)
        self._hosts: dict[str, Host] = {LOCAL: self.local}

    @classmethod
    async def open(cls, db: Database, data_directory: Path, settings: HostsSettings | None = None) -> "HostsService":
        """Begin a life of the server on `data_directory`."""
        return cls(await Store.open(db, data_directory), data_directory, settings or HostsSettings())

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
        held = await asyncio.to_thread(self.holders.alive)
        return await end_leftovers(self._store, self.local.census, owner, held)

    async def examine(self, repair: bool) -> list[Finding]:
        """Return what an earlier server of this data directory left running, and end it if asked to."""
        held = await asyncio.to_thread(self.holders.alive)
        found = await find_leftovers(self._store, self.local.census, held)
        if found and repair:
            await end_leftovers(self._store, self.local.census, None, held)
        left = await find_leftovers(self._store, self.local.census, held) if found and repair else found
        return [
            Finding(
                check="orphan-process",
                subject=str(pid),
                detail="an earlier server left it running",
                repairable=True,
                repaired=pid not in left,
            )
            for pid in found
        ]

    async def close(self, grace: float = 3.0, *, leaving: bool = False, own: bool = False) -> None:
        """End everything that runs on this machine through this service.

        Parameters:
            grace: seconds that programs get.
            leaving: let those in holders be.
            own: let those of earlier servers be.
        """
        await self.holders.close(grace, leaving=leaving)
        spared = set(await asyncio.to_thread(self.holders.alive)) if leaving else set()
        await self.local.close(grace, spared, own=own)
