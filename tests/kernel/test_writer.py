"""Units of work share commits, fail alone, and nobody hears of a row before it is durable."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_contracts.database import Transaction
from a_parallel_contracts.errors import Conflict, ServiceUnavailable
from a_parallel_contracts.events import Event
from a_parallel_kernel import connections
from a_parallel_kernel.database import SqliteDatabase

SCHEMA = (
    "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT UNIQUE)",
    "CREATE TABLE reply (id INTEGER PRIMARY KEY, note INTEGER NOT NULL REFERENCES note(id) ON DELETE CASCADE)",
    "CREATE TABLE late (note INTEGER REFERENCES note(id) DEFERRABLE INITIALLY DEFERRED)",
)


class Added(Event):
    text: str


class Broken(Exception):
    pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def published() -> list[Event]:
    return []


@pytest.fixture
async def database(path: Path, published: list[Event]) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(path, publish=published.append)
    await opened.write(lambda tx: [tx.execute(statement) for statement in SCHEMA])
    yield opened
    await opened.close()


def stored(path: Path) -> list[str]:
    """Return what another process would see."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY id")]


def add(text: str) -> Callable[[Transaction], str]:
    def unit(tx: Transaction) -> str:
        tx.execute("INSERT INTO note (text) VALUES (?)", (text,))
        tx.emit(Added(text=text))
        return text

    return unit


def add_and_break(text: str) -> Callable[[Transaction], None]:
    def unit(tx: Transaction) -> None:
        add(text)(tx)
        raise Broken(text)

    return unit


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Added)]


async def gather(*work: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*work, return_exceptions=True)


# --- durability and order -----------------------------------------------------------------------------


async def test_rows_are_there_when_the_caller_goes_on(database: SqliteDatabase, path: Path) -> None:
    assert await database.write(add("one")) == "one"
    assert stored(path) == ["one"]


async def test_rows_are_there_when_the_event_is_published(path: Path) -> None:
    seen: list[list[str]] = []
    database = await SqliteDatabase.open(path, publish=lambda event: seen.append(stored(path)))
    await database.write(lambda tx: [tx.execute(statement) for statement in SCHEMA])
    await gather(*(database.write(add(f"n{number}")) for number in range(5)))
    await database.close()
    assert seen == [[f"n{number}" for number in range(5)]] * 5


async def test_a_commit_reaches_the_disk_before_it_is_acknowledged(database: SqliteDatabase) -> None:
    assert await database.administer(lambda c: c.execute("PRAGMA synchronous").fetchone()[0]) == 2
    assert await database.administer(lambda c: c.execute("PRAGMA journal_mode").fetchone()[0]) == "wal"
    assert await database.administer(lambda c: c.execute("PRAGMA foreign_keys").fetchone()[0]) == 1
    assert await database.administer(lambda c: c.execute("PRAGMA busy_timeout").fetchone()[0]) == 5000


async def test_units_run_and_events_arrive_in_the_order_of_the_calls(
    database: SqliteDatabase, path: Path, published: list[Event]
) -> None:
    expected = [f"n{number}" for number in range(50)]
    await gather(*(database.write(add(text)) for text in expected))
    assert stored(path) == expected
    assert texts(published) == expected


async def test_events_come_before_the_result(database: SqliteDatabase, published: list[Event]) -> None:
    counts: list[int] = []

    async def writer(text: str) -> None:
        await database.write(add(text))
        counts.append(len(published))

    await gather(writer("one"), writer("two"))
    assert counts == [2, 2]


async def test_a_publisher_that_raises_costs_nobody_anything(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def publish(event: Event) -> None:
        raise Broken("deaf")

    database = await SqliteDatabase.open(path, publish=publish)
    await database.write(lambda tx: [tx.execute(statement) for statement in SCHEMA])
    assert await gather(database.write(add("one")), database.write(add("two"))) == ["one", "two"]
    await database.close()
    assert stored(path) == ["one", "two"]
    assert "publishing Added failed" in caplog.text


# --- groups -------------------------------------------------------------------------------------------


async def test_units_that_wait_share_one_commit(database: SqliteDatabase) -> None:
    before = database.stats
    await gather(*(database.write(add(f"n{number}")) for number in range(100)))
    after = database.stats
    assert after.units - before.units == 100
    assert after.commits - before.commits == 1
    assert after.largest_group == 100
    assert after.waiting == 0


async def test_units_that_arrive_during_a_commit_form_the_next_group(database: SqliteDatabase) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        entered.set()
        assert go.wait(30)

    before = database.stats.commits
    first = asyncio.ensure_future(database.write(slow))
    await asyncio.to_thread(entered.wait, 30)
    rest = [asyncio.ensure_future(database.write(add(f"n{number}"))) for number in range(20)]
    await asyncio.sleep(0)
    assert database.stats.waiting == 20
    go.set()
    await gather(first, *rest)
    assert database.stats.commits - before == 2


async def test_a_unit_alone_waits_for_nobody(database: SqliteDatabase) -> None:
    before = database.stats.commits
    for number in range(5):
        await database.write(add(f"n{number}"))
    assert database.stats.commits - before == 5


# --- failures -----------------------------------------------------------------------------------------


async def test_a_unit_that_raises_is_undone_alone(database: SqliteDatabase, path: Path, published: list[Event]) -> None:
    results = await gather(
        database.write(add("one")), database.write(add_and_break("two")), database.write(add("three"))
    )
    assert [type(result) for result in results] == [str, Broken, str]
    assert stored(path) == ["one", "three"]
    assert texts(published) == ["one", "three"]
    assert database.stats.largest_group == 3


async def test_a_single_unit_that_raises_is_undone(database: SqliteDatabase, path: Path) -> None:
    with pytest.raises(Broken):
        await database.write(add_and_break("one"))
    await database.write(add("two"))
    assert stored(path) == ["two"]


async def test_when_a_group_cannot_be_committed_each_unit_learns_of_its_own_failure(
    database: SqliteDatabase, path: Path, published: list[Event]
) -> None:
    """A deferred foreign key is only checked at the commit, which fails for the whole group."""

    def dangling(tx: Transaction) -> None:
        tx.execute("INSERT INTO late VALUES (999)")
        tx.emit(Added(text="dangling"))

    results = await gather(database.write(add("one")), database.write(dangling), database.write(add("two")))
    assert results[0] == "one"
    assert isinstance(results[1], Conflict)
    assert results[2] == "two"
    assert stored(path) == ["one", "two"]
    assert texts(published) == ["one", "two"]


async def test_a_statement_that_rolls_everything_back_costs_only_its_own_unit(
    database: SqliteDatabase, path: Path, published: list[Event]
) -> None:
    await database.write(add("taken"))

    def destructive(tx: Transaction) -> None:
        tx.execute("INSERT OR ROLLBACK INTO note (text) VALUES ('taken')")

    results = await gather(database.write(add("one")), database.write(destructive), database.write(add("two")))
    assert results[0] == "one"
    assert isinstance(results[1], Conflict)
    assert results[2] == "two"
    assert stored(path) == ["taken", "one", "two"]
    assert texts(published) == ["taken", "one", "two"]


@pytest.mark.parametrize("others", [0, 2])
async def test_a_unit_that_hides_a_rollback_is_not_acknowledged(
    database: SqliteDatabase, path: Path, others: int
) -> None:
    await database.write(add("taken"))

    def hiding(tx: Transaction) -> str:
        try:
            tx.execute("INSERT OR ROLLBACK INTO note (text) VALUES ('taken')")
        except Conflict:
            pass
        return "all is well"

    results = await gather(database.write(hiding), *(database.write(add(f"n{number}")) for number in range(others)))
    assert isinstance(results[0], Exception)
    assert stored(path) == ["taken", *(f"n{number}" for number in range(others))]


async def test_a_clash_can_be_caught_by_the_unit(database: SqliteDatabase, path: Path) -> None:
    await database.write(add("one"))

    def twice(tx: Transaction) -> str:
        try:
            tx.execute("INSERT INTO note (text) VALUES ('one')")
        except Conflict:
            tx.execute("INSERT INTO note (text) VALUES ('one, again')")
        return "done"

    assert await gather(database.write(twice), database.write(add("two"))) == ["done", "two"]
    assert stored(path) == ["one", "one, again", "two"]


async def test_a_row_without_its_parent_is_a_conflict(database: SqliteDatabase) -> None:
    with pytest.raises(Conflict, match="FOREIGN KEY"):
        await database.write(lambda tx: tx.execute("INSERT INTO reply (note) VALUES (5)"))


async def test_a_missing_value_is_a_fault_of_ours(database: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await database.write(lambda tx: tx.execute("INSERT INTO reply (note) VALUES (NULL)"))


@pytest.mark.parametrize(
    "statement",
    ["COMMIT", " rollback", "\nBEGIN", "SAVEPOINT mine", "RELEASE unit", "END", "ATTACH ':memory:' AS x", "VACUUM"],
)
async def test_a_unit_may_not_control_the_transaction(database: SqliteDatabase, path: Path, statement: str) -> None:
    def unit(tx: Transaction) -> None:
        tx.execute("INSERT INTO note (text) VALUES ('half')")
        tx.execute(statement)

    results = await gather(database.write(add("one")), database.write(unit), database.write(add("two")))
    assert isinstance(results[1], ValueError)
    assert stored(path) == ["one", "two"]


async def test_a_commit_hidden_behind_a_comment_is_found_out(database: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await database.write(lambda tx: tx.execute("/* sly */ COMMIT"))
    assert await database.write(add("one")) == "one"


async def test_a_coroutine_is_no_unit(database: SqliteDatabase, path: Path) -> None:
    async def unit(tx: Transaction) -> None:
        tx.execute("INSERT INTO note (text) VALUES ('never')")

    with pytest.raises(TypeError, match="not a coroutine"):
        await database.write(unit)  # type: ignore[unused-coroutine]
    assert stored(path) == []


@pytest.mark.parametrize("raised", [StopIteration(), asyncio.CancelledError(), SystemExit()])
async def test_whatever_a_unit_raises_reaches_its_caller(database: SqliteDatabase, raised: BaseException) -> None:
    def unit(tx: Transaction) -> None:
        raise raised

    results = await gather(database.write(unit), database.write(add("one")))
    assert isinstance(results[0], RuntimeError)
    assert type(raised).__name__ in str(results[0])
    assert results[1] == "one"


async def test_a_locked_database_is_answered_as_unavailable(
    path: Path, database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.administer(lambda connection: connection.execute("PRAGMA busy_timeout = 50").fetchall())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await gather(database.write(add("one")), database.write(add("two")))
        alone = await gather(database.write(add("three")))
        other.execute("ROLLBACK")
    for result in [*results, *alone]:
        assert isinstance(result, ServiceUnavailable)
        assert "locked by another process" in result.message
    assert await database.write(add("four")) == "four"
    assert stored(path) == ["four"]


async def test_a_lock_that_is_soon_released_is_waited_for(path: Path, database: SqliteDatabase) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(database.write(add("one")))
        done, _ = await asyncio.wait({writing}, timeout=0.2)
        assert not done
        other.execute("ROLLBACK")
        assert await writing == "one"


# --- cancellation and closing -------------------------------------------------------------------------


async def test_a_cancelled_caller_does_not_take_back_its_unit(
    database: SqliteDatabase, path: Path, published: list[Event]
) -> None:
    calls = [asyncio.ensure_future(database.write(add(text))) for text in ("one", "two", "three")]
    await asyncio.sleep(0)
    calls[1].cancel()
    results = await gather(*calls)
    assert [type(result) for result in results] == [str, asyncio.CancelledError, str]
    await database.write(add("four"))
    assert stored(path) == ["one", "two", "three", "four"]
    assert texts(published) == ["one", "two", "three", "four"]


async def test_the_failure_of_a_cancelled_callers_unit_is_logged(
    database: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    call = asyncio.ensure_future(database.write(add_and_break("one")))
    await asyncio.sleep(0)
    call.cancel()
    await database.write(add("two"))
    assert "after its caller was cancelled" in caplog.text


async def test_closing_commits_what_waits(path: Path, published: list[Event]) -> None:
    database = await SqliteDatabase.open(path, publish=published.append)
    await database.write(lambda tx: [tx.execute(statement) for statement in SCHEMA])
    calls = [asyncio.ensure_future(database.write(add(f"n{number}"))) for number in range(30)]
    await asyncio.sleep(0)
    assert database.stats.waiting == 30
    await database.close()
    assert await gather(*calls) == [f"n{number}" for number in range(30)]
    assert stored(path) == texts(published) == [f"n{number}" for number in range(30)]
    with pytest.raises(ServiceUnavailable):
        await database.write(add("late"))
    await database.close()


async def test_closing_leaves_one_file(database: SqliteDatabase, path: Path) -> None:
    await database.write(add("one"))
    await database.rows("SELECT 1")
    await database.close()
    assert [file.name for file in path.parent.iterdir()] == ["data.db"]


async def test_a_file_that_cannot_be_opened_leaves_no_worker_behind(tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(sqlite3.OperationalError):
        await SqliteDatabase.open(tmp_path / "missing" / "data.db", publish=lambda event: None)
    for _ in range(1000):
        if threading.active_count() == before:
            break
        await asyncio.sleep(0.01)
    assert threading.active_count() == before


# --- any history --------------------------------------------------------------------------------------

TAKEN = "INSERT INTO note (text) VALUES ('taken')"
EXTRA = {
    "add": None,
    "cancel": None,
    "break": "SELECT * FROM nowhere",
    "clash": TAKEN,
    "roll back": TAKEN.replace("INSERT", "INSERT OR ROLLBACK"),
    "dangle": "INSERT INTO late VALUES (999)",
}
"""What a unit of each kind does after it has added its row."""


def planned(kind: str, text: str) -> Callable[[Transaction], str]:
    def unit(tx: Transaction) -> str:
        add(text)(tx)
        extra = EXTRA[kind]
        if extra:
            tx.execute(extra)
        return text

    return unit


@settings(max_examples=50, deadline=None)
@given(plan=st.lists(st.tuples(st.sampled_from(list(EXTRA)), st.booleans()), max_size=40))
async def test_rows_events_and_answers_agree_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[str, bool]]
) -> None:
    """What was acknowledged is stored and published once, in order; what failed is neither."""
    path = tmp_path_factory.mktemp("history") / "data.db"
    published: list[Event] = []
    database = await SqliteDatabase.open(path, publish=published.append, readers=1)
    await database.write(lambda tx: [tx.execute(statement) for statement in SCHEMA])
    await database.write(add("taken"))
    calls: list[asyncio.Future[str]] = []
    for number, (kind, pause) in enumerate(plan):
        calls.append(asyncio.ensure_future(database.write(planned(kind, str(number)))))
        if pause or kind == "cancel":
            await asyncio.sleep(0)
        if kind == "cancel":
            calls[-1].cancel()
    answers = await gather(*calls)
    await database.close()
    good = [str(number) for number, (kind, _) in enumerate(plan) if kind in ("add", "cancel")]
    assert [answer for answer in answers if isinstance(answer, str)] == [
        str(number) for number, (kind, _) in enumerate(plan) if kind == "add"
    ]
    assert stored(path) == texts(published) == ["taken", *good]


def test_the_busy_timeout_is_several_seconds() -> None:
    assert 3 <= connections.BUSY_TIMEOUT <= 10
