"""Which migrations a database has seen: one row for each, with the checksum of its text."""

import sqlite3

from a_parallel_contracts.ids import now

TABLE = "kernel_migrations"
BASELINE = "baseline"
"""Owner of the baseline's rows."""

CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at TEXT NOT NULL,
  PRIMARY KEY (owner, name)
)"""

_BASELINE = "baseline-"


def exists(connection: sqlite3.Connection) -> bool:
    """Return whether the database has a ledger."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (TABLE,)).fetchone()
    return found is not None


def applied(connection: sqlite3.Connection, owner: str) -> dict[str, str]:
    """Return the checksums of the owner's migrations by name."""
    if not exists(connection):
        return {}
    query = f"SELECT name, checksum FROM {TABLE} WHERE owner = ? ORDER BY name"  # noqa: S608 - a constant
    return dict(connection.execute(query, (owner,)))


def record(connection: sqlite3.Connection, owner: str, name: str, checksum: str = "") -> None:
    """Note a migration as done, inside the transaction that does it."""
    connection.execute(CREATE)
    insert = f"INSERT INTO {TABLE} (owner, name, checksum, applied_at) VALUES (?, ?, ?, ?)"  # noqa: S608 - a constant
    connection.execute(insert, (owner, name, checksum, now()))


def baseline_version(connection: sqlite3.Connection) -> int:
    """Return the newest baseline that the database has seen, 0 if none."""
    names = [name for name in applied(connection, BASELINE) if name.startswith(_BASELINE)]
    return max((int(name.removeprefix(_BASELINE)) for name in names), default=0)


def record_baseline(connection: sqlite3.Connection, version: int) -> bool:
    """Note a baseline as done; returns whether that was new."""
    if baseline_version(connection) >= version:
        return False
    record(connection, BASELINE, f"{_BASELINE}{version:03d}")
    return True
