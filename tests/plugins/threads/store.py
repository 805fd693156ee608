"""A database in memory with one thread, for tests that need no server."""

import sqlite3
from typing import Self

from a_parallel_contracts.threads import Thread
from a_parallel_kernel.writer import SqlTransaction
from a_parallel_migrations.tables import TABLES
from a_parallel_plugins.threads import rows
from tests.plugins.threads.house import CREATED, INSERT_PROJECT

THREAD_ID = "t1"


class Store:
    """Opens on entering, with a transaction that is never committed."""

    def __enter__(self) -> Self:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        for table in TABLES:
            self._connection.execute(table.sql)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("BEGIN")
        self.tx = SqlTransaction(self._connection)
        self.tx.execute(INSERT_PROJECT, ("p1", "p1", "/repositories/one", CREATED, "__local__"))
        rows.insert(self.tx, thread())
        return self

    def __exit__(self, *_: object) -> None:
        self.tx.close()
        self._connection.close()

    def history(self, thread_id: str = THREAD_ID) -> list[tuple[str | None, str]]:
        sql = "SELECT from_stage, to_stage FROM stage_history WHERE thread_id = ? ORDER BY rowid"
        return [(before, after) for before, after in self.tx.tuples(sql, (thread_id,))]


def thread(id: str = THREAD_ID) -> Thread:
    return Thread(
        id=id,
        project_id="p1",
        user_id="__local__",
        title="one",
        mode="local",
        status="idle",
        stage="backlog",
        permission_mode="autoEdit",
        model="sonnet",
        created_at=CREATED,
    )
