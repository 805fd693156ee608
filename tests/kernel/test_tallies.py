"""SQLite's tally of memory is switched off, but never under connections that are open."""

import subprocess
import sys

OFF = "from a_parallel_kernel.tallies import keep_no_tally; import sqlite3; "


def told(program: str) -> str:
    words = [sys.executable, "-c", OFF + program]
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def test_connections_work_without_it() -> None:
    assert told("keep_no_tally(); print(sqlite3.connect(':memory:').execute('SELECT 1').fetchone())") == "(1,)"


def test_open_connections_keep_it_and_go_on() -> None:
    program = "c = sqlite3.connect(':memory:'); print(keep_no_tally(), c.execute('SELECT 1').fetchone())"
    assert told(program) == "False (1,)"
