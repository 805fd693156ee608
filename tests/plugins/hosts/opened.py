"""The hosts service on a real database, without a kernel around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from sqlite3 import Connection

from a_parallel_kernel.database import SqliteDatabase
from a_parallel_plugins.hosts.service import HostsService

SCHEMA = files("a_parallel_migrations") / "hosts" / "001_processes.sql"


@asynccontextmanager
async def database(directory: Path) -> AsyncIterator[SqliteDatabase]:
    """Open the database of a data directory, with the plugin's tables."""
    db = await SqliteDatabase.open(directory / "data.db", publish=lambda event: None)
    try:
        await db.administer(_create)
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def hosts_on(directory: Path) -> AsyncIterator[HostsService]:
    """Live through one life of the service on a data directory."""
    async with database(directory) as db:
        service = await HostsService.open(db, directory)
        try:
            yield service
        finally:
            await service.close()


def _create(connection: Connection) -> None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'hosts_processes'").fetchone():
        connection.executescript(SCHEMA.read_text("utf-8"))
