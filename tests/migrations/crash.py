"""Runs an upgrade in a child that is killed at one of its statements. Run as a program of its own (it forks).

``python -m tests.migrations.crash DATABASE SCRATCH`` copies DATABASE into SCRATCH once for each statement of the
upgrade, kills a child there, and prints one line for each: the number of the statement and its text.
"""

import itertools
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from a_parallel_kernel.migrate import prepare
from a_parallel_migrations import baseline

KILLED = -signal.SIGKILL


def die() -> None:
    """End this process as a power cut would, without any clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


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


def upgrade_until(path: Path, statement: int, report: Path) -> None:
    """Upgrade `path` and die before its n-th statement, whose text goes to `report`."""
    count = 0

    def seen(sql: str) -> None:
        nonlocal count
        count += 1
        if count == statement:
            report.write_text(" ".join(sql.split()), "utf-8")
            die()

    watch_statements(seen)
    prepare(path, baseline)


def copy(source: Path, directory: Path) -> Path:
    """Copy a database with its side files, if it exists, into a fresh directory; return the copy's path."""
    directory.mkdir()
    for file in source.parent.glob(source.name + "*"):
        shutil.copy(file, directory / file.name)
    return directory / source.name


def main(database: Path, scratch: Path) -> None:
    """Kill an upgrade at each of its statements in turn."""
    for statement in itertools.count(1):
        path = copy(database, scratch / f"{statement:03d}")
        report = path.parent / "killed-at"
        status = in_child(partial(upgrade_until, path, statement, report))
        if status == 0:
            return
        if status != KILLED:
            raise SystemExit(f"the upgrade itself failed with {status}")
        print(statement, report.read_text("utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
