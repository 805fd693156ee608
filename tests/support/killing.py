"""Kills a piece of work on a database at each of its statements. Run as a program of its own, since it forks.

``python -m tests.support.killing MODULE:FUNCTION DATABASE SCRATCH`` copies DATABASE into SCRATCH once for each
statement that FUNCTION runs, kills a child there, and prints the statement's number and text.
"""

import importlib
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL


def killed_at_each_statement(work: str, database: Path, scratch: Path) -> dict[Path, str]:
    """Return the databases that `work` left behind when it was killed, and the statement it was about to run.

    Parameters:
        work: ``module:function`` of what takes the path of a database.
        database: copied for each run; it need not exist.
        scratch: for the copies; must not exist.
    """
    scratch.mkdir()
    command = [sys.executable, "-m", "tests.support.killing", work, str(database), str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    lines = (line.split(" ", 1) for line in done.stdout.splitlines())
    return {scratch / number / database.name: statement for number, statement in lines}


def watch_statements(seen: Callable[[str], None]) -> None:
    """Call `seen` before each statement of every connection opened from now on."""
    connect = sqlite3.connect

    def watched(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(seen)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked child and return its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must not return into the parent's loop
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def until(work: Callable[[Path], None], path: Path, statement: int) -> None:
    """Do the work and die before its n-th statement, whose text goes to a file beside the database.

    Of the statements that SQLite runs for itself (to copy a table, say) only one in five counts.
    """
    own, count = itertools.count(), itertools.count(1)

    def seen(sql: str) -> None:
        if sql.startswith("--") and next(own) % 5:
            return
        if next(count) == statement:
            (path.parent / "killed-at").write_text(" ".join(sql.split()), "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    watch_statements(seen)
    work(path)


def copy(source: Path, directory: Path) -> Path:
    """Copy a database with its side files, if it exists, into a fresh directory; return the copy's path."""
    directory.mkdir()
    for file in source.parent.glob(source.name + "*"):
        shutil.copy(file, directory / file.name)
    return directory / source.name


def main(work: Callable[[Path], None], database: Path, scratch: Path) -> None:
    """Kill the work at each of its statements in turn."""
    for statement in itertools.count(1):
        path = copy(database, scratch / f"{statement:03d}")
        status = in_child(partial(until, work, path, statement))
        if status == 0:
            return
        if status != KILLED:
            raise SystemExit(f"the work itself failed with {status}")
        print(path.parent.name, (path.parent / "killed-at").read_text("utf-8"))


if __name__ == "__main__":
    module, _, function = sys.argv[1].partition(":")
    main(getattr(importlib.import_module(module), function), Path(sys.argv[2]), Path(sys.argv[3]))
