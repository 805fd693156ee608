"""Every shape that ``database.md`` §3 names reaches the current one, keeps its rows and stays usable as before."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_kernel.migrate import Prepared, prepare
from a_parallel_migrations import baseline
from tests.migrations import reference, shapes

STAGE_STEP = 15
BY_STATUS = {
    "idle": "backlog",
    "pending": "backlog",
    "running": "in_progress",
    "waiting": "in_progress",
    "completed": "review",
    "failed": "review",
    "stopped": "review",
    "interrupted": "review",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "data.db"


def upgrade(path: Path) -> Prepared:
    return prepare(path, baseline)


def expected_shape() -> object:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        shapes.reference_boot(connection)
        return shapes.shape(connection)


def create(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def look(path: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(path, isolation_level=None))


def stages(path: Path) -> dict[str, str]:
    with look(path) as connection:
        return dict(connection.execute("SELECT status, stage FROM threads"))


def assert_usable_by_reference(path: Path) -> None:
    with look(path) as connection:
        shapes.reference_boot(connection)
        reference.use(connection)


def test_a_new_file_has_the_reference_servers_shape(path: Path) -> None:
    assert upgrade(path).created
    with look(path) as connection:
        assert shapes.shape(connection) == expected_shape()
    assert_usable_by_reference(path)


@pytest.mark.parametrize("steps", range(len(shapes.STEPS) + 1))
def test_a_file_that_stopped_at_any_step_is_completed(path: Path, steps: int) -> None:
    path.parent.mkdir()
    shapes.build(path, steps)
    with look(path) as connection:
        before = shapes.rows(connection)
    assert upgrade(path).upgraded
    with look(path) as connection:
        assert shapes.shape(connection) == expected_shape()
        assert shapes.lost(before, shapes.rows(connection), ignore=("stage",)) == []
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert_usable_by_reference(path)


@pytest.mark.parametrize("steps", range(2, STAGE_STEP))
def test_stages_follow_the_status_when_the_column_is_new(path: Path, steps: int) -> None:
    path.parent.mkdir()
    shapes.build(path, steps)
    upgrade(path)
    assert stages(path) == BY_STATUS


@pytest.mark.parametrize("steps", range(STAGE_STEP, 19))
def test_stages_stay_as_they_are_when_the_column_was_there(path: Path, steps: int) -> None:
    path.parent.mkdir()
    shapes.build(path, steps)
    upgrade(path)
    assert set(stages(path).values()) == {"backlog"}


def test_what_a_user_moved_back_to_the_backlog_stays_there(path: Path) -> None:
    path.parent.mkdir()
    shapes.build(path, 2)
    upgrade(path)
    with look(path) as connection:
        connection.execute("UPDATE threads SET stage = 'backlog' WHERE status = 'completed'")
    assert not upgrade(path).upgraded
    assert stages(path)["completed"] == "backlog"


def test_every_thread_gets_a_first_entry_in_its_history(path: Path) -> None:
    path.parent.mkdir()
    shapes.build(path, 2)
    upgrade(path)
    with look(path) as connection:
        query = (
            "SELECT t.status, h.from_stage, h.to_stage, h.changed_at, h.id FROM threads t"
            " JOIN stage_history h ON h.thread_id = t.id"
        )
        entries = connection.execute(query).fetchall()
    assert {(status, stage) for status, _, stage, _, _ in entries} == set(BY_STATUS.items())
    assert {(first, moment) for _, first, _, moment, _ in entries} == {(None, shapes.MOMENT)}
    assert all(len(id) == 32 and set(id) <= set("0123456789abcdef") for *_, id in entries)
    assert len(entries) == len(BY_STATUS)


def test_history_is_completed_at_any_later_start(path: Path) -> None:
    path.parent.mkdir()
    shapes.build(path, 21)
    upgrade(path)
    with look(path) as connection:
        connection.execute("DELETE FROM stage_history WHERE thread_id = 't-failed'")
    assert upgrade(path).upgraded
    with look(path) as connection:
        entries = connection.execute("SELECT to_stage FROM stage_history WHERE thread_id = 't-failed'").fetchall()
    assert entries == [("review",)]


def test_a_second_start_changes_nothing(path: Path) -> None:
    path.parent.mkdir()
    shapes.build(path, 4)
    upgrade(path)
    with look(path) as connection:
        before = list(connection.iterdump())
    assert not upgrade(path).upgraded
    with look(path) as connection:
        assert list(connection.iterdump()) == before


def test_columns_inside_create_table_are_recognised(path: Path) -> None:
    with closing(create(path)) as connection:
        shapes.early_variant(connection)
        shapes.populate(connection)
        before = shapes.rows(connection)
    upgrade(path)
    with look(path) as connection:
        assert shapes.shape(connection) == expected_shape()
        assert shapes.lost(before, shapes.rows(connection)) == []
    assert_usable_by_reference(path)


@pytest.mark.parametrize("automation_id", [False, True])
def test_a_file_of_the_orm_push_tool_is_completed(path: Path, automation_id: bool) -> None:
    with closing(create(path)) as connection:
        shapes.pushed_by_orm(connection, automation_id=automation_id)
        shapes.populate(connection)
        before = shapes.rows(connection)
    upgrade(path)
    with look(path) as connection:
        assert "automation_id" in shapes.columns_of(connection, "threads")
        assert shapes.lost(before, shapes.rows(connection)) == []
        assert connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'user_profiles_user_id_unique'"
        ).fetchone() == (1,)
    assert_usable_by_reference(path)


def test_unknown_objects_are_left_alone(path: Path) -> None:
    path.parent.mkdir()
    shapes.build(path, 11)
    with look(path) as connection:
        connection.execute("CREATE TABLE user (id TEXT PRIMARY KEY, name TEXT)")
        connection.execute("CREATE TABLE session (id TEXT PRIMARY KEY, user TEXT REFERENCES user(id))")
        connection.execute("INSERT INTO user VALUES ('u', 'Ann')")
        connection.execute("INSERT INTO session VALUES ('s', 'u')")
        connection.execute("ALTER TABLE threads ADD COLUMN mine TEXT DEFAULT 'kept'")
        connection.execute("CREATE VIEW open_threads AS SELECT id FROM threads WHERE status = 'idle'")
        connection.execute("CREATE TRIGGER t AFTER DELETE ON user BEGIN DELETE FROM session; END")
        connection.execute("PRAGMA user_version = 7")
    upgrade(path)
    with look(path) as connection:
        assert connection.execute("SELECT * FROM user").fetchall() == [("u", "Ann")]
        assert connection.execute("SELECT DISTINCT mine FROM threads").fetchall() == [("kept",)]
        assert connection.execute("SELECT * FROM open_threads").fetchall() == [("t-idle",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (7,)
        connection.execute("DELETE FROM user")
        assert connection.execute("SELECT * FROM session").fetchall() == []


def test_orphans_are_tolerated(path: Path) -> None:
    path.parent.mkdir()
    shapes.build(path, 12)
    with look(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM projects")
        connection.execute("DELETE FROM messages")
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
        before = shapes.rows(connection)
    assert orphans
    upgrade(path)
    with look(path) as connection:
        assert shapes.lost(before, shapes.rows(connection)) == []
    assert_usable_by_reference(path)


def test_searches_by_parent_use_an_index(path: Path) -> None:
    upgrade(path)
    questions = {
        "SELECT id FROM threads WHERE project_id = 'x'": "threads",
        "SELECT id FROM messages WHERE thread_id = 'x' ORDER BY timestamp, rowid": "messages",
        "SELECT id FROM tool_calls WHERE message_id = 'x'": "tool_calls",
        "SELECT id FROM stage_history WHERE thread_id = 'x'": "stage_history",
        "SELECT id FROM automation_runs WHERE automation_id = 'x'": "automation_runs",
        "SELECT id FROM automation_runs WHERE thread_id = 'x'": "automation_runs",
    }
    with look(path) as connection:
        for question, table in questions.items():
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}")]
            assert len(plan) == 1, f"{question} is sorted: {plan}"
            assert plan[0].startswith(f"SEARCH {table} USING INDEX"), plan


@st.composite
def mixtures(draw: st.DrawFn) -> list[str]:
    """Any set of tables and added columns, the columns in any order, inside CREATE TABLE or added afterwards."""
    columns = draw(st.permutations(shapes.ADDED))
    columns = columns[: draw(st.integers(0, len(columns)))]
    inside = {column for column in columns if draw(st.booleans())}
    tables = [table for table in shapes.CREATES if draw(st.booleans()) or any(table == owner for owner, _ in columns)]
    statements: list[str] = []
    for table in tables:
        own = [column for owner, column in columns if owner == table and (owner, column) in inside]
        statements.append(f"CREATE TABLE {table} ({', '.join([shapes.CREATES[table], *own])})")
    statements += [
        f"ALTER TABLE {owner} ADD COLUMN {column}" for owner, column in columns if (owner, column) not in inside
    ]
    return statements


@settings(max_examples=40, deadline=None)
@given(statements=mixtures())
def test_any_mixture_of_columns_ends_in_the_same_shape(
    tmp_path_factory: pytest.TempPathFactory, statements: list[str]
) -> None:
    path = tmp_path_factory.mktemp("mixture") / "data.db"
    with closing(create(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        shapes.populate(connection, foreign_keys=False)
        before = shapes.rows(connection)
    upgrade(path)
    with look(path) as connection:
        assert shapes.shape(connection) == expected_shape()
        assert shapes.lost(before, shapes.rows(connection), ignore=("stage",)) == []
    assert_usable_by_reference(path)
