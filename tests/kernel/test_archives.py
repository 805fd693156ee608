"""Backup and restore, export and import: round trips, refusals, and nothing lost on the way."""

import io
import json
import sqlite3
import stat
import tarfile
import zipfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Event, Inbound, Manifest, Plugin, PluginContext, Topic, hookimpl
from a_parallel_kernel.archives import ArchiveRefused, backup, restore
from a_parallel_kernel.lock import DirectoryInUse, holding
from a_parallel_kernel.migrate import DatabaseRefused, prepare
from a_parallel_kernel.portable import export, import_
from a_parallel_kernel.store import baseline
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel
from tests.kernel.test_cli import run
from tests.migrations import shapes

BASELINE = baseline()


class Noted(Event):
    text: str


class NotesPlugin(Plugin):
    """Has a topic."""

    manifest = Manifest(api="1.0")

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return it."""
        return [Topic("notes:noted", Noted, audience="everyone")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def dumped(directory: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{directory / 'data.db'}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


def texts(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note ORDER BY rowid")]


def fill(directory: Path, *notes: str) -> Path:
    """Make a data directory with a database, a key and settings."""
    directory.mkdir(exist_ok=True)
    prepare(directory / "data.db", BASELINE)
    with closing(sqlite3.connect(directory / "data.db")) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text TEXT)")
        connection.executemany("INSERT INTO note VALUES (?)", [(note,) for note in notes])
    (directory / "encryption.key").write_text("s3cret")
    (directory / "config.toml").write_text("[server]\n")
    (directory / "server.lock").write_text("{}")
    (directory / "server.log").write_bytes(b"x" * 2_000_000)
    (directory / "merges").mkdir(exist_ok=True)
    return directory


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return fill(tmp_path / "data", "one", "two")


# --- backup and restore ---------------------------------------------------------------------------------------


def test_a_backup_comes_back_whole_in_an_empty_directory(data: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "b.tar.gz", tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = names_in(data)
    assert backup(data, target) == ["data.db", "config.toml", "encryption.key"]
    assert mode(target) == 0o600
    assert names_in(data) == before
    assert names_in(tmp_path) == ["b.tar.gz", "data", "elsewhere"]
    names, kept = restore(elsewhere, target, BASELINE)
    assert (names, kept) == (["data.db", "config.toml", "encryption.key"], None)
    assert dumped(elsewhere) == dumped(data)
    assert (elsewhere / "encryption.key").read_text() == "s3cret"
    assert {mode(file) for file in elsewhere.iterdir()} == {0o600}
    assert not prepare(elsewhere / "data.db", BASELINE).upgraded


def test_without_secrets_the_database_alone(data: Path, tmp_path: Path) -> None:
    assert backup(data, tmp_path / "b", secrets=False) == ["data.db"]


def test_what_is_replaced_is_kept_with_its_log(data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "b")
    with closing(sqlite3.connect(data / "data.db")) as open_elsewhere:
        open_elsewhere.execute("INSERT INTO note VALUES ('later')")
        open_elsewhere.commit()
        (data / "encryption.key").write_text("newer")
        _, kept = restore(data, tmp_path / "b", BASELINE)
    assert kept is not None
    assert texts(data / "data.db") == ["one", "two"]
    assert (data / "encryption.key").read_text() == "s3cret"
    assert texts(kept / "data.db") == ["one", "two", "later"]
    assert (kept / "encryption.key").read_text() == "newer"
    assert mode(kept) == 0o700


def test_a_damaged_database_can_be_replaced(data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "b")
    (data / "data.db").write_bytes(b"no database" * 1000)
    _, kept = restore(data, tmp_path / "b", BASELINE)
    assert kept is not None
    assert texts(data / "data.db") == ["one", "two"]
    assert (kept / "data.db").read_bytes().startswith(b"no database")


def test_a_snapshot_is_restored_as_it_is(data: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot.db"
    with closing(sqlite3.connect(data / "data.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(snapshot),))
    (data / "data.db").unlink()
    assert restore(data, snapshot, BASELINE)[0] == ["data.db"]
    assert texts(data / "data.db") == ["one", "two"]


def packed(target: Path, **changes: Any) -> Path:
    """Write an archive as anybody might."""
    content = b"evil"
    manifest = {"format": "a-parallel-backup", "version": 1, "sha256": {"data.db": "0" * 64}, **changes}
    with tarfile.open(target, "w:gz") as archive:
        members = {"manifest.json": json.dumps(manifest).encode()}
        members |= dict.fromkeys(manifest["sha256"], content) if isinstance(manifest["sha256"], dict) else {}
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "damaged: data.db"),
        ({"format": "other"}, "no backup"),
        ({"version": 2}, "no backup"),
        ({"sha256": {"../evil": "", "data.db": ""}}, "other files"),
        ({"sha256": {".bashrc": "", "data.db": ""}}, "other files"),
        ({"sha256": {"key": ""}}, "other files"),
        ({"sha256": []}, "other files"),
    ],
)
def test_what_is_no_backup_is_refused_and_changes_nothing(
    data: Path, tmp_path: Path, changes: Any, reason: str
) -> None:
    before = dumped(data)
    with pytest.raises(ArchiveRefused, match=reason):
        restore(data, packed(tmp_path / "b", **changes), BASELINE)
    assert dumped(data) == before
    assert not [name for name in names_in(data) if name.startswith(".incoming")]
    assert not (data / "backups").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "missing"])
def test_a_damaged_backup_is_refused(data: Path, tmp_path: Path, damage: str) -> None:
    backup(data, tmp_path / "b")
    whole = bytearray((tmp_path / "b").read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    content = {"cut": bytes(whole[: len(whole) // 3]), "flipped": bytes(whole), "text": b"hello"}.get(damage)
    (tmp_path / "b").unlink() if content is None else (tmp_path / "b").write_bytes(content)
    with pytest.raises(ArchiveRefused, match=r"cannot be read|damaged"):
        restore(data, tmp_path / "b", BASELINE)
    assert texts(data / "data.db") == ["one", "two"]


def test_a_newer_database_is_refused(data: Path, tmp_path: Path) -> None:
    newer = fill(tmp_path / "newer")
    with closing(sqlite3.connect(newer / "data.db")) as connection, connection:
        connection.execute("INSERT INTO kernel_migrations VALUES ('baseline', 'baseline-999', '', '')")
    backup(newer, tmp_path / "b")
    with pytest.raises(DatabaseRefused, match="newer version"):
        restore(data, tmp_path / "b", BASELINE)
    assert texts(data / "data.db") == ["one", "two"]


def test_nothing_is_overwritten_and_no_database_is_no_backup(data: Path, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    for write in (backup, export):
        with pytest.raises(ArchiveRefused, match="exists already"):
            write(data, tmp_path / "b")
        with pytest.raises(ArchiveRefused, match="holds no database"):
            write(tmp_path, tmp_path / "c")
        with pytest.raises(ArchiveRefused, match="cannot be written"):
            write(data, tmp_path / "missing" / "b")
    assert (tmp_path / "b").read_text() == "mine"
    assert names_in(tmp_path) == ["b", "data"]


async def test_a_running_server_is_backed_up_and_not_restored_over(kernel: KernelFactory, tmp_path: Path) -> None:
    running = await kernel({"notes": NotesPlugin})
    directory = tmp_path / "data-0"
    await running.kernel.db.write(lambda tx: tx.execute("CREATE TABLE note (text TEXT)"))
    await running.kernel.db.write(lambda tx: tx.execute("INSERT INTO note VALUES ('while it runs')"))
    backup(directory, tmp_path / "b")
    export(directory, tmp_path / "e")
    with pytest.raises(DirectoryInUse, match="stop it first"), holding(directory):
        raise AssertionError("the directory is held")
    for archive, back in ((tmp_path / "b", restore), (tmp_path / "e", import_)):
        elsewhere = tmp_path / archive.name.upper()
        elsewhere.mkdir()
        back(elsewhere, archive, BASELINE)
        assert texts(elsewhere / "data.db") == ["while it runs"]


async def told_since(running: RunningKernel, since: int) -> list[str]:
    """Return the types of frames that a socket gets first."""
    url = f"{running.url}/ws?since={since}"
    async with running.session.ws_connect(url, headers=running.client._headers) as socket:
        return [(await socket.receive_json(timeout=20))["type"]]


async def test_pages_from_before_a_restore_load_everything_anew(kernel: KernelFactory, tmp_path: Path) -> None:
    directory = tmp_path / "data-0"
    first = await kernel({"notes": NotesPlugin})
    await first.kernel.db.write(lambda tx: [tx.emit(Noted(text=str(number))) for number in range(3)])
    backup(directory, tmp_path / "b")
    await first.kernel.db.write(lambda tx: [tx.emit(Noted(text=str(number))) for number in range(5)])
    await first.stop()
    with holding(directory):
        restore(directory, tmp_path / "b", BASELINE)
    second = await kernel({"notes": NotesPlugin}, data_directory=directory)
    await second.kernel.db.write(lambda tx: [tx.emit(Noted(text=str(number))) for number in range(9)])
    for since in (0, 3, 8):
        assert await told_since(second, since) == ["sync:reset"]
    assert await told_since(second, 9) == ["notes:noted"]


# --- export and import ----------------------------------------------------------------------------------------


def strange(directory: Path) -> Path:
    """Make a database with everything that SQLite can hold."""
    directory.mkdir()
    with closing(sqlite3.connect(directory / "data.db")) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE kinds (k TEXT PRIMARY KEY, v);
            CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, "odd ""name" TEXT);
            CREATE TABLE packed (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
            CREATE TABLE made (a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2) STORED);
            CREATE TABLE parent (id TEXT PRIMARY KEY);
            CREATE TABLE child (id TEXT PRIMARY KEY, parent TEXT REFERENCES parent (id));
            CREATE INDEX child_by_parent ON child (parent);
            CREATE VIEW seen AS SELECT id FROM child;
            CREATE VIRTUAL TABLE words USING fts5 (text);
            CREATE TRIGGER noted AFTER INSERT ON child BEGIN INSERT INTO words VALUES (new.id); END;
            INSERT INTO child VALUES ('z', 'p'), ('a', 'p');
            INSERT INTO parent VALUES ('p');
            INSERT INTO packed VALUES (1, 2), ('x', 2.5);
            INSERT INTO made (a) VALUES (21);
            INSERT INTO counted ("odd ""name") VALUES ('one'), ('two');
            DELETE FROM counted WHERE id = 2;
            """
        )
        values = [
            None,
            0,
            -(2**63),
            2**53 + 1,
            0.1,
            1.0,
            float("inf"),
            float("-inf"),
            "",
            "äöü\n\u2028",
            b"",
            b"\0\xff",
        ]
        connection.executemany("INSERT INTO kinds VALUES (?, ?)", [(str(n), value) for n, value in enumerate(values)])
        connection.execute("INSERT INTO kinds VALUES ('bad', CAST(x'ff00fe' AS TEXT))")
    return directory


def exact(directory: Path) -> dict[str, Any]:
    """Return everything of a database, with the types of all values."""
    with closing(sqlite3.connect(directory / "data.db")) as connection:
        connection.text_factory = bytes
        schema = set(connection.execute("SELECT type, name, sql FROM sqlite_master"))
        names = [name.decode() for type_, name, _ in schema if type_ == b"table"]
        contents = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        typed = {name: [[(type(value), value) for value in row] for row in rows] for name, rows in contents.items()}
        found = connection.execute("SELECT rowid FROM words WHERE words MATCH 'z'").fetchall()
        return {"schema": schema, "rows": typed, "found": found}


def test_an_export_comes_back_with_every_type_index_trigger_and_order(tmp_path: Path) -> None:
    source, target = strange(tmp_path / "source"), tmp_path / "target"
    target.mkdir()
    written = export(source, tmp_path / "e.zip")
    rows, kept = import_(target, tmp_path / "e.zip", BASELINE)
    assert (rows, kept) == (written, None)
    assert exact(target) == exact(source)
    with closing(sqlite3.connect(target / "data.db")) as connection, connection:
        assert connection.execute("SELECT id FROM child ORDER BY rowid").fetchall() == [("z",), ("a",)]
        connection.execute("INSERT INTO counted DEFAULT VALUES")
        assert connection.execute("SELECT max(id) FROM counted").fetchone() == (3,)


@pytest.mark.parametrize("steps", range(0, len(shapes.STEPS) + 1, 3))
def test_databases_of_older_servers_survive_both_ways(tmp_path: Path, steps: int) -> None:
    old = tmp_path / "old"
    old.mkdir()
    shapes.build(old / "data.db", steps)
    with closing(sqlite3.connect(old / "data.db")) as connection:
        rows = shapes.rows(connection)
    backup(old, tmp_path / "b")
    export(old, tmp_path / "e")
    for archive, back in (("b", restore), ("e", import_)):
        new = tmp_path / archive.upper()
        new.mkdir()
        back(new, tmp_path / archive, BASELINE)
        assert dumped(new) == dumped(old)
        assert prepare(new / "data.db", BASELINE).upgraded
        with closing(sqlite3.connect(new / "data.db")) as connection:
            assert shapes.lost(rows, shapes.rows(connection)) == []


def test_an_export_is_what_its_description_says(data: Path, tmp_path: Path) -> None:
    export(data, tmp_path / "e.zip")
    assert mode(tmp_path / "e.zip") == 0o600
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        (note,) = [table for table in manifest["tables"] if table["name"] == "note"]
        assert (note["columns"], note["rows"]) == (["_rowid_", "text"], 2)
        lines = archive.read(note["file"]).decode().splitlines()
    assert [json.loads(line) for line in lines] == [[1, "one"], [2, "two"]]
    assert "CREATE TABLE note (text TEXT)" in [one["sql"] for one in manifest["schema"]]


@pytest.mark.parametrize("change", ["rows", "format", "schema", "text", "file"])
def test_what_is_no_export_is_refused_and_changes_nothing(data: Path, tmp_path: Path, change: str) -> None:
    export(data, tmp_path / "e.zip")
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    note = next(table for table in manifest["tables"] if table["name"] == "note")
    if change == "rows":
        note["rows"] = 3
    elif change == "file":
        note["file"] = "tables/none.jsonl"
    elif change == "schema":
        manifest["schema"].append({"type": "index", "name": "x", "table": "note", "sql": "DROP TABLE note"})
    else:
        manifest["format"] = "other"
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if change == "text":
        (tmp_path / "bad.zip").write_text("hello")
    before = dumped(data)
    with pytest.raises(ArchiveRefused, match=r"bad\.zip"):
        import_(data, tmp_path / "bad.zip", BASELINE)
    assert dumped(data) == before


# --- the commands -----------------------------------------------------------------------------------------------


def test_the_commands_say_what_they_did(data: Path, tmp_path: Path) -> None:
    where = ["--data-directory", str(data)]
    written = run(tmp_path, "backup", str(tmp_path / "b"), *where)
    assert (written.returncode, "encryption.key" in written.stdout, "in clear" in written.stderr) == (0, True, True)
    restored = run(tmp_path, "restore", str(tmp_path / "b"), *where)
    assert (restored.returncode, "is kept in" in restored.stdout) == (0, True)
    exported = run(tmp_path, "export", str(tmp_path / "e"), *where)
    assert (exported.returncode, "rows" in exported.stdout) == (0, True)
    imported = run(tmp_path, "import", str(tmp_path / "e"), *where)
    assert (imported.returncode, texts(data / "data.db")) == (0, ["one", "two"])
    with holding(data):
        refused = run(tmp_path, "restore", str(tmp_path / "b"), *where)
        assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
