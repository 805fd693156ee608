"""Run-time switches of plugins, kept in the database and never written into the user's file."""

from a_parallel_contracts.database import Database
from a_parallel_contracts.ids import now


class Switches:
    """Reads and writes the table `kernel_switches`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self) -> dict[str, bool]:
        """Return the switches by plugin id."""
        rows = await self._db.rows("SELECT plugin, enabled FROM kernel_switches")
        return {row["plugin"]: bool(row["enabled"]) for row in rows}

    async def write(self, id: str, enabled: bool) -> None:
        """Keep a switch."""
        await self._db.write(
            lambda tx: tx.execute(
                "INSERT INTO kernel_switches (plugin, enabled, changed_at) VALUES (?, ?, ?)"
                " ON CONFLICT (plugin) DO UPDATE SET enabled = excluded.enabled, changed_at = excluded.changed_at",
                (id, enabled, now()),
            )
        )
