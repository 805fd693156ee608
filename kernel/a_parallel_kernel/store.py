"""Opens the kernel's database: prepared, migrated, locked against a second server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from a_parallel_contracts.events import Event
from a_parallel_kernel.config import Config
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.discovery import Candidate, entry_points, find_candidates, load
from a_parallel_kernel.migrate import Baseline, Prepared, prepare
from a_parallel_kernel.migration_files import MigrationRefused, load_files
from a_parallel_kernel.plugin_migrations import PluginMigrations, Rehearsal, migrate_plugin, rehearse

BASELINE_GROUP = "a_parallel.baseline"
KERNEL = "kernel"


class Store:
    """The open database and what is needed to migrate it.

    Attributes:
        db: the database.
        prepared: what `prepare` found.
    """

    def __init__(self, db: SqliteDatabase, prepared: Prepared) -> None:
        self.db = db
        self.prepared = prepared

    @classmethod
    async def open(cls, directory: Path, publish: Callable[[Event], None]) -> "Store":
        """Prepare and open ``data.db`` in `directory`.

        Raises:
            DatabaseRefused: the file cannot be used; it is as it was.
        """
        prepared = await asyncio.to_thread(prepare, directory / "data.db", baseline())
        store = cls(await SqliteDatabase.open(prepared.path, publish=publish), prepared)
        try:
            await store.migrate(KERNEL, "a_parallel_kernel:sql", ())
        except BaseException:
            await store.db.close()
            raise
        return store

    async def migrate(self, owner: str, source: str, tables: Collection[str]) -> list[str]:
        """Apply the outstanding migrations of ``package:directory`` and return their names."""
        files = await asyncio.to_thread(load_files, source, owner)
        return await migrate_plugin(self.db, owner, files, tables, self.prepared.snapshots)


def baseline() -> Baseline:
    """Return the module behind the entry point ``a_parallel.baseline``.

    The kernel knows no table of any feature; the distribution that brings the features brings it.
    """
    (point,) = entry_points(BASELINE_GROUP)
    module: Baseline = point.load()
    return module


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Store]:
    """Open the database for a command; events go nowhere."""
    store = await Store.open(directory, lambda event: None)
    try:
        yield store
    finally:
        await store.db.close()


async def migrations_of(config: Config) -> tuple[list[PluginMigrations], list[Rehearsal]]:
    """Import the enabled plugins and return the migrations that they bring, and those that cannot tell theirs."""
    found, problems = [PluginMigrations(KERNEL, load_files("a_parallel_kernel:sql", KERNEL))], []
    for candidate in find_candidates():
        if not config.enabled(candidate.id, {}):
            continue
        try:
            found += await _brought(candidate, config.kernel.import_deadline)
        except MigrationRefused as refused:
            problems.append(Rehearsal(candidate.id, [], str(refused)))
        except Exception as error:  # noqa: BLE001 - whatever an import raises costs that plugin alone
            reason = f"plugin {candidate.id} cannot be imported ({type(error).__name__}: {error})"
            problems.append(Rehearsal(candidate.id, [], f"{reason}; leave it out with --disable {candidate.id}"))
    return found, problems


async def _brought(candidate: Candidate, deadline: float) -> list[PluginMigrations]:
    manifest = (await load(candidate, deadline)).manifest
    if not manifest.migrations:
        return []
    return [PluginMigrations(candidate.id, load_files(manifest.migrations, candidate.id), manifest.tables)]


async def rehearsed(config: Config) -> list[Rehearsal]:
    """Run all outstanding migrations on a copy of the database and return what happened."""
    plugins, problems = await migrations_of(config)
    done = await asyncio.to_thread(rehearse, config.server.data_directory / "data.db", baseline(), plugins)
    return done + problems
