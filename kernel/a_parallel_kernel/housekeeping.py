"""Keeps the kernel's own tables small, a few rows at a time and off the path of requests.

Every chore looks first and writes only if there is something to remove: a server at rest writes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from a_parallel_contracts.database import Database, Reader, Transaction
from a_parallel_contracts.errors import ApiError
from a_parallel_kernel.eventlog import pruned_number

log = logging.getLogger("a_parallel.kernel")

EVERY = 30.0
"""Seconds between two rounds."""

BATCH = 500
"""Rows that one transaction removes."""

PAUSE = 0.02
"""Seconds between two transactions, so that others come in between."""

OVERHEAD = 100
"""Bytes of an entry beside its fields: numbers, names, and the table's own."""

Chore = Callable[[], Awaitable[bool]]
"""Removes one batch and tells whether there may be more."""


class Housekeeper:
    """Does chores at intervals.

    Parameters:
        chores: what is done in each round.
    """

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._go_on(), name="housekeeping")

    async def stop(self) -> None:
        """End; a transaction that was begun is completed by the writer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await self.round()

    async def round(self) -> None:
        """Do every chore to its end."""
        for chore in self._chores:
            try:
                await _to_its_end(chore)
            except ApiError as error:
                log.warning("housekeeping: %s", error.message)
            except Exception:
                log.exception("housekeeping failed")


async def _to_its_end(chore: Chore) -> None:
    while await chore():  # noqa: ASYNC110 - nothing is waited for: others come in between two transactions
        await asyncio.sleep(PAUSE)


class EventRetention:
    """Removes the oldest entries of the event log that are too old, or too many.

    Parameters:
        db: where they are.
        max_age: seconds for which an entry is kept.
        max_size: bytes that all entries together may take.
        clock: seconds since the epoch; for tests.
    """

    def __init__(self, db: Database, max_age: float, max_size: float, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._max_age = max_age
        self._max_size = max_size
        self._clock = clock
        self._counted = 0
        self._size = 0

    async def prune(self) -> bool:
        """Remove one batch; tells whether it was full."""
        self._counted, grown = await self._db.run(partial(_grown, self._counted))
        self._size += grown
        before = int((self._clock() - self._max_age) * 1000)
        last, size, removed = await self._db.run(partial(_too_much, before, self._size - self._max_size))
        if removed:
            await self._db.write(partial(_remove, last))
            self._size -= size
        return removed == BATCH


def _grown(counted: int, reader: Reader) -> tuple[int, int]:
    """Return the newest number, and the bytes of the entries after `counted`."""
    row = reader.one(
        "SELECT max(seq) AS newest, count(*) AS entries, sum(length(data)) AS bytes FROM kernel_events WHERE seq > ?",
        (counted,),
    )
    assert row is not None
    newest = counted if row["newest"] is None else int(row["newest"])
    return newest, int(row["bytes"] or 0) + OVERHEAD * int(row["entries"])


def _too_much(before: int, excess: float, reader: Reader) -> tuple[int, int, int]:
    """Find at most a batch of entries of earlier than `before`, or as long as `excess` bytes are too many.

    Returns:
        The number of the last one, their bytes, and how many they are.
    """
    last, size, found = 0, 0, 0
    oldest = "SELECT seq, at, coalesce(length(data), 0) FROM kernel_events ORDER BY seq LIMIT ?"
    for seq, at, length in reader.tuples(oldest, (BATCH,)):
        if at >= before and size >= excess:
            break
        last, size, found = seq, size + length + OVERHEAD, found + 1
    return last, size, found


def _remove(last: int, tx: Transaction) -> None:
    tx.execute("DELETE FROM kernel_events WHERE seq <= ?", (last,))
    tx.execute("UPDATE kernel_events_pruned SET seq = ? WHERE id = 1", (max(last, pruned_number(tx)),))
