"""Applies the numbered migrations of plugins: each once, in order, in a transaction of its own."""

import asyncio
import re
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from msgspec import Struct

from a_parallel_kernel import ledger
from a_parallel_kernel.connections import connect
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.migrate import Baseline, prepare, refusing
from a_parallel_kernel.migration_files import MigrationFile, MigrationRefused
from a_parallel_kernel.snapshots import Snapshots, copy_database

Schema = dict[tuple[str, str], tuple[str, str | None]]

_DENIED = {
    sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT,
    sqlite3.SQLITE_ATTACH,
    sqlite3.SQLITE_DETACH,
    sqlite3.SQLITE_PRAGMA,
}


class PluginMigrations(Struct, frozen=True):
    """What a plugin brings.

    Attributes:
        owner: its id.
        files: its migrations.
        tables: tables it owns whose names do not begin with its id.
    """

    owner: str
    files: Sequence[MigrationFile]
    tables: Collection[str] = ()


class Rehearsal(Struct, frozen=True):
    """What happened on a copy.

    Attributes:
        owner: the plugin, or the kernel for the baseline.
        applied: names of the migrations that went through.
        problem: why the next one did not, or None.
    """

    owner: str
    applied: list[str]
    problem: str | None = None


async def migrate_plugin(
    database: SqliteDatabase,
    owner: str,
    files: Iterable[MigrationFile],
    tables: Collection[str] = (),
    snapshots: Snapshots | None = None,
) -> list[str]:
    """Apply a plugin's outstanding migrations and return their names.

    Parameters:
        database: open; may be in use.
        owner: the plugin's id.
        files: all of its migrations.
        tables: tables it owns whose names do not begin with its id.
        snapshots: those that `prepare` returned, so that one start takes one snapshot.

    Raises:
        MigrationRefused: a file was edited, is missing or failed; earlier ones stay applied.
        sqlite3.Error, OSError: no snapshot could be taken; nothing was applied.
    """
    plugin = PluginMigrations(owner, list(files), tables)
    outstanding = await database.administer(partial(pending, plugin))
    if not outstanding:
        return []
    snapshots = snapshots or Snapshots(database.path)
    snapshot = await asyncio.to_thread(snapshots.ensure)
    applied: list[str] = []
    try:
        for file in outstanding:
            await database.administer(partial(apply, plugin, file))
            applied.append(file.name)
    finally:
        snapshots.prune() if applied else snapshots.discard(snapshot)
    return applied


def pending(plugin: PluginMigrations, connection: sqlite3.Connection) -> list[MigrationFile]:
    """Return the migrations that `connection`'s database has not seen, in order.

    Raises:
        MigrationRefused: what it has seen does not agree with the files.
    """
    files = sorted(plugin.files, key=lambda file: file.name)
    if [file.number for file in files] != list(range(1, len(files) + 1)):
        raise MigrationRefused(plugin.owner, f"numbers must run from 001 without a gap, not {_names(files)}")
    done = ledger.applied(connection, plugin.owner)
    by_name = {file.name: file for file in files}
    for name, checksum in done.items():
        if name not in by_name:
            raise MigrationRefused(plugin.owner, f"{name} was applied by another version that still had it")
        if by_name[name].checksum != checksum:
            raise MigrationRefused(plugin.owner, f"{name} was edited after it was applied; add a new file instead")
    outstanding = [file for file in files if file.name not in done]
    if outstanding != files[len(done) :]:
        raise MigrationRefused(plugin.owner, f"{outstanding[0].name} comes before one that is already applied")
    return outstanding


def apply(plugin: PluginMigrations, file: MigrationFile, connection: sqlite3.Connection) -> None:
    """Apply one migration and note it in the ledger, both or neither.

    Raises:
        MigrationRefused: a statement failed, or something of somebody else's was touched.
    """
    before = _schema(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        _run(plugin.owner, file, connection)
        _check_ownership(plugin, file, before, _schema(connection))
        ledger.record(connection, plugin.owner, file.name, file.checksum)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise MigrationRefused(plugin.owner, f"{file.name}: {error}; nothing of it was kept") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def rehearse(path: Path, baseline: Baseline, plugins: Iterable[PluginMigrations]) -> list[Rehearsal]:
    """Run the baseline and the migrations on a copy of the database; the database itself stays as it is.

    Raises:
        DatabaseRefused: the baseline would refuse the file.
    """
    with tempfile.TemporaryDirectory(prefix="a-parallel-rehearsal-") as directory:
        copy = Path(directory) / path.name
        if path.exists():
            with refusing(path):
                copy_database(path, copy)
        prepared = prepare(copy, baseline)
        done = [f"baseline {baseline.VERSION}"] if prepared.upgraded else []
        with closing(connect(copy)) as connection:
            return [Rehearsal(ledger.BASELINE, done), *(_rehearse(plugin, connection) for plugin in plugins)]


def _rehearse(plugin: PluginMigrations, connection: sqlite3.Connection) -> Rehearsal:
    applied: list[str] = []
    try:
        for file in pending(plugin, connection):
            apply(plugin, file, connection)
            applied.append(file.name)
    except MigrationRefused as refused:
        return Rehearsal(plugin.owner, applied, str(refused))
    return Rehearsal(plugin.owner, applied)


def _run(owner: str, file: MigrationFile, connection: sqlite3.Connection) -> None:
    connection.set_authorizer(_authorize)
    try:
        for line, statement in file.statements():
            try:
                connection.execute(statement).fetchall()
            except sqlite3.Error as error:
                raise MigrationRefused(owner, f"{file.name}, line {line}: {error}; nothing of it was kept") from error
    finally:
        connection.set_authorizer(None)


def _authorize(action: int, first: str | None, second: str | None, database: str | None, source: str | None) -> int:
    """Keep transactions, other files and settings out of migrations; full-text tables need one pragma to read."""
    denied = action in _DENIED and first != "data_version"
    return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK


def _schema(connection: sqlite3.Connection) -> Schema:
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {(type_, name): (table, sql) for type_, name, table, sql in rows}


def _check_ownership(plugin: PluginMigrations, file: MigrationFile, before: Schema, after: Schema) -> None:
    """Refuse a migration that makes, changes or drops what is not the plugin's."""
    prefix = re.sub(r"\W", "_", plugin.owner.lower()) + "_"
    own = {table.lower() for table in plugin.tables}
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) == after.get(key):
            continue
        type_, name = key
        table = (after.get(key) or before[key])[0]
        names = {name.lower()} if type_ in ("table", "view") else {name.lower(), table.lower()}
        if not any(candidate.startswith(prefix) or candidate in own for candidate in names):
            raise MigrationRefused(
                plugin.owner, f"{file.name} touches the {type_} {name}; its own ones begin with {prefix}"
            )


def _names(files: Iterable[MigrationFile]) -> str:
    return ", ".join(file.name for file in files)
