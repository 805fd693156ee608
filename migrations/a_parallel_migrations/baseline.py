"""Brings ``data.db`` from any shape it ever had to the current one (``database.md`` §3).

Nothing is dropped, renamed or rebuilt, so that the reference server still opens the file afterwards.
"""

import sqlite3

from a_parallel_migrations.tables import INDEXES, TABLES, Table

VERSION = 1
"""Raised whenever the shape changes."""

_STAGES = (
    ("in_progress", ("running", "waiting")),
    ("review", ("completed", "failed", "stopped", "interrupted")),
)

_FIRST_HISTORY = """
INSERT INTO stage_history (id, thread_id, from_stage, to_stage, changed_at)
SELECT lower(hex(randomblob(16))), id, NULL, stage, created_at FROM threads
WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM stage_history WHERE thread_id = threads.id)
"""


def upgrade(connection: sqlite3.Connection) -> bool:
    """Bring the database to the current shape inside the caller's transaction.

    Returns whether anything was changed. Stages follow the status only when the column is new: later, a
    user may have moved things back (``database.md`` §6).

    Raises:
        ValueError: a table lacks a column that cannot be added, or is not a table.
    """
    existing = {table.name: _columns(connection, table.name) for table in TABLES}
    _check(connection, existing)
    statements = [statement for table in TABLES for statement in _missing(table, existing[table.name])]
    statements += [index.sql for index in INDEXES if not _has_index(connection, index.name)]
    for statement in statements:
        connection.execute(statement)
    if existing["threads"] and "stage" not in existing["threads"]:
        _fill_stages(connection)
    return connection.execute(_FIRST_HISTORY).rowcount > 0 or bool(statements)


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """Return the table's columns in lower case; none if it does not exist."""
    return {name.lower() for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _check(connection: sqlite3.Connection, existing: dict[str, set[str]]) -> None:
    """Refuse what cannot be completed, before the first statement."""
    views = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    for table in TABLES:
        columns = existing[table.name]
        lacking = [column.name for column in table.columns if column.name not in columns and not column.addable]
        if table.name in views:
            raise ValueError(f"{table.name} is a view")
        if columns and lacking:
            raise ValueError(f"the table {table.name} has no column {', '.join(lacking)}")


def _missing(table: Table, columns: set[str]) -> list[str]:
    """Return the statements that create the table, or add what it lacks."""
    if not columns:
        return [table.sql]
    return [
        f"ALTER TABLE {table.name} ADD COLUMN {column.sql}" for column in table.columns if column.name not in columns
    ]


def _has_index(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?"
    return connection.execute(query, (name,)).fetchone() is not None


def _fill_stages(connection: sqlite3.Connection) -> None:
    for stage, statuses in _STAGES:
        connection.executemany(
            "UPDATE threads SET stage = ? WHERE stage = 'backlog' AND status = ?",
            [(stage, status) for status in statuses],
        )
