"""What was written is not held in memory by the statement that wrote it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from a_parallel_contracts.database import Transaction
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.parameters import LARGE, let_go
from tests.support.memory import MEGABYTE, THERE, at_rest, resident

SIZE = 40 * MEGABYTE


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "data.db", publish=lambda event: None)
    await opened.write(lambda tx: tx.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT, size INTEGER)"))
    yield opened
    await opened.close()


@pytest.mark.skipif(not THERE, reason="needs /proc")
async def test_memory_is_as_before_after_large_texts_were_written_by_several_statements(
    database: SqliteDatabase,
) -> None:
    before = resident()

    def unit(tx: Transaction) -> None:
        tx.execute("INSERT INTO note (id, text) VALUES (1, ?)", ("x" * SIZE,))
        tx.execute("UPDATE note SET text = :text WHERE id = :id", {"text": "y" * SIZE, "id": 1})
        tx.one("INSERT INTO note (id, text) VALUES (2, ?) RETURNING id", (b"z",))

    await database.write(unit)
    assert at_rest(below=before + SIZE // 2) < before + SIZE // 2
    found = await database.rows("SELECT id, length(text) AS length, substr(text, 1, 1) AS first FROM note")
    assert [(row["id"], row["length"], row["first"]) for row in found] == [(1, SIZE, "y"), (2, 1, b"z")]


async def test_statements_that_are_let_go_of_change_nothing_and_run_again(database: SqliteDatabase) -> None:
    insert = "INSERT INTO note (text, size) VALUES (?, ?)"
    for number in range(3):
        await database.write(lambda tx, number=number: tx.execute(insert, ("x" * (LARGE + 1), number)))  # type: ignore[misc]
    await database.write(lambda tx: tx.execute("UPDATE note SET text = ? WHERE size >= 0", ("y" * (LARGE + 1),)))
    found = await database.rows("SELECT size, substr(text, 1, 1) AS first FROM note ORDER BY id")
    assert [(row["size"], row["first"]) for row in found] == [(0, "y"), (1, "y"), (2, "y")]
    changes = database.changes
    await database.write(lambda tx: tx.execute(insert, ("small", 4)))
    assert database.changes == changes + 1


def test_nobody_waits_for_a_lock_to_let_go(tmp_path: Path) -> None:
    statement = "INSERT INTO note VALUES (?)"
    with closing(sqlite3.connect(tmp_path / "a.db", timeout=60, isolation_level=None)) as ours:
        ours.execute("CREATE TABLE note (text TEXT)")
        ours.execute(statement, ("x",))
        with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as another:
            another.execute("BEGIN EXCLUSIVE")
            let_go({statement: (None,)}, ours)
            another.execute("ROLLBACK")
        assert ours.execute("SELECT text FROM note").fetchall() == [("x",)]
        ours.execute(statement, ("written again",))
