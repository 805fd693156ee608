"""Numbered ``.sql`` files: where they are found and how they are cut into statements."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from msgspec import Struct

_NAME = re.compile(r"(\d{3})_[a-z0-9_]+\.sql")


class MigrationRefused(Exception):
    """A plugin's migrations cannot be applied; nothing of the one named was kept.

    Attributes:
        owner: the plugin.
    """

    def __init__(self, owner: str, reason: str) -> None:
        super().__init__(f"migrations of {owner}: {reason}")
        self.owner = owner


class MigrationFile(Struct, frozen=True):
    """One migration.

    Attributes:
        name: of the file, ``NNN_what_it_does.sql``.
        sql: its text.
    """

    name: str
    sql: str

    @property
    def number(self) -> int:
        """Its place in the order, from 1."""
        return int(self.name[:3])

    @property
    def checksum(self) -> str:
        """SHA-256 of the text with LF line ends, in hex."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    def statements(self) -> Iterator[tuple[int, str]]:
        """Return each statement with the number of its first line; a trigger's body is part of its statement."""
        line, start = 1, 0
        for end in (match.end() for match in re.finditer(";", self.sql)):
            statement = self.sql[start:end]
            if sqlite3.complete_statement(statement):
                yield line + _blank_lines(statement), statement.strip()
                line, start = line + statement.count("\n"), end
        rest = self.sql[start:]
        if rest.strip():
            yield line + _blank_lines(rest), rest.strip()


def load_files(source: str, owner: str) -> list[MigrationFile]:
    """Return the migrations in a directory of an importable package, in order.

    Parameters:
        source: ``package:directory``.
        owner: the plugin, for the error.

    Raises:
        MigrationRefused: there is no such directory, or a file's name has no number.
    """
    package, _, directory = source.partition(":")
    try:
        found = [entry for entry in files(package).joinpath(directory).iterdir() if entry.name.endswith(".sql")]
    except (ModuleNotFoundError, OSError) as error:
        raise MigrationRefused(owner, f"{source} cannot be read ({error})") from error
    for entry in found:
        if not _NAME.fullmatch(entry.name):
            raise MigrationRefused(owner, f"{entry.name} must be called like 001_create_notes.sql")
    return sorted((MigrationFile(entry.name, entry.read_text("utf-8")) for entry in found), key=lambda file: file.name)


def _blank_lines(statement: str) -> int:
    return statement[: len(statement) - len(statement.lstrip())].count("\n")
