"""Queries see one state of the database, cannot change it, and do not wait for the writer."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from a_parallel_contracts.database import Reader, Transaction
from a_parallel_contracts.errors import ApiError, ServiceUnavailable
from a_parallel_contracts.models import WireModel
from a_parallel_kernel.database import SqliteDatabase


class Note(WireModel):
    note_id: int
    text: str


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "data.db", publish=lambda event: None, readers=2)
    await opened.write(lambda tx: tx.execute("CREATE TABLE note (note_id INTEGER PRIMARY KEY, text TEXT)"))
    await opened.write(lambda tx: tx.executemany("INSERT INTO note VALUES (?, ?)", [(1, "one"), (2, "two")]))
    yield opened
    await opened.close()


async def test_rows_are_dicts_by_column_name(database: SqliteDatabase) -> None:
    assert await database.rows("SELECT * FROM note ORDER BY note_id") == [
        {"note_id": 1, "text": "one"},
        {"note_id": 2, "text": "two"},
    ]
    assert await database.rows("SELECT text AS t FROM note WHERE note_id = :id", id=2) == [{"t": "two"}]
    assert await database.rows("SELECT text FROM note WHERE note_id = 9") == []


async def test_one_row(database: SqliteDatabase) -> None:
    assert await database.one("SELECT text FROM note ORDER BY note_id DESC") == {"text": "two"}
    assert await database.one("SELECT text FROM note WHERE note_id = :id", id=9) is None


async def test_rows_as_models(database: SqliteDatabase) -> None:
    notes = await database.read("SELECT note_id, text FROM note WHERE text = :text", into=Note, text="two")
    assert notes == [Note(note_id=2, text="two")]
    with pytest.raises(ValidationError):
        await database.read("SELECT 'x' AS note_id, text FROM note", into=Note)


async def test_values_and_tuples(database: SqliteDatabase) -> None:
    def query(reader: Reader) -> Any:
        return (
            reader.value("SELECT count(*) FROM note"),
            reader.value("SELECT text FROM note WHERE note_id = 9"),
            list(reader.tuples("SELECT note_id, text FROM note ORDER BY 1")),
            reader.one("SELECT text FROM note WHERE note_id = :id", {"id": 1}),
        )

    assert await database.run(query) == (2, None, [(1, "one"), (2, "two")], {"text": "one"})


async def test_a_query_sees_one_state_while_rows_change(database: SqliteDatabase) -> None:
    looked, changed = threading.Event(), threading.Event()

    def query(reader: Reader) -> tuple[int, int]:
        first = reader.value("SELECT count(*) FROM note")
        looked.set()
        assert changed.wait(30)
        return first, reader.value("SELECT count(*) FROM note")

    counting = asyncio.ensure_future(database.run(query))
    await asyncio.to_thread(looked.wait, 30)
    await database.write(lambda tx: tx.execute("INSERT INTO note VALUES (3, 'three')"))
    assert (await database.one("SELECT count(*) AS n FROM note")) == {"n": 3}
    changed.set()
    assert await counting == (2, 2)


async def test_a_query_sees_what_was_acknowledged_before(database: SqliteDatabase) -> None:
    for number in range(10, 30):
        await database.write(lambda tx, n=number: tx.execute("INSERT INTO note VALUES (?, 'x')", (n,)))  # type: ignore[misc]
        assert await database.one("SELECT note_id FROM note WHERE note_id = :n", n=number)


async def test_a_query_cannot_write(database: SqliteDatabase) -> None:
    for statement in ("DELETE FROM note", "INSERT INTO note VALUES (7, 'seven')", "CREATE TABLE x (id)"):
        with pytest.raises((sqlite3.OperationalError, ApiError)):
            await database.rows(statement)
    assert await database.one("SELECT count(*) AS n FROM note") == {"n": 2}


async def test_a_query_that_fails_leaves_the_connection_usable(database: SqliteDatabase) -> None:
    def query(reader: Reader) -> None:
        reader.value("SELECT count(*) FROM note")
        raise KeyError("mine")

    for _ in range(4):
        with pytest.raises(KeyError, match="mine"):
            await database.run(query)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await database.rows("SELECT * FROM nowhere")
    assert len(await database.rows("SELECT * FROM note")) == 2


async def test_an_unfinished_iteration_does_not_hold_an_old_state(database: SqliteDatabase) -> None:
    def query(reader: Reader) -> Any:
        return next(iter(reader.tuples("SELECT note_id FROM note ORDER BY 1")))

    for _ in range(2):
        assert await database.run(query) == (1,)
    await database.write(lambda tx: tx.execute("DELETE FROM note"))
    for _ in range(2):
        assert await database.one("SELECT count(*) AS n FROM note") == {"n": 0}


async def test_the_transaction_reads_its_own_rows(database: SqliteDatabase) -> None:
    def unit(tx: Transaction) -> Any:
        changed = tx.execute("UPDATE note SET text = text || '!'")
        added = tx.one("INSERT INTO note (text) VALUES ('three') RETURNING note_id")
        return changed, added, tx.all("SELECT text FROM note ORDER BY note_id"), list(tx.tuples("SELECT 1"))

    changed, added, rows, ones = await database.write(unit)
    assert (changed, added) == (2, {"note_id": 3})
    assert rows == [{"text": "one!"}, {"text": "two!"}, {"text": "three"}]
    assert ones == [(1,)]


async def test_queries_go_on_while_the_writer_is_busy(database: SqliteDatabase) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        tx.execute("DELETE FROM note")
        entered.set()
        assert go.wait(30)

    writing = asyncio.ensure_future(database.write(slow))
    await asyncio.to_thread(entered.wait, 30)
    assert await database.one("SELECT count(*) AS n FROM note") == {"n": 2}
    go.set()
    await writing
    assert await database.one("SELECT count(*) AS n FROM note") == {"n": 0}


async def test_more_queries_than_connections_take_turns(database: SqliteDatabase) -> None:
    answers = await asyncio.gather(*(database.one("SELECT :n AS n", n=number) for number in range(100)))
    assert [answer and answer["n"] for answer in answers] == list(range(100))


async def test_a_cancelled_query_gives_its_connection_back(database: SqliteDatabase) -> None:
    go = threading.Event()
    entered = [threading.Event(), threading.Event()]

    def query(mine: threading.Event) -> None:
        mine.set()
        assert go.wait(30)

    calls = [asyncio.ensure_future(database.run(lambda reader, mine=mine: query(mine))) for mine in entered]  # type: ignore[misc]
    for event in entered:
        await asyncio.to_thread(event.wait, 30)
    waiting = asyncio.ensure_future(database.rows("SELECT 1 AS n"))
    for call in calls:
        call.cancel()
    assert all(
        isinstance(result, asyncio.CancelledError) for result in await asyncio.gather(*calls, return_exceptions=True)
    )
    assert not waiting.done()
    go.set()
    assert await waiting == [{"n": 1}]


async def test_closing_lets_queries_end(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "data.db", publish=lambda event: None, readers=1)
    calls = [asyncio.ensure_future(database.rows("SELECT 1 AS n")) for _ in range(5)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*calls) == [[{"n": 1}]] * 5
    with pytest.raises(ServiceUnavailable):
        await database.rows("SELECT 1")
