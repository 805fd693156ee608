"""Puts another database in the place of the one that is there, and keeps what it replaces."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from a_parallel_kernel.connections import connect
from a_parallel_kernel.migrate import Baseline, check, refusing
from a_parallel_kernel.snapshots import sync

DATABASE = "data.db"
SIDE_FILES = ("data.db-wal", "data.db-shm")
UNKNOWN = 1_000_000
"""Added to the events' numbers if nobody knows how far the replaced database had come."""


@contextmanager
def staging(directory: Path) -> Iterator[Path]:
    """Make a private directory on the same file system as the data directory, for as long as it is needed."""
    staged = Path(tempfile.mkdtemp(prefix=".incoming-", dir=directory))
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def replace(directory: Path, staged: Path, baseline: Baseline) -> Path | None:
    """Move every file of `staged`, a database among them, into the data directory.

    The caller holds the directory. Cut off at any moment, the old database or the new one is there.

    Parameters:
        directory: the data directory.
        staged: from `staging`.
        baseline: refuses what is newer than this version.

    Returns:
        Where the files are kept that were replaced, or None if there were none.

    Raises:
        DatabaseRefused: the new database is damaged or newer; nothing was changed.
        OSError: a file cannot be moved.
    """
    new = staged / DATABASE
    with refusing(new), closing(connect(new)) as connection:
        check(connection, new, baseline, thoroughly=True)
        _number_on(connection, directory / DATABASE)
        connection.execute("PRAGMA journal_mode = DELETE")  # leaves one file
    kept = _keep(directory, [file.name for file in staged.iterdir()])
    for name in SIDE_FILES:  # they belong to the old database, and would be played into the new one
        (directory / name).unlink(missing_ok=True)
    for file in sorted(staged.iterdir(), key=lambda file: file.name != DATABASE):
        file.chmod(0o600)
        sync(file)
        file.replace(directory / file.name)
    sync(directory)
    return kept


def _keep(directory: Path, names: list[str]) -> Path | None:
    """Link the files that will be replaced, side files included, into a directory of their own."""
    there = [name for name in (*names, *SIDE_FILES) if (directory / name).exists()]
    if not there:
        return None
    backups = directory / "backups"
    backups.mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = backups / f"replaced-{stamp}"
    kept.mkdir(mode=0o700)
    for name in there:
        try:
            os.link(directory / name, kept / name)
        except OSError:  # a file system without hard links
            shutil.copy2(directory / name, kept / name)
            sync(kept / name)
    sync(kept)
    return kept


def _number_on(connection: sqlite3.Connection, old: Path) -> None:
    """Let no number of an event be told twice: whoever comes back with an old one loads everything anew."""
    own = _last_event(connection)
    if own is None:
        return
    last = max(own, _last_of(old, own))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM kernel_events")
    connection.execute("UPDATE kernel_events_pruned SET seq = ? WHERE id = 1", (last + 1,))
    connection.execute("COMMIT")


def _last_of(old: Path, own: int) -> int:
    if not old.exists():
        return own
    try:
        with closing(connect(old)) as connection:
            return _last_event(connection) or 0
    except sqlite3.Error:
        return own + UNKNOWN


def _last_event(connection: sqlite3.Connection) -> int | None:
    try:
        (last,) = connection.execute(
            "SELECT max((SELECT coalesce(max(seq), 0) FROM kernel_events), (SELECT max(seq) FROM kernel_events_pruned))"
        ).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return int(last)
