"""Large parameters of statements, which would be held in memory longer than anybody needs them.

A prepared statement keeps a copy of what was bound to it until something else is
(https://sqlite.org/c3ref/clear_bindings.html); Python's module keeps prepared statements for the next time, and does
not offer to clear them. So every statement that has once written a large text would keep as much memory.
"""

import sqlite3
from collections.abc import Mapping

from a_parallel_contracts.database import Params

LARGE = 1024 * 1024
"""Characters or bytes of a parameter that is let go of."""

_TEXT = (str, bytes)  # a tuple: for each parameter of each statement, a union would take three times as long

Nothing = dict[str, Params]
"""By the text of a statement: parameters that are all None."""


def note_large(sql: str, params: Params, found: Nothing) -> None:
    """Add a statement to `found` if a parameter of it is large."""
    for value in params.values() if isinstance(params, Mapping) else params:
        if isinstance(value, _TEXT) and len(value) > LARGE:
            found[sql] = dict.fromkeys(params) if isinstance(params, Mapping) else (None,) * len(params)
            return


def let_go(statements: Nothing, connection: sqlite3.Connection) -> None:
    """Bind nothing to statements, outside of a transaction.

    They are carried out for that, which is refused while the connection may only read, and before anything else
    happens: no lock is asked for, and no row is looked at.
    """
    connection.execute("PRAGMA query_only = ON")
    try:
        if connection.execute("PRAGMA query_only").fetchone() == (1,):
            for sql, nothing in statements.items():
                _refused(sql, nothing, connection)
    finally:
        connection.execute("PRAGMA query_only = OFF")


def _refused(sql: str, nothing: Params, connection: sqlite3.Connection) -> None:
    try:
        connection.execute(sql, nothing).close()
    except sqlite3.Error as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY:
            raise
