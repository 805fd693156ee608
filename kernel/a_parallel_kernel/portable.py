"""Exports: every table as lines of JSON, for other programs and other versions of SQLite.

The file is a zip. ``manifest.json`` names the tables with their columns, the numbers of their rows and the statements
that make them; ``tables/…jsonl`` hold one JSON array for each row, in the order of the columns. Numbers, text and null
are themselves; ``{"blob": …}`` and ``{"text": …}`` (text that is not UTF-8) hold base64, ``{"real": "inf"}`` infinity.
"""

import base64
import json
import math
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from a_parallel_contracts.ids import now
from a_parallel_kernel.archives import ArchiveRefused, written_whole
from a_parallel_kernel.connections import connect
from a_parallel_kernel.migrate import Baseline, refusing
from a_parallel_kernel.replacing import DATABASE, replace, staging
from a_parallel_kernel.version import VERSION

FORMAT = "a-parallel-export"
ROWID = "_rowid_"
"""Column that keeps the order of rows in tables whose key is no number."""

_CREATES = re.compile(r"\s*CREATE\s+(TABLE|VIRTUAL TABLE|UNIQUE INDEX|INDEX|TRIGGER|VIEW)\b", re.IGNORECASE)


class Table(Struct, frozen=True):
    """One table: kind is ``table``, ``virtual``, or ``shadow`` for those that a virtual one makes itself."""

    name: str
    kind: str
    columns: list[str]
    rows: int
    file: str


def export(directory: Path, target: Path) -> int:
    """Write every table to `target`, as of one moment, also while a server runs; returns the number of rows.

    Raises:
        ArchiveRefused: there is no database, or the file cannot be written.
        DatabaseRefused: the database cannot be read.
    """
    database = directory / DATABASE
    if not database.is_file():
        raise ArchiveRefused(f"{directory} holds no database")
    with written_whole(target) as partial, refusing(database), closing(connect(database)) as connection:
        connection.text_factory = _text
        connection.execute("BEGIN")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            tables = [_write(connection, archive, number, table) for number, table in enumerate(_tables(connection))]
            manifest = {"format": FORMAT, "version": 1, "made_by": VERSION, "made_at": now()}
            manifest["schema"] = _schema(connection)
            manifest["tables"] = [asdict(table) for table in tables]
            archive.writestr("manifest.json", json.dumps(manifest, indent=2))
    return sum(table.rows for table in tables)


def _tables(connection: sqlite3.Connection) -> Iterator[tuple[str, str, list[str]]]:
    listed = connection.execute("SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name")
    for name, kind, without_rowid in listed.fetchall():
        if kind == "view" or name in ("sqlite_schema", "sqlite_master") or name.startswith("sqlite_stat"):
            continue
        described = connection.execute("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)", (name,)).fetchall()
        columns = [column for column, _, _, hidden in described if not hidden]
        numbered = [type_.upper() for _, type_, pk, _ in described if pk] == ["INTEGER"]
        if kind == "table" and not without_rowid and not numbered:
            columns = [ROWID, *columns]
        yield name, kind, columns


def _write(
    connection: sqlite3.Connection, archive: zipfile.ZipFile, number: int, table: tuple[str, str, list[str]]
) -> Table:
    name, kind, columns = table
    file = f"tables/{number:03d}-{re.sub(r'[^A-Za-z0-9_]', '_', name)}.jsonl"
    rows = 0
    if kind == "virtual":  # its shadow tables hold everything
        return Table(name, kind, columns, rows, "")
    with archive.open(file, "w", force_zip64=True) as lines:
        order = f" ORDER BY {ROWID}" if ROWID in columns else ""
        for row in connection.execute(f"SELECT {_names(columns)} FROM {_quoted(name)}{order}"):  # noqa: S608 - quoted
            lines.write(json.dumps([_out(value) for value in row], ensure_ascii=False).encode() + b"\n")
            rows += 1
    return Table(name, kind, columns, rows, file)


def _schema(connection: sqlite3.Connection) -> list[dict[str, str]]:
    named = "sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'"
    sql = f"SELECT type, name, tbl_name, sql FROM sqlite_master WHERE {named}"  # noqa: S608 - a constant
    return [dict(zip(("type", "name", "table", "sql"), row, strict=True)) for row in connection.execute(sql)]


# --- and back ---------------------------------------------------------------------------------------------


def import_(directory: Path, source: Path, baseline: Baseline) -> tuple[int, Path | None]:
    """Put the contents of an export in the place of the database; the caller holds the directory.

    Returns:
        The number of rows, and where the replaced database is kept, if there was one.

    Raises:
        ArchiveRefused: the file is no export, or is damaged; nothing was changed.
        DatabaseRefused: it is newer than this version; nothing was changed.
    """
    with staging(directory) as staged:
        rows = _rebuild(source, staged / DATABASE)
        return rows, replace(directory, staged, baseline)


def _rebuild(source: Path, target: Path) -> int:
    try:
        with zipfile.ZipFile(source) as archive, closing(connect(target)) as connection:
            manifest = json.loads(archive.read("manifest.json"))
            if manifest.get("format") != FORMAT or manifest.get("version") != 1:
                raise ArchiveRefused(f"{source} is no export that this version can read")
            tables = [Table(**table) for table in manifest["tables"]]
            connection.execute("PRAGMA foreign_keys = OFF")  # rows refer to tables that come later
            connection.execute("BEGIN")
            _fill(connection, archive, tables, manifest["schema"])
            connection.execute("COMMIT")
    except (zipfile.BadZipFile, OSError, KeyError, TypeError, ValueError, sqlite3.Error) as error:
        raise ArchiveRefused(f"{source} cannot be read as an export: {error}") from None
    return sum(table.rows for table in tables)


def _fill(
    connection: sqlite3.Connection, archive: zipfile.ZipFile, tables: list[Table], schema: list[dict[str, str]]
) -> None:
    """Make the tables, fill them, and then make what belongs to them."""
    shadows = {table.name for table in tables if table.kind == "shadow"}
    ordinary = [one for one in schema if one["type"] == "table" and one["name"] not in shadows]
    for one in sorted(ordinary, key=lambda one: one["sql"].upper().lstrip().startswith("CREATE VIRTUAL")):
        _create(connection, one["sql"])
    for table in tables:
        if table.file:
            _insert(connection, archive, table)
    for one in schema:
        if one["type"] != "table" and one["table"] not in shadows:
            _create(connection, one["sql"])


def _create(connection: sqlite3.Connection, sql: str) -> None:
    if not _CREATES.match(sql):
        raise ValueError(f"it holds a statement that makes nothing: {sql[:60]}")
    connection.execute(sql)


def _insert(connection: sqlite3.Connection, archive: zipfile.ZipFile, table: Table) -> None:
    connection.execute(f"DELETE FROM {_quoted(table.name)}")  # noqa: S608 - quoted
    marks = ", ".join("?" * len(table.columns))
    sql = f"INSERT INTO {_quoted(table.name)} ({_names(table.columns)}) VALUES ({marks})"  # noqa: S608 - quoted
    with archive.open(table.file) as lines:
        read = 0
        for line in lines:
            connection.execute(sql, [_in(value) for value in json.loads(line)])
            read += 1
    if read != table.rows:
        raise ValueError(f"{table.name} should have {table.rows} rows and has {read}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _names(columns: list[str]) -> str:
    return ", ".join(column if column == ROWID else _quoted(column) for column in columns)


class _Undecodable(bytes):
    """Text that is not UTF-8."""


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _Undecodable(raw)


def _out(value: Any) -> Any:
    if isinstance(value, bytes):
        kind = "text" if isinstance(value, _Undecodable) else "blob"
        return {kind: base64.b64encode(value).decode()}
    if isinstance(value, float) and math.isinf(value):
        return {"real": repr(value)}
    return value


def _in(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    return float(text) if kind == "real" else base64.b64decode(text)
