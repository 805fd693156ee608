"""Who may start an agent now: bounds, and a queue in which users take turns, then their projects, then by age."""

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from a_parallel_contracts.admission import QueueReason

MEMORY_DELAY = 15.0
"""Seconds after its start in which an agent may not have taken its memory yet."""


class Party(Struct, frozen=True):
    """On whose account an agent runs."""

    owner: str
    project_id: str


class Entry(Struct, frozen=True):
    """A start that waits.

    Attributes:
        key: unique among those that wait and those that begin.
        party: on whose account.
        grant: called once, when its turn has come.
    """

    key: str
    party: Party
    grant: Callable[[], None]


class Limits(Struct, frozen=True):
    """Bounds on the agents at work at the same time.

    Attributes:
        runs, per_user, per_project: None for no bound.
        memory: bytes that stay free; None for no bound.
        run_memory: bytes that an agent is expected to take.
    """

    runs: int | None
    per_user: int | None = None
    per_project: int | None = None
    memory: int | None = None
    run_memory: int = 0


class Door:
    """Admits starts within the bounds. One always may, whatever the memory, or the queue could stand for ever.

    Parameters:
        limits: the bounds.
        busy: tells on whose account agents are at work, but for those that begin.
        memory: tells the free bytes, None if unknown.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        busy: Callable[[], Iterable[Party]],
        memory: Callable[[], int | None],
        clock: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._busy = busy
        self._memory = memory
        self._clock = clock
        self._waiting: dict[str, Entry] = {}
        self._beginning: dict[str, Party] = {}
        self._grants: deque[float] = deque()
        self._turns = itertools.count(1)
        self._last: dict[tuple[str, ...], int] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._waiting

    @property
    def running(self) -> int:
        """How many agents are at work or begin."""
        return self._counts().total()

    @property
    def waiting(self) -> int:
        """How many starts wait."""
        return len(self._waiting)

    def join(self, entry: Entry) -> None:
        """Get in line; the grant may come at once."""
        self._waiting[entry.key] = entry
        self.admit()

    def leave(self, key: str) -> None:
        """Give up a place in line."""
        self._waiting.pop(key, None)

    def settled(self, key: str) -> None:
        """What was granted has begun, so that `busy` tells of it from now on, or has failed."""
        if self._beginning.pop(key, None) is not None:
            self.admit()

    def admit(self) -> None:
        """Grant as many starts as the bounds allow."""
        while self._waiting and (entry := self._next()) is not None:
            del self._waiting[entry.key]
            self._beginning[entry.key] = entry.party
            self._served(self._last, entry.party, next(self._turns))
            self._grants.append(self._clock())
            entry.grant()
        if not self._waiting:
            self._last.clear()

    def places(self) -> list[tuple[str, QueueReason]]:
        """Return who waits for what, in the order in which they will be admitted."""
        counts = self._counts()
        common = self._closed(counts)
        return [(entry.key, self._reason(entry.party, counts) or common or "runs") for entry in self._order()]

    # --- choosing ---------------------------------------------------------------------------------

    def _next(self) -> Entry | None:
        counts = self._counts()
        if self._closed(counts) is not None:
            return None
        return next((entry for entry in self._order() if self._reason(entry.party, counts) is None), None)

    def _counts(self) -> Counter[Party]:
        return Counter(itertools.chain(self._busy(), self._beginning.values()))

    def _closed(self, counts: Counter[Party]) -> QueueReason | None:
        """Return why nobody is admitted."""
        total, limits = counts.total(), self._limits
        if limits.runs is not None and total >= limits.runs:
            return "runs"
        return "memory" if total and not self._enough_memory() else None

    def _enough_memory(self) -> bool:
        if self._limits.memory is None:
            return True
        while self._grants and self._grants[0] <= self._clock() - MEMORY_DELAY:
            self._grants.popleft()
        free = self._memory()
        promised = (len(self._grants) + 1) * self._limits.run_memory
        return free is None or free - promised >= self._limits.memory

    def _reason(self, party: Party, counts: Counter[Party]) -> QueueReason | None:
        """Return why this party in particular has to wait."""
        limits = self._limits
        if limits.per_user is not None and _sum(counts, lambda one: one.owner == party.owner) >= limits.per_user:
            return "user"
        of_project = _sum(counts, lambda one: one.project_id == party.project_id)
        return "project" if limits.per_project is not None and of_project >= limits.per_project else None

    def _order(self) -> Iterator[Entry]:
        """Iterate over those that wait: whoever was served longest ago is next."""
        users: dict[str, dict[str, deque[Entry]]] = {}
        for entry in self._waiting.values():
            projects = users.setdefault(entry.party.owner, {})
            projects.setdefault(entry.party.project_id, deque()).append(entry)
        last, turns = dict(self._last), itertools.count(1 << 62)
        heap = [(last.get((owner,), 0), number, owner) for number, owner in enumerate(users)]
        heapq.heapify(heap)
        while heap:
            _, number, owner = heapq.heappop(heap)
            projects = users[owner]
            project = min(projects, key=lambda project: last.get((owner, project), 0))
            entry = projects[project].popleft()
            if not projects[project]:
                del projects[project]
            turn = next(turns)
            self._served(last, entry.party, turn)
            if projects:
                heapq.heappush(heap, (turn, number, owner))
            yield entry

    @staticmethod
    def _served(last: dict[tuple[str, ...], int], party: Party, turn: int) -> None:
        last[(party.owner,)] = turn
        last[party.owner, party.project_id] = turn


def _sum(counts: Counter[Party], counts_for: Callable[[Party], bool]) -> int:
    return sum(count for party, count in counts.items() if counts_for(party))
