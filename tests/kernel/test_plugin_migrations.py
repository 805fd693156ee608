"""Each migration of a plugin is applied once, in order, whole, and touches nothing of others."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from a_parallel_kernel import snapshots
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_kernel.migrate import DatabaseRefused, Prepared, prepare
from a_parallel_kernel.migration_files import MigrationFile, MigrationRefused
from a_parallel_kernel.plugin_migrations import PluginMigrations, migrate_plugin, rehearse
from tests.support.killing import killed_at_each_statement


class SmallBaseline:
    """A shape of one table, which the plugin ``library`` owns by name."""

    VERSION = 1

    def upgrade(self, connection: sqlite3.Connection) -> bool:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'books'").fetchone()
        if found is None:
            connection.execute("CREATE TABLE books (id TEXT PRIMARY KEY, title TEXT)")
            connection.execute("INSERT INTO books VALUES ('b1', 'Emma')")
        return found is None


BASELINE = SmallBaseline()
FIRST = MigrationFile("001_create.sql", "CREATE TABLE notes_note (id TEXT PRIMARY KEY, text TEXT NOT NULL);")
SECOND = MigrationFile(
    "002_count.sql",
    "CREATE TABLE notes_count (n INTEGER);\nINSERT INTO notes_count VALUES (0);\n"
    "CREATE TRIGGER notes_up AFTER INSERT ON notes_note BEGIN\n  UPDATE notes_count SET n = n + 1;\nEND;\n"
    "INSERT INTO notes_note SELECT id, title FROM books;",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "data.db"


@pytest.fixture
def prepared(path: Path) -> Prepared:
    return prepare(path, BASELINE)


@pytest.fixture
async def database(prepared: Prepared) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(prepared.path, publish=lambda event: None)
    yield opened
    await opened.close()


def one(sql: str, name: str = "001_x.sql") -> list[MigrationFile]:
    return [MigrationFile(name, sql)]


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def tables(path: Path) -> set[object]:
    return {name for (name,) in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def ledger(path: Path) -> list[tuple[object, ...]]:
    return query(path, "SELECT owner, name FROM kernel_migrations ORDER BY owner, name")


def backups(path: Path) -> list[Path]:
    return sorted((path.parent / "backups").glob("*"))


# --- applying -----------------------------------------------------------------------------------------


async def test_migrations_are_applied_once_and_in_order(database: SqliteDatabase, path: Path) -> None:
    assert await migrate_plugin(database, "notes", [SECOND, FIRST]) == ["001_create.sql", "002_count.sql"]
    assert query(path, "SELECT * FROM notes_note") == [("b1", "Emma")]
    assert query(path, "SELECT n FROM notes_count") == [(1,)]
    assert await migrate_plugin(database, "notes", [FIRST, SECOND]) == []
    assert query(path, "SELECT n FROM notes_count") == [(1,)]
    assert ledger(path) == [
        ("baseline", "baseline-001"),
        ("notes", "001_create.sql"),
        ("notes", "002_count.sql"),
    ]


async def test_a_later_version_applies_only_what_is_new(database: SqliteDatabase, path: Path) -> None:
    assert await migrate_plugin(database, "notes", [FIRST]) == ["001_create.sql"]
    assert await migrate_plugin(database, "notes", [FIRST, SECOND]) == ["002_count.sql"]


async def test_plugins_do_not_share_numbers(database: SqliteDatabase, path: Path) -> None:
    await migrate_plugin(database, "notes", [FIRST])
    assert await migrate_plugin(database, "more-notes", one("CREATE TABLE more_notes_x (id);")) == ["001_x.sql"]


async def test_new_tables_are_usable_at_once(database: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await database.rows("SELECT * FROM notes_note")
    await migrate_plugin(database, "notes", [FIRST])
    await database.write(lambda tx: tx.execute("INSERT INTO notes_note VALUES ('n', 'x')"))
    assert await database.rows("SELECT text FROM notes_note") == [{"text": "x"}]


async def test_migrations_run_beside_the_writes_of_others(database: SqliteDatabase, path: Path) -> None:
    async def write(number: int) -> None:
        for part in range(10):
            key = f"{number}-{part}"
            await database.write(lambda tx, key=key: tx.execute("INSERT INTO books VALUES (?, 'x')", (key,)))  # type: ignore[misc]

    await asyncio.gather(*(write(number) for number in range(10)), migrate_plugin(database, "notes", [FIRST, SECOND]))
    assert query(path, "SELECT count(*) FROM books") == [(101,)]
    assert len(ledger(path)) == 3


async def test_an_owner_may_change_the_tables_its_manifest_names(database: SqliteDatabase, path: Path) -> None:
    files = one("ALTER TABLE books ADD COLUMN year INTEGER; CREATE INDEX by_title ON books (title);")
    with pytest.raises(MigrationRefused, match="by_title"):
        await migrate_plugin(database, "library", files)
    assert await migrate_plugin(database, "library", files, tables=("Books",)) == ["001_x.sql"]
    assert query(path, "SELECT year FROM books") == [(None,)]


async def test_full_text_tables_are_allowed(database: SqliteDatabase, path: Path) -> None:
    sql = (
        "CREATE VIRTUAL TABLE notes_search USING fts5(text);\n"
        "INSERT INTO notes_search (text) SELECT title FROM books;\n"
        "CREATE TRIGGER notes_index AFTER INSERT ON books BEGIN\n"
        "  INSERT INTO notes_search (text) VALUES (new.title);\nEND;\n"
        "SELECT * FROM notes_search WHERE notes_search MATCH 'emma';"
    )
    await migrate_plugin(database, "notes", one(sql))
    await database.write(lambda tx: tx.execute("INSERT INTO books VALUES ('b2', 'Persuasion')"))
    assert query(path, "SELECT text FROM notes_search WHERE notes_search MATCH 'persuasion'") == [("Persuasion",)]


# --- refusing -----------------------------------------------------------------------------------------


async def test_an_edited_file_is_refused(database: SqliteDatabase) -> None:
    await migrate_plugin(database, "notes", [FIRST])
    edited = MigrationFile(FIRST.name, FIRST.sql.replace("NOT NULL", ""))
    with pytest.raises(MigrationRefused, match=r"001_create\.sql was edited"):
        await migrate_plugin(database, "notes", [edited, SECOND])


async def test_a_missing_file_is_refused(database: SqliteDatabase) -> None:
    await migrate_plugin(database, "notes", [FIRST, SECOND])
    with pytest.raises(MigrationRefused, match=r"002_count\.sql was applied by another version"):
        await migrate_plugin(database, "notes", [FIRST])
    renamed = MigrationFile("001_renamed.sql", FIRST.sql)
    with pytest.raises(MigrationRefused, match=r"001_create\.sql was applied by another version"):
        await migrate_plugin(database, "notes", [renamed, SECOND])


@pytest.mark.parametrize("names", [["002_a.sql"], ["001_a.sql", "003_b.sql"], ["001_a.sql", "001_b.sql"]])
async def test_numbers_have_no_gaps(database: SqliteDatabase, names: list[str]) -> None:
    with pytest.raises(MigrationRefused, match="without a gap"):
        await migrate_plugin(database, "notes", [MigrationFile(name, "SELECT 1;") for name in names])


async def test_a_statement_that_fails_undoes_its_file_and_names_the_line(database: SqliteDatabase, path: Path) -> None:
    broken = MigrationFile("002_broken.sql", "CREATE TABLE notes_x (id);\n\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationRefused, match=r"002_broken\.sql, line 3: no such table: nowhere"):
        await migrate_plugin(database, "notes", [FIRST, broken])
    assert "notes_x" not in tables(path)
    assert "notes_note" in tables(path)
    fixed = MigrationFile("002_broken.sql", "CREATE TABLE notes_x (id);")
    assert await migrate_plugin(database, "notes", [FIRST, fixed]) == ["002_broken.sql"]


TOUCHING = [
    "CREATE TABLE stray (id);",
    "CREATE VIEW stray AS SELECT 1;",
    "CREATE TABLE notesx (id);",
    "DROP TABLE books;",
    "ALTER TABLE books ADD COLUMN mine TEXT;",
    "ALTER TABLE books RENAME TO notes_books;",
    "CREATE INDEX stray ON books (title);",
    "CREATE TRIGGER stray AFTER INSERT ON books BEGIN SELECT 1; END;",
    "DROP TABLE kernel_migrations;",
]


@pytest.mark.parametrize("sql", TOUCHING)
async def test_what_belongs_to_others_is_refused(database: SqliteDatabase, path: Path, sql: str) -> None:
    before = query(path, "SELECT type, name, sql FROM sqlite_master")
    with pytest.raises(MigrationRefused, match=r"001_x\.sql"):
        await migrate_plugin(database, "notes", one(f"CREATE TABLE notes_fine (id); {sql}"))
    assert query(path, "SELECT type, name, sql FROM sqlite_master") == before
    assert query(path, "SELECT title FROM books") == [("Emma",)]


@pytest.mark.parametrize(
    "sql",
    [
        "COMMIT",
        "COMMIT;",
        "BEGIN;",
        "ROLLBACK",
        "SAVEPOINT a;",
        "PRAGMA foreign_keys = OFF;",
        "PRAGMA writable_schema = 1;",
        "ATTACH ':memory:' AS other;",
        "VACUUM;",
        "/* x */ COMMIT",
    ],
)
async def test_transactions_and_settings_are_refused(database: SqliteDatabase, path: Path, sql: str) -> None:
    await asyncio.gather(*(database.write(lambda tx: tx.execute("UPDATE books SET title = title")) for _ in range(3)))
    with pytest.raises(MigrationRefused, match=r"001_x\.sql, line 2"):
        await migrate_plugin(database, "notes", one(f"CREATE TABLE notes_half (id);\n{sql}"))
    assert "notes_half" not in tables(path)
    await database.write(lambda tx: tx.execute("UPDATE books SET title = 'Emma'"))


# --- snapshots ----------------------------------------------------------------------------------------


async def test_a_new_database_needs_no_snapshot(prepared: Prepared, database: SqliteDatabase, path: Path) -> None:
    await migrate_plugin(database, "notes", [FIRST], (), prepared.snapshots)
    assert backups(path) == []


async def test_one_start_takes_one_snapshot(path: Path) -> None:
    prepare(path, BASELINE)
    prepared = prepare(path, BASELINE)
    database = await SqliteDatabase.open(path, publish=lambda event: None)
    await migrate_plugin(database, "notes", [FIRST, SECOND], (), prepared.snapshots)
    await migrate_plugin(database, "more", one("CREATE TABLE more_x (id);"), (), prepared.snapshots)
    await database.close()
    [snapshot] = backups(path)
    assert tables(snapshot) == {"books", "kernel_migrations"}
    assert query(snapshot, "SELECT title FROM books") == [("Emma",)]


async def test_a_plugin_enabled_later_gets_a_snapshot_of_its_own(
    prepared: Prepared, database: SqliteDatabase, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "COVERS", 0.0)
    await migrate_plugin(database, "notes", [FIRST], (), snapshots.Snapshots(path))
    [snapshot] = backups(path)
    assert "notes_note" not in tables(snapshot)


async def test_migrations_that_fail_at_every_start_push_out_no_snapshot(path: Path) -> None:
    prepare(path, BASELINE)
    database = await SqliteDatabase.open(path, publish=lambda event: None)
    await migrate_plugin(database, "notes", [FIRST], (), prepare(path, BASELINE).snapshots)
    good = backups(path)
    assert len(good) == 1
    for _ in range(3):
        with pytest.raises(MigrationRefused):
            await migrate_plugin(database, "more", one("nonsense;"), (), prepare(path, BASELINE).snapshots)
    await database.close()
    assert backups(path) == good


# --- rehearsal ----------------------------------------------------------------------------------------


def test_a_rehearsal_tells_what_would_happen_and_changes_nothing(prepared: Prepared, path: Path) -> None:
    before = path.read_bytes()
    plugins = [PluginMigrations("notes", [FIRST, SECOND]), PluginMigrations("bad", one("DROP TABLE books;"))]
    kernel, notes, bad = rehearse(path, BASELINE, plugins)
    assert (kernel.applied, notes.applied, bad.applied) == ([], ["001_create.sql", "002_count.sql"], [])
    assert notes.problem is None
    assert bad.problem is not None
    assert "books" in bad.problem
    assert path.read_bytes() == before
    assert backups(path) == []


def test_a_rehearsal_without_a_database_starts_from_nothing(path: Path) -> None:
    kernel, notes = rehearse(path, BASELINE, [PluginMigrations("notes", [FIRST])])
    assert kernel.applied == ["baseline 1"]
    assert notes.applied == ["001_create.sql"]
    assert not path.exists()


def test_a_rehearsal_of_a_damaged_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseRefused, match="damaged"):
        rehearse(path, BASELINE, [])


# --- interruption -------------------------------------------------------------------------------------


def migrate_everything(path: Path) -> None:
    """Open a prepared database and apply both migrations."""

    async def run() -> None:
        database = await SqliteDatabase.open(path, publish=lambda event: None, readers=1)
        await migrate_plugin(database, "notes", [FIRST, SECOND])
        await database.close()

    asyncio.run(run())


def shape(path: Path) -> tuple[object, ...]:
    """Return whether each migration is there: its tables, its rows, its line in the ledger."""
    found = tables(path)
    done = [name for owner, name in ledger(path) if owner == "notes"]
    notes = query(path, "SELECT count(*) FROM notes_note")[0][0] if "notes_note" in found else None
    return sorted(str(name) for name in found if str(name).startswith("notes")), done, notes


def test_a_killed_migration_is_there_or_not(prepared: Prepared, path: Path, tmp_path: Path) -> None:
    complete = (["notes_count", "notes_note"], ["001_create.sql", "002_count.sql"], 1)
    allowed = [([], [], None), (["notes_note"], ["001_create.sql"], 0), complete]
    left = killed_at_each_statement(f"{__name__}:migrate_everything", path, tmp_path / "killed")
    assert len(left) > 20
    seen = []
    for copy, statement in left.items():
        seen.append(shape(copy))
        assert seen[-1] in allowed, f"something between after a kill at {statement}"
        prepare(copy, BASELINE)
        migrate_everything(copy)
        assert shape(copy) == complete, f"not completed after a kill at {statement}"
    assert [state for state in allowed if state in seen][:2] == allowed[:2]
