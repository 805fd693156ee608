"""Finds and ends what an earlier server of the same data directory left running."""

import asyncio
import logging
import signal
from collections.abc import Collection, Iterable

from a_parallel_contracts.hosts import Owner
from a_parallel_plugins.hosts.ending import Census, Family, end
from a_parallel_plugins.hosts.marker import Marker
from a_parallel_plugins.hosts.processes import Entry, Snapshot
from a_parallel_plugins.hosts.store import Record, Store

GRACE = 3.0

log = logging.getLogger("a_parallel.hosts")


class Leftovers:
    """Selects recorded children that still are the same processes, and everything with a marker of earlier servers.

    Parameters:
        store: tells this directory's and this server's identifiers.
        records: of earlier servers.
        owner: whose children to select; None for all.
        terminals: select those on terminals, which carry no marker, or all others.
        spared: launches that are in a holder, and so not left over.
    """

    def __init__(
        self,
        store: Store,
        records: Iterable[Record],
        owner: Owner | None,
        *,
        terminals: bool,
        spared: Collection[str] = (),
    ) -> None:
        self._store = store
        self._owner = owner
        self._spared = spared
        self._terminals = terminals
        self._families = {
            record.launch: Family(record.pid, record.started, None if terminals else record.launch)
            for record in records
            if record.terminal == terminals and owner in (None, record.owner)
        }
        self._records = {record.launch: record for record in records}
        self._verified: set[str] = set()
        self.launches: set[str] = set()

    def __call__(self, snapshot: Snapshot) -> Iterable[Entry]:
        """Return the processes that are alive."""
        found: dict[int, Entry] = {}
        for launch, family in self._families.items():
            if self._is_ours(launch, snapshot):
                found.update((entry.pid, entry) for entry in family(snapshot))
        marked = [] if self._terminals else [entry for entry in snapshot if self._marked(entry)]
        found.update(snapshot.with_descendants(marked))
        return found.values()

    def _is_ours(self, launch: str, snapshot: Snapshot) -> bool:
        """Tell whether the recorded process was seen alive: without that, its group's number proves nothing."""
        record = self._records[launch]
        if snapshot.alive(record.pid, record.started):
            self._verified.add(launch)
            self.launches.add(launch)
        return launch in self._verified

    def _marked(self, entry: Entry) -> bool:
        launches = {mark.launch for mark in entry.markers if self._left_over(mark)}
        self.launches |= launches
        return bool(launches)

    def _left_over(self, mark: Marker) -> bool:
        if mark.directory != self._store.directory or mark.server == self._store.server or mark.launch in self._spared:
            return False
        return self._owner in (None, mark.owner)


async def find_leftovers(store: Store, census: Census, spared: Collection[str] = ()) -> list[int]:
    """Return the pids of what is left over; `spared` are launches in holders."""
    records = [record for record in await store.earlier() if record.launch not in spared]
    snapshot = await census.take()
    chosen = (Leftovers(store, records, None, terminals=terminals, spared=spared) for terminals in (False, True))
    return sorted({entry.pid for leftovers in chosen for entry in leftovers(snapshot)})


async def end_leftovers(store: Store, census: Census, owner: Owner | None = None, spared: Collection[str] = ()) -> int:
    """End what is left over, politely and then by force, and return how many children there were.

    Parameters:
        store: the plugin's tables.
        census: shows processes.
        owner: whose children; None for all.
        spared: launches in holders.
    """
    records = [record for record in await store.earlier() if record.launch not in spared]
    until = asyncio.get_running_loop().time() + GRACE
    others = Leftovers(store, records, owner, terminals=False, spared=spared)
    terminals = Leftovers(store, records, owner, terminals=True, spared=spared)
    survivors = await asyncio.gather(
        end(census, others, until=lambda: until),
        end(census, terminals, first=signal.SIGHUP, until=lambda: until),
    )
    if any(survivors):
        log.error("%d processes of an earlier server cannot be killed", sum(survivors))
    else:
        await store.remove(*(record.launch for record in records if owner in (None, record.owner)))
    return len(others.launches | terminals.launches)
