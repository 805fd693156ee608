"""Everything that a request could have changed, in a form that can be compared."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

State = dict[str, str]

VOLATILE = frozenset({"hosts_processes"})
"""Tables that follow processes, which come and go without a request."""

NOTED = frozenset({"last_used_at"})
"""Columns that note who has called, even in vain."""


def rows(data_directory: Path) -> State:
    """Return every row of every table of the database."""
    with closing(sqlite3.connect(f"file:{data_directory / 'data.db'}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            f"{table} {number}": repr(row)
            for table in sorted(set(tables) - VOLATILE)
            for number, row in enumerate(_rows(connection, table))
        }


def _rows(connection: sqlite3.Connection, table: str) -> Iterable[dict[str, object]]:
    cursor = connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
    names = [column[0] for column in cursor.description]
    return [{name: value for name, value in zip(names, row, strict=True) if name not in NOTED} for row in cursor]


def files(directory: Path) -> State:
    """Return what is in a directory, contents of files included."""
    found = {}
    for parent, directories, names in os.walk(directory):
        for name in (*directories, *names):
            path = Path(parent, name)
            found[str(path)] = _content(path)
    return found


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"


def whole(data_directory: Path, directories: Iterable[Path]) -> State:
    """Return rows and files together."""
    state = rows(data_directory)
    for directory in directories:
        state |= files(directory)
    return state


def differences(before: State, after: State) -> list[str]:
    """Return what changed between two states."""
    return [
        f"{key}: {before.get(key, 'not there')} -> {after.get(key, 'gone')}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
