"""Programs that a test runs as a process of their own, to fill their disk or to kill them.

``python -m tests.kernel.database_program (full|steady) DATABASE`` prints ``+ ID`` for each acknowledged row.
"""

import asyncio
import os
import resource
import sys
from functools import partial
from pathlib import Path

from a_parallel_contracts.database import Transaction
from a_parallel_contracts.errors import InsufficientStorage
from a_parallel_contracts.events import Event
from a_parallel_kernel.database import SqliteDatabase

WRITERS = 8
LIMIT = 600_000
"""Bytes beyond which no file may grow, as if the disk were full; Python ignores the signal that comes with it."""


class Stored(Event):
    id: str


def say(word: str, id: str) -> None:
    """Print a line at once, in one write."""
    os.write(1, f"{word} {id}\n".encode())


def insert(tx: Transaction, id: str) -> None:
    """Store a row of 2 KB and tell of it."""
    tx.execute("INSERT INTO note VALUES (?, ?)", (id, "x" * 2000))
    tx.emit(Stored(id=id))


async def write_on(database: SqliteDatabase, name: str) -> None:
    """Store rows until the disk is full."""
    number = 0
    while True:
        number += 1
        id = f"{name}-{number}"
        try:
            await database.write(partial(insert, id=id))
        except InsufficientStorage as error:
            say("full", f"{id} {error.message}")
            return
        say("+", id)


async def opened(path: Path) -> SqliteDatabase:
    """Open the database with its one table."""
    database = await SqliteDatabase.open(path, publish=lambda event: say("event", event.model_dump()["id"]))
    await database.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS note (id TEXT PRIMARY KEY, text TEXT)"))
    return database


async def full(path: Path) -> None:
    """Write until nothing fits, then go on with room again."""
    database = await opened(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
    await asyncio.gather(*(write_on(database, f"w{number}") for number in range(WRITERS)))
    say("rows", str(len(await database.rows("SELECT id FROM note"))))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await database.write(lambda tx: insert(tx, "after"))
    say("+", "after")
    await database.close()


async def steady(path: Path) -> None:
    """Write until killed."""
    database = await opened(path)
    await asyncio.gather(*(write_on(database, f"w{number}") for number in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run({"full": full, "steady": steady}[sys.argv[1]](Path(sys.argv[2])))
