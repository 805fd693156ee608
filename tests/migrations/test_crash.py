"""An upgrade that is killed leaves the old file or the new one, and the next start goes on from there."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from a_parallel_kernel.migrate import prepare
from a_parallel_migrations import baseline
from tests.migrations import shapes
from tests.support.killing import killed_at_each_statement


def dump(path: Path) -> list[str]:
    """Return the whole content as SQL, without what differs from one upgrade to the next."""
    with closing(sqlite3.connect(path)) as connection:
        text = list(connection.iterdump())
    return [re.sub(r"'[0-9a-f]{32}'|'20[^']*Z'", "?", line) for line in text]


def upgrade(path: Path) -> None:
    prepare(path, baseline)


UPGRADE = f"{__name__}:upgrade"


@pytest.mark.timeout(300)  # some hundred upgrades, each synced to the disk
@pytest.mark.parametrize(("steps", "mode"), [(6, "delete"), (11, "wal")])
def test_killed_at_any_statement(tmp_path: Path, steps: int, mode: str) -> None:
    original = tmp_path / "original" / "data.db"
    original.parent.mkdir()
    shapes.build(original, steps)
    with closing(sqlite3.connect(original)) as connection:
        assert connection.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)
    old = dump(original)
    upgraded = tmp_path / "upgraded.db"
    shutil.copy(original, upgraded)
    prepare(upgraded, baseline)
    new = dump(upgraded)

    left = killed_at_each_statement(UPGRADE, original, tmp_path / "killed")

    assert len(left) > 50
    assert "COMMIT" in left.values()
    assert any("VACUUM" in statement for statement in left.values())
    for path, statement in left.items():
        assert dump(path) in (old, new), f"neither old nor new after a kill at {statement}"
        upgrade(path)
        assert dump(path) == new, f"the start after a kill at {statement} did not complete it"
        assert_whole_snapshots(path, old)


def assert_whole_snapshots(path: Path, old: list[str]) -> None:
    backups = sorted((path.parent / "backups").glob("*"))
    assert 1 <= len(backups) <= 2
    for backup in backups:
        assert backup.suffix == ".db"
        assert dump(backup) == old


def test_killed_at_any_statement_of_the_first_start(tmp_path: Path) -> None:
    complete = tmp_path / "complete.db"
    prepare(complete, baseline)
    new = dump(complete)
    left = killed_at_each_statement(UPGRADE, tmp_path / "data.db", tmp_path / "killed")
    assert len(left) > 20
    empty = dump(tmp_path / "empty.db")
    for path in left:
        assert dump(path) in (empty, new)
        upgrade(path)
        assert dump(path) == new


def test_killed_while_the_commit_is_written(tmp_path: Path) -> None:
    """The log is written from front to back: cut off anywhere, the file is the old one or the new one."""
    original = tmp_path / "original" / "data.db"
    original.parent.mkdir()
    shapes.build(original, 6)
    old = dump(original)
    with closing(sqlite3.connect(original, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert baseline.upgrade(connection)
        connection.execute("COMMIT")
        connection.execute("SELECT * FROM projects").fetchall()
        log = original.with_name("data.db-wal").read_bytes()
        killed = tmp_path / "killed.db"
        shutil.copy(original, killed)  # while the log is not yet copied back
    new = dump(original)
    page = 4096
    frames = range(32, len(log) + 1, page + 24)
    assert len(frames) > 10
    outcomes = []
    for length in sorted({*range(0, 40, 8), *frames, *(end + page // 2 for end in frames)}):
        torn = tmp_path / f"torn-{length}.db"
        shutil.copy(killed, torn)
        torn.with_name(torn.name + "-wal").write_bytes(log[:length])
        content = dump(torn)
        assert content in (old, new), f"neither old nor new with {length} bytes of the log"
        outcomes.append(content == new)
    assert outcomes == sorted(outcomes)
    assert outcomes[-1]
    assert not outcomes[0]
