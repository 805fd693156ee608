"""The server's database as a file, read beside the running server."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

CONTRACT_TABLES = (
    "projects",
    "threads",
    "messages",
    "tool_calls",
    "startup_commands",
    "automations",
    "automation_runs",
    "user_profiles",
    "stage_history",
    "mcp_oauth_tokens",
)
"""The ten tables of ``database.md`` §2."""


def rows(data_directory: Path, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a query as dicts."""
    with closing(sqlite3.connect(f"file:{data_directory / 'data.db'}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, parameters)]


def dump(data_directory: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the contents of the ten contract tables, each in the order of insertion."""
    with closing(sqlite3.connect(f"file:{data_directory / 'data.db'}?mode=ro", uri=True)) as connection:
        return {
            table: connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid').fetchall() for table in CONTRACT_TABLES
        }


def integrity(data_directory: Path) -> list[str]:
    """Return what SQLite finds wrong with the file and its foreign keys; nothing if it is sound."""
    with closing(sqlite3.connect(f"file:{data_directory / 'data.db'}?mode=ro", uri=True)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
