"""Settings of plugins changed at run time: kept in the database and never written into the user's file."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from a_parallel_contracts.database import Database, Transaction
from a_parallel_contracts.ids import now

Kept = dict[str, dict[str, Any]]
"""Values by plugin and key."""

_SELECT = "SELECT plugin, key, value FROM kernel_settings"
_WRITE = (
    "INSERT INTO kernel_settings (plugin, key, value, changed_at) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (plugin, key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at"
)


class KeptSettings:
    """Reads and writes the table `kernel_settings`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self) -> Kept:
        """Return all of them."""
        rows = await self._db.rows(_SELECT)
        return _by_plugin((row["plugin"], row["key"], row["value"]) for row in rows)

    async def write(self, plugin: str, values: Mapping[str, Any], forget: Iterable[str] = ()) -> None:
        """Keep `values` of a plugin, by key, and forget those of other keys."""

        def unit(tx: Transaction) -> None:
            tx.executemany(
                "DELETE FROM kernel_settings WHERE plugin = ? AND key = ?", [(plugin, key) for key in forget]
            )
            tx.executemany(_WRITE, [(plugin, key, json.dumps(value), now()) for key, value in values.items()])

        await self._db.write(unit)


def read_offline(data_directory: Path) -> Kept:
    """Return what a stopped or running server keeps, without opening its database for writing."""
    path = data_directory / "data.db"
    if not path.is_file():
        return {}
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return _by_plugin(connection.execute(_SELECT).fetchall())
    except sqlite3.Error:  # a file from before there was such a table, or one that is none
        return {}


def _by_plugin(rows: Iterable[tuple[str, str, str]]) -> Kept:
    found: Kept = {}
    for plugin, key, value in rows:
        found.setdefault(plugin, {})[key] = json.loads(value)
    return found
