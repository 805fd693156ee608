"""The tables of Better Auth, whatever form they have (``http-features.md`` §9.4).

Columns may be written in snake_case or camelCase, times as milliseconds, seconds or ISO text. What is there is used as
it is; what is absent is made in snake_case with milliseconds.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct
from pydantic.alias_generators import to_camel

from a_parallel_contracts import Reader, Row, Transaction, iso

TABLES = ("user", "session", "account", "verification")
TIMES = frozenset(
    ["created_at", "updated_at", "ban_expires", "expires_at", "access_token_expires_at", "refresh_token_expires_at"]
)
FLAGS = frozenset({"email_verified", "banned"})

_OWNER = 'TEXT NOT NULL REFERENCES "user"(id) ON DELETE CASCADE'
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "user": {
        "id": "TEXT NOT NULL PRIMARY KEY",
        "name": "TEXT NOT NULL",
        "email": "TEXT NOT NULL UNIQUE",
        "email_verified": "INTEGER NOT NULL DEFAULT 0",
        "image": "TEXT",
        "created_at": "INTEGER NOT NULL",
        "updated_at": "INTEGER NOT NULL",
        "username": "TEXT UNIQUE",
        "display_username": "TEXT",
        "role": "TEXT",
        "banned": "INTEGER DEFAULT 0",
        "ban_reason": "TEXT",
        "ban_expires": "INTEGER",
    },
    "session": {
        "id": "TEXT NOT NULL PRIMARY KEY",
        "expires_at": "INTEGER NOT NULL",
        "token": "TEXT NOT NULL UNIQUE",
        "created_at": "INTEGER NOT NULL",
        "updated_at": "INTEGER NOT NULL",
        "ip_address": "TEXT",
        "user_agent": "TEXT",
        "user_id": _OWNER,
        "impersonated_by": "TEXT",
    },
    "account": {
        "id": "TEXT NOT NULL PRIMARY KEY",
        "account_id": "TEXT NOT NULL",
        "provider_id": "TEXT NOT NULL",
        "user_id": _OWNER,
        "access_token": "TEXT",
        "refresh_token": "TEXT",
        "id_token": "TEXT",
        "access_token_expires_at": "INTEGER",
        "refresh_token_expires_at": "INTEGER",
        "scope": "TEXT",
        "password": "TEXT",
        "created_at": "INTEGER NOT NULL",
        "updated_at": "INTEGER NOT NULL",
    },
    "verification": {
        "id": "TEXT NOT NULL PRIMARY KEY",
        "identifier": "TEXT NOT NULL",
        "value": "TEXT NOT NULL",
        "expires_at": "INTEGER NOT NULL",
        "created_at": "INTEGER NOT NULL",
        "updated_at": "INTEGER NOT NULL",
    },
}
_INDEXES = {"session": "user_id", "account": "user_id", "verification": "identifier"}
_ADDED = ("username", "display_username", "role", "banned", "ban_reason", "ban_expires", "impersonated_by")
"""Columns of the library's plugins, which a table made without them lacks."""

_SECONDS = 100_000_000_000
"""Numbers below are seconds: as milliseconds they would lie in 1973."""

Clock = Literal["milliseconds", "seconds", "text"]


class Table(Struct, frozen=True):
    """One table as it is.

    Attributes:
        name: of the table.
        columns: what each column is called here, by its name in snake_case.
        clock: how times are written.
    """

    name: str
    columns: Mapping[str, str]
    clock: Clock

    def rows(self, reader: Reader, **wanted: Any) -> list[Row]:
        """Return the rows whose columns have the `wanted` values, in order of insertion, decoded."""
        where = " AND ".join(f'"{self.columns[name]}" = :{name}' for name in wanted) or "1"
        chosen = ", ".join(f'"{column}" AS "{name}"' for name, column in self.columns.items())
        sql = f'SELECT {chosen} FROM "{self.name}" WHERE {where} ORDER BY rowid'  # noqa: S608 - names of our own
        return [self._decoded(row) for row in reader.all(sql, wanted)]

    def row(self, reader: Reader, **wanted: Any) -> Row | None:
        """Return the first of `rows`."""
        return next(iter(self.rows(reader, **wanted)), None)

    def insert(self, tx: Transaction, values: Mapping[str, Any]) -> None:
        """Add a row; columns that the table lacks are left out."""
        known = {name: self._encoded(name, value) for name, value in values.items() if name in self.columns}
        columns = ", ".join(f'"{self.columns[name]}"' for name in known)
        places = ", ".join(f":{name}" for name in known)
        tx.execute(f'INSERT INTO "{self.name}" ({columns}) VALUES ({places})', known)  # noqa: S608 - likewise

    def update(self, tx: Transaction, id: str, values: Mapping[str, Any]) -> None:
        """Change a row."""
        known = {name: self._encoded(name, value) for name, value in values.items() if name in self.columns}
        changes = ", ".join(f'"{self.columns[name]}" = :{name}' for name in known)
        tx.execute(f'UPDATE "{self.name}" SET {changes} WHERE id = :id', {**known, "id": id})  # noqa: S608 - likewise

    def delete(self, tx: Transaction, **wanted: Any) -> int:
        """Delete the rows whose columns have the `wanted` values and return how many there were."""
        where = " AND ".join(f'"{self.columns[name]}" = :{name}' for name in wanted)
        return tx.execute(f'DELETE FROM "{self.name}" WHERE {where}', wanted)  # noqa: S608 - likewise

    def _decoded(self, row: Row) -> Row:
        return {
            name: milliseconds(value) if name in TIMES else bool(value) if name in FLAGS else value
            for name, value in row.items()
        }

    def _encoded(self, name: str, value: Any) -> Any:
        if name in FLAGS and value is not None:
            return int(value)
        if name not in TIMES or value is None or self.clock == "milliseconds":
            return value
        return value // 1000 if self.clock == "seconds" else timestamp(value)


def milliseconds(value: Any) -> int | None:
    """Return a stored time in milliseconds since the epoch, whatever form it has."""
    if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
        moment = datetime.fromisoformat(value)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    if value is None:
        return None
    number = int(value)
    return number * 1000 if abs(number) < _SECONDS else number


def timestamp(value: int) -> str:
    """Return milliseconds since the epoch as ISO text."""
    return iso(datetime.fromtimestamp(value / 1000, UTC))


def open_tables(tx: Transaction) -> dict[str, Table]:
    """Return the tables by name; absent ones are made, absent columns of the library's plugins added."""
    return {name: _open(tx, name) for name in TABLES}


def _open(tx: Transaction, name: str) -> Table:
    if not _declared(tx, name):
        _create(tx, name)
    _extend(tx, name)
    declared = _declared(tx, name)
    columns = {column: found for column in _COLUMNS[name] if (found := _spelling(column, declared))}
    return Table(name, columns, _clock(tx, name, columns, declared))


def _declared(tx: Transaction, name: str) -> dict[str, str]:
    return {row["name"]: row["type"].upper() for row in tx.all("SELECT name, type FROM pragma_table_info(?)", (name,))}


def _create(tx: Transaction, name: str) -> None:
    columns = ", ".join(f"{column} {kind}" for column, kind in _COLUMNS[name].items())
    tx.execute(f'CREATE TABLE "{name}" ({columns})')
    if name in _INDEXES:
        column = _INDEXES[name]
        tx.execute(f'CREATE INDEX "{name}_{to_camel(column)}_idx" ON "{name}" ({column})')


def _extend(tx: Transaction, name: str) -> None:
    """Add columns of the library's plugins, spelt as the table's others are."""
    declared = _declared(tx, name)
    camel = "created_at" not in declared
    for column in _ADDED:
        if column in _COLUMNS[name] and not _spelling(column, declared):
            spelt = to_camel(column) if camel else column
            tx.execute(f'ALTER TABLE "{name}" ADD COLUMN "{spelt}" {_COLUMNS[name][column].removesuffix(" UNIQUE")}')
            if column == "username":
                tx.execute(f'CREATE UNIQUE INDEX "user_username_idx" ON "user" ("{spelt}")')


def _spelling(column: str, declared: Iterable[str]) -> str | None:
    return next((spelt for spelt in (column, to_camel(column)) if spelt in declared), None)


def _clock(tx: Transaction, name: str, columns: Mapping[str, str], declared: Mapping[str, str]) -> Clock:
    """Tell how the table writes times: as its newest row does, else as its column is declared."""
    column = columns["created_at"]
    sample = tx.value(f'SELECT "{column}" FROM "{name}" ORDER BY rowid DESC LIMIT 1')  # noqa: S608 - likewise
    if isinstance(sample, int | float):
        return "seconds" if abs(sample) < _SECONDS else "milliseconds"
    if isinstance(sample, str):
        return "text"
    return "milliseconds" if "INT" in declared[column] else "text"
