"""What is written down about children, so that a later server finds those that an earlier one left behind."""

from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import Database, Row, Transaction, new_id, now
from a_parallel_contracts.hosts import Owner
from a_parallel_plugins.hosts.marker import Marker

INSERT = """
    INSERT INTO hosts_processes (launch, server, pid, started, kind, key, terminal, program, created_at)
    VALUES (:launch, :server, :pid, :started, :kind, :key, :terminal, :program, :created_at)
"""


class Record(Struct, frozen=True):
    """A child that runs.

    Attributes:
        launch: random identifier; in its marker too.
        pid, started: which process it is.
        owner: whom it belongs to.
        terminal: it is on a pseudo-terminal, to be hung up and without a marker.
        program: for people who read the table.
    """

    launch: str
    pid: int
    started: str
    owner: Owner
    terminal: bool
    program: str


class Store:
    """The plugin's tables.

    Parameters:
        db: holds them.
        directory: random identifier of the data directory.

    Attributes:
        server: random identifier of this life of the server.
    """

    def __init__(self, db: Database, directory: str) -> None:
        self.directory = directory
        self.server = new_id()
        self._db = db

    @classmethod
    async def open(cls, db: Database, data_directory: Path) -> "Store":
        """Find out or make up the identifier of `data_directory`."""
        status = data_directory.stat()
        here = (str(data_directory.resolve()), f"{status.st_dev}:{status.st_ino}")
        return cls(db, await db.write(lambda tx: _identify(tx, *here)))

    def mark(self, owner: Owner, launch: str) -> Marker:
        """Return the marker of a child."""
        return Marker(self.directory, owner, self.server, launch)

    async def add(self, record: Record) -> None:
        """Write down a child."""
        owner = {"kind": record.owner.kind, "key": record.owner.key}
        facts = {"launch": record.launch, "pid": record.pid, "started": record.started, "program": record.program}
        more = {"server": self.server, "terminal": int(record.terminal), "created_at": now()}
        await self._db.write(lambda tx: tx.execute(INSERT, {**facts, **owner, **more}))

    async def remove(self, *launches: str) -> None:
        """Forget children."""
        await self._db.write(
            lambda tx: tx.executemany("DELETE FROM hosts_processes WHERE launch = ?", [(each,) for each in launches])
        )

    async def adopt(self, launch: str) -> None:
        """Take over a child of an earlier life of the server."""
        values = (self.server, launch)
        await self._db.write(lambda tx: tx.execute("UPDATE hosts_processes SET server = ? WHERE launch = ?", values))

    async def earlier(self) -> list[Record]:
        """Return the children of earlier lives of the server."""
        rows = await self._db.rows("SELECT * FROM hosts_processes WHERE server <> :server", server=self.server)
        return [_record(row) for row in rows]


def _identify(tx: Transaction, path: str, inode: str) -> str:
    """Return the identifier of the directory, a new one if the database was copied here from another one.

    A directory that was moved keeps its inode, one that was restored from a backup its path.
    """
    known = tx.one("SELECT * FROM hosts_directory")
    if known and (known["path"] == path or known["inode"] == inode):
        tx.execute("UPDATE hosts_directory SET path = ?, inode = ?", (path, inode))
        return str(known["id"])
    fresh = new_id()
    tx.execute("DELETE FROM hosts_processes")
    tx.execute("DELETE FROM hosts_directory")
    tx.execute("INSERT INTO hosts_directory (id, path, inode) VALUES (?, ?, ?)", (fresh, path, inode))
    return fresh


def _record(row: Row) -> Record:
    owner = Owner(row["kind"], row["key"])
    return Record(row["launch"], row["pid"], row["started"], owner, bool(row["terminal"]), row["program"])
