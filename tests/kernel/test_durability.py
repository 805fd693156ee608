"""A full disk and a killed process lose nothing that was acknowledged, and acknowledge nothing that is lost."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def program(kind: str, path: Path) -> list[str]:
    return [sys.executable, "-m", "tests.kernel.database_program", kind, str(path)]


def stored(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {id for (id,) in connection.execute("SELECT id FROM note")}


def words(lines: list[str], word: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in lines if line.startswith(word + " ")]


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    done = subprocess.run(program("full", path), capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    acknowledged = words(lines, "+")
    refused = words(lines, "full")
    assert len(acknowledged) > 100
    assert len(refused) == 8
    assert all("disk is full" in text for text in refused)
    assert stored(path) == set(acknowledged)
    assert words(lines, "event") == sorted(acknowledged, key=words(lines, "event").index)
    assert set(words(lines, "event")) == set(acknowledged)
    assert words(lines, "rows") == [str(len(acknowledged) - 1)]
    assert acknowledged[-1] == "after"


@pytest.mark.parametrize("after", [1, 50, 400])
def test_a_killed_process_keeps_what_it_acknowledged(tmp_path: Path, after: int) -> None:
    path = tmp_path / "data.db"
    with subprocess.Popen(program("steady", path), stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(after)]
        process.kill()
        lines += process.stdout.read().splitlines()
    kept = stored(path)
    acknowledged = set(words(lines, "+"))
    assert acknowledged <= kept
    assert set(words(lines, "event")) <= kept
    assert acknowledged <= set(words(lines, "event"))
