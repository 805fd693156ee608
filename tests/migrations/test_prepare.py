"""What is refused and left alone, what is private, and which snapshots are kept."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from a_parallel_kernel import private, snapshots
from a_parallel_kernel.migrate import DatabaseRefused, prepare
from a_parallel_migrations import baseline
from tests.migrations import shapes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "data.db"


@pytest.fixture
def old(path: Path) -> Path:
    path.parent.mkdir()
    shapes.build(path, 11)
    return path


def refusal(path: Path) -> DatabaseRefused:
    """Prepare `path`, which must be refused with advice, and return the refusal."""
    with pytest.raises(DatabaseRefused) as caught:
        prepare(path, baseline, busy_timeout=0.05)
    assert caught.value.path == path
    assert str(path) in str(caught.value)
    assert caught.value.advice
    return caught.value


def content(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir() if file.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def backups(path: Path) -> list[Path]:
    return sorted((path.parent / "backups").glob("*"))


# --- refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    assert "damaged" in refusal(path).reason
    assert content(path.parent) == {"data.db": damage}


def test_a_truncated_file_is_refused_and_left_as_it_is(old: Path) -> None:
    half = old.read_bytes()[: old.stat().st_size // 2]
    old.write_bytes(half)
    assert "damaged" in refusal(old).reason
    assert content(old.parent)["data.db"] == half


def test_a_broken_page_is_found_after_an_unclean_stop(path: Path) -> None:
    prepare(path, baseline)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        shapes.populate(connection)
        many = [(f"x{n}", "m-idle", "x" * 2000) for n in range(50)]
        connection.executemany("INSERT INTO tool_calls (id, message_id, name) VALUES (?, ?, ?)", many)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE projects SET name = 'two'")
        running = content(path.parent)
    whole = bytearray(running["data.db"])
    page = whole.index(b"x" * 2000) // 8192 * 8192
    whole[page : page + 8] = b"\xff" * 8
    path.write_bytes(whole)
    path.with_name("data.db-wal").write_bytes(running["data.db-wal"])
    assert "damaged" in refusal(path).reason


def test_an_unclean_stop_of_a_sound_file_is_no_reason_to_refuse(path: Path) -> None:
    prepare(path, baseline)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        shapes.populate(connection)
        running = content(path.parent)
    for name, data in running.items():
        (path.parent / name).write_bytes(data)
    prepare(path, baseline)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM projects").fetchall() == [("one",)]


def test_an_emptied_file_does_not_cost_its_log(path: Path) -> None:
    """SQLite deletes the log of an empty file, and with it what was not yet copied back."""
    path.parent.mkdir()
    path.write_bytes(b"")
    path.with_name("data.db-wal").write_bytes(b"x" * 100)
    assert "-wal" in refusal(path).reason
    assert path.with_name("data.db-wal").read_bytes() == b"x" * 100


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    prepare(path, baseline)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO kernel_migrations VALUES ('baseline', 'baseline-002', '', '2030')")
    before = path.read_bytes()
    assert "newer version" in refusal(path).reason
    assert path.read_bytes() == before


def test_a_table_without_a_base_column_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL)")
    assert "path" in refusal(path).reason
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("projects",)]


def test_a_view_in_place_of_a_table_is_refused(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIEW messages AS SELECT 1 AS id")
    assert "messages is a view" in refusal(path).reason


@pytest.mark.parametrize("steps", [11, 21])
def test_a_file_that_another_process_has_locked_is_refused(path: Path, steps: int) -> None:
    path.parent.mkdir()
    shapes.build(path, steps)
    holder = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE');"
        "c.execute('CREATE TABLE held (id)'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert "locked" in refusal(path).reason
        process.kill()
    prepare(path, baseline)


def test_a_lock_that_is_soon_released_is_waited_for(old: Path) -> None:
    holder = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "print('held', flush=True); sys.stdin.readline(); c.execute('COMMIT')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(old)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"held\n"
        process.stdin.write(b"\n")
        process.stdin.close()
        prepare(old, baseline, busy_timeout=30)


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    assert str(tmp_path / "file") in refusal(tmp_path / "file" / "data.db").reason
    assert "ot a directory" in refusal(tmp_path / "file" / "deeper" / "data.db").reason


def test_a_directory_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    assert refusal(path).reason


REFUSED = """
import os, sys
from pathlib import Path
from a_parallel_kernel.migrate import DatabaseRefused, prepare
from a_parallel_migrations import baseline
if os.getuid() == 0:  # whom modes do not bind; everything is imported by now
    os.setgid(65534)
    os.setuid(65534)
try:
    prepare(Path(sys.argv[1]), baseline)
except DatabaseRefused as refused:
    print(refused.reason)
"""


def reason_for_others(path: Path) -> str:
    """Return why `path` is refused to a user whom modes bind."""
    environment = {**os.environ, "HOME": str(path.parent)}
    command = [sys.executable, "-c", REFUSED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that every user can enter; pytest's own is closed to others."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.mark.parametrize(("directory_mode", "file_mode"), [(0o555, 0o444), (0o555, 0o666), (0o777, 0o444)])
def test_what_may_not_be_written_is_refused(reachable: Path, directory_mode: int, file_mode: int) -> None:
    path = reachable / "data" / "data.db"
    path.parent.mkdir()
    shapes.build(path, 11)
    before = content(path.parent)
    path.chmod(file_mode)
    path.parent.chmod(directory_mode)
    reason = reason_for_others(path)
    assert "cannot be written" in reason or "Permission denied" in reason
    assert content(path.parent) == before
    path.parent.chmod(0o755)


def test_a_new_database_in_a_read_only_directory_is_refused(reachable: Path) -> None:
    path = reachable / "data" / "data.db"
    path.parent.mkdir(mode=0o555)
    assert "Permission denied" in reason_for_others(path)
    assert content(path.parent) == {}


# --- modes --------------------------------------------------------------------------------------------


def test_new_files_are_private(path: Path) -> None:
    prepare(path, baseline)
    assert mode(path.parent) == 0o700
    assert mode(path) == 0o600


def test_existing_files_are_made_private(old: Path) -> None:
    old.parent.chmod(0o755)
    with closing(sqlite3.connect(old, isolation_level=None)) as reference_server:
        reference_server.execute("UPDATE projects SET name = 'two'")
        for file in old.parent.iterdir():
            file.chmod(0o644)
        prepare(old, baseline)
        assert mode(old.parent) == 0o700
        assert {mode(file) for file in old.parent.iterdir() if file.is_file()} == {0o600}
    assert mode(old.parent / "backups") == 0o700
    assert [mode(file) for file in backups(old)] == [0o600]


def test_a_directory_shared_with_others_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    prepare(tmp_path / "data.db", baseline)
    assert mode(tmp_path) == 0o1777
    assert mode(tmp_path / "data.db") == 0o600


def test_home_itself_keeps_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tmp_path.chmod(0o755)
    private.make_private_directory(tmp_path)
    assert mode(tmp_path) == 0o755


# --- snapshots ----------------------------------------------------------------------------------------


def test_the_old_shape_is_kept_in_a_snapshot(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        before = shapes.rows(connection)
        old_shape = shapes.shape(connection)
    prepare(old, baseline)
    [snapshot] = backups(old)
    assert snapshot.name.startswith("data-20")
    with closing(sqlite3.connect(snapshot)) as connection:
        assert shapes.rows(connection) == before
        assert shapes.shape(connection) == old_shape


def test_no_snapshot_of_a_new_file_or_of_one_that_stays_as_it_is(path: Path) -> None:
    prepare(path, baseline)
    prepare(path, baseline)
    assert backups(path) == []


def test_the_newest_two_snapshots_are_kept(old: Path) -> None:
    for _ in range(4):
        prepare(old, baseline)
        time.sleep(0.001)  # names are made of the time
        with closing(sqlite3.connect(old, isolation_level=None)) as connection:
            connection.execute("DELETE FROM stage_history")
            newest = backups(old)[-1]
    kept = backups(old)
    assert len(kept) == snapshots.KEPT
    assert kept[-1] == newest


class FailingBaseline:
    """Changes something, then fails."""

    VERSION = 1

    def upgrade(self, connection: sqlite3.Connection) -> bool:
        connection.execute("DELETE FROM messages")
        if connection.execute("SELECT count(*) FROM pragma_database_list").fetchone() and self.fails():
            raise ValueError("no room for the moon")
        return True

    def __init__(self) -> None:
        self.calls = 0

    def fails(self) -> bool:
        """The attempt that counts is the second, after the snapshot."""
        self.calls += 1
        return self.calls > 1


def test_an_upgrade_that_fails_leaves_the_file_and_pushes_out_no_snapshot(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        before = list(connection.iterdump())
    with pytest.raises(DatabaseRefused, match="no room for the moon"):
        prepare(old, FailingBaseline())
    with closing(sqlite3.connect(old)) as connection:
        assert list(connection.iterdump()) == before
    assert backups(old) == []


def test_left_overs_of_an_interrupted_snapshot_go(old: Path) -> None:
    (old.parent / "backups").mkdir()
    (old.parent / "backups" / "data-20200101T000000.000000Z.partial").write_bytes(b"half")
    prepare(old, baseline)
    assert [file.suffix for file in backups(old)] == [".db"]
