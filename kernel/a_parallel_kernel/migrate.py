"""Brings the database file to the current shape before anything else opens it, or refuses it clearly."""

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from a_parallel_kernel import ledger
from a_parallel_kernel.connections import BUSY_TIMEOUT, connect
from a_parallel_kernel.private import make_private_directory, make_private_file, tighten
from a_parallel_kernel.snapshots import Snapshots

log = logging.getLogger(__name__)

PAGE_SIZE = 8192
"""Bytes of a page in a new file; an existing file keeps its own."""


_HARMLESS = ("ok", "NULL value in ", "CHECK constraint failed in ")
"""Answers of ``PRAGMA quick_check`` that tell nothing about damage."""


class Baseline(Protocol):
    """The module behind the entry point ``a_parallel.baseline``: the shape that every plugin starts from."""

    @property
    def VERSION(self) -> int:  # noqa: N802 - a module's constant
        """Raised whenever the shape changes; a file that has seen a higher one is refused."""
        ...

    def upgrade(self, connection: sqlite3.Connection) -> bool:
        """Bring the file to the current shape inside the caller's transaction; return whether anything changed.

        Raises:
            ValueError: the file has a shape that it does not know; the text says what is wrong.
        """
        ...


class DatabaseRefused(Exception):
    """The file cannot be used, and was left as it is.

    Attributes:
        path: the database.
        reason: what is wrong.
        advice: what to do about it.
    """

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        super().__init__(f"{path}: {reason}. {advice}.")
        self.path = path
        self.reason = reason
        self.advice = advice


class Prepared(Struct, frozen=True):
    """A database that may be opened.

    Attributes:
        path: the file.
        created: there was none before.
        upgraded: its shape or its rows were changed.
        snapshots: to pass on to the migrations of plugins.
    """

    path: Path
    created: bool
    upgraded: bool
    snapshots: Snapshots


def prepare(path: Path, baseline: Baseline, *, busy_timeout: float = BUSY_TIMEOUT) -> Prepared:
    """Create the database, or bring an existing one up to date in one transaction, after a snapshot.

    Parameters:
        path: the database; its directory is created with mode 0700, the file with 0600, existing ones tightened.
        baseline: the current shape.
        busy_timeout: seconds to wait for another process's lock.

    Raises:
        DatabaseRefused: the file is damaged, newer, locked or not writable; it is as it was.
    """
    with refusing(path):
        created, interrupted = _look(path)
        snapshots = Snapshots(path)
        if created:
            snapshots.cover()
        with closing(connect(path, busy_timeout=busy_timeout)) as connection:
            check(connection, path, baseline, thoroughly=interrupted)
            _set_up(connection, created=created)
            return Prepared(path, created, _upgrade(connection, baseline, snapshots), snapshots)


def marker_of(path: Path) -> Path:
    """Return the file that is there while the database is open, and stays if it is not closed."""
    return path.with_name(path.name + "-open")


def _look(path: Path) -> tuple[bool, bool]:
    """Make the files private; return whether the database is new, and whether it was left without being closed."""
    make_private_directory(path.parent)
    write_ahead = path.with_name(path.name + "-wal")
    created = not path.exists() or path.stat().st_size == 0
    interrupted = write_ahead.exists() and write_ahead.stat().st_size > 0
    if created and interrupted:
        raise DatabaseRefused(path, "it is empty, but its -wal file is not", _restore(path))
    make_private_file(path)
    for needed in (path.parent, path):
        if not os.access(needed, os.R_OK | os.W_OK):  # SQLite would leave side files before it notices
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(needed))
    tighten(write_ahead)
    tighten(path.with_name(path.name + "-shm"))
    return created, interrupted or (marker_of(path).exists() and not created)


def check(connection: sqlite3.Connection, path: Path, baseline: Baseline, *, thoroughly: bool) -> None:
    """Refuse what is damaged or newer, without writing; all pages are read only after an unclean stop."""
    version = ledger.baseline_version(connection)
    if version > baseline.VERSION:
        raise DatabaseRefused(
            path,
            f"it was written by a newer version (its baseline is {version}, this version knows {baseline.VERSION})",
            "Install that version again, or start with another data directory",
        )
    if thoroughly:
        problems = [text for (text,) in connection.execute("PRAGMA quick_check") if not text.startswith(_HARMLESS)]
        if problems:
            raise DatabaseRefused(path, f"it is damaged ({problems[0]})", _restore(path))


def _set_up(connection: sqlite3.Connection, *, created: bool) -> None:
    if created:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        log.warning("this file system has no write-ahead log (journal mode %s); the server will be slower", mode)
    connection.execute("PRAGMA synchronous = FULL")


def _upgrade(connection: sqlite3.Connection, baseline: Baseline, snapshots: Snapshots) -> bool:
    """Try the upgrade; if it changes an existing file, undo it, take the snapshot and do it again for good."""
    changed = _attempt(connection, baseline, keep=snapshots.covered)
    if not changed or snapshots.covered:
        return changed
    snapshot = snapshots.ensure()
    try:
        _attempt(connection, baseline, keep=True)
    except BaseException:
        snapshots.discard(snapshot)
        raise
    log.info("the database was upgraded; it is kept as it was in %s", snapshot)
    snapshots.prune()
    return True


def _attempt(connection: sqlite3.Connection, baseline: Baseline, *, keep: bool) -> bool:
    """Run the baseline in one transaction, undo it unless `keep`, and return whether it changed anything."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        changed = baseline.upgrade(connection)
        changed = ledger.record_baseline(connection, baseline.VERSION) or changed
        connection.execute("COMMIT" if keep or not changed else "ROLLBACK")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return changed


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Turn what stands in the way of using `path` into a refusal.

    Raises:
        DatabaseRefused: instead of the errors of SQLite, of the operating system, and of a baseline.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseRefused(path, *_diagnose(error, path)) from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        raise DatabaseRefused(path, reason, "The directory and the file must be writable for this user") from error
    except ValueError as error:
        advice = "It is left as it is; start with another data directory, or restore an older copy"
        raise DatabaseRefused(path, f"its shape is unknown: {error}", advice) from error


def _diagnose(error: sqlite3.Error, path: Path) -> tuple[str, str]:
    """Return the reason and the advice for an error of SQLite."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another process has locked it", "Stop the server or tool that has it open, then start again"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"it is damaged or no SQLite database ({error})", _restore(path)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return f"it cannot be written ({error})", "The directory and the file must be writable for this user"
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return f"the disk is full or failing ({error})", "Free some space, then start again; nothing was changed"
    return f"it could not be brought up to date ({error})", _restore(path)


def _restore(path: Path) -> str:
    backups = path.parent / "backups"
    return (
        f"It is left as it is. Put a backup in its place with: a-parallel restore FILE (the damaged one is kept); "
        f"snapshots from before schema changes lie in {backups}"
    )
