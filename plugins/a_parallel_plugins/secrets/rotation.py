"""A new key: everything that was encrypted is encrypted anew, in one transaction.

The key lies in a file and the texts in the database, so the two cannot change at once. The new key is written down
first, beside the old one; its fingerprint goes into the database together with the texts; then it takes the old
one's place. Whoever finds both keys reads from the fingerprint which of them the texts need.
"""

import asyncio
import secrets

from msgspec import Struct

from a_parallel_contracts import FailedDependency, PluginContext, Reader, Transaction
from a_parallel_plugins.secrets import cipher
from a_parallel_plugins.secrets.keyfile import BYTES, KeyFile, UnusableKey, fingerprint

_COLUMNS = """
    SELECT table_name, column_name FROM secrets_columns AS known
    WHERE EXISTS (SELECT 1 FROM pragma_table_info(known.table_name) WHERE name = known.column_name)
    ORDER BY table_name, column_name
"""


class Rotated(Struct, frozen=True):
    """What a change of the key did.

    Attributes:
        renewed: texts that are encrypted with the new key now.
        unreadable: texts that the old key could not decrypt either; they stay as they are.
    """

    renewed: int
    unreadable: int


async def rotate(ctx: PluginContext) -> Rotated:
    """Give the data directory a new key. No server may be using it.

    Raises:
        FailedDependency: the key file cannot be used; nothing was changed.
    """
    await settle(ctx)
    file = KeyFile(ctx.server.data_directory)
    try:
        old = await asyncio.to_thread(file.load)
        new = secrets.token_bytes(BYTES)
        await asyncio.to_thread(file.stage, new)
    except (UnusableKey, OSError) as error:
        raise FailedDependency(str(error)) from error
    try:
        rotated = await ctx.db.write(lambda tx: _renew(tx, old, new))
    finally:
        await settle(ctx)
    return rotated


async def settle(ctx: PluginContext) -> None:
    """Complete a change of the key whose texts are in the database, and take back any other.

    Raises:
        FailedDependency: the texts need the key that was to come, and its file cannot be used.
    """
    file = KeyFile(ctx.server.data_directory)
    if not await asyncio.to_thread(file.staged_path.exists):
        return
    row = await ctx.db.one("SELECT fingerprint FROM secrets_key")
    try:
        await asyncio.to_thread(_settle, file, row["fingerprint"] if row else None)
    except (UnusableKey, OSError) as error:
        raise FailedDependency(str(error)) from error


def _settle(file: KeyFile, needed: str | None) -> None:
    current = file.load()
    if needed is None or (current is not None and fingerprint(current) == needed):
        file.unstage()  # the texts were not changed, or this is done already
        return
    staged = file.staged()
    if staged is not None and fingerprint(staged) == needed:
        file.promote()
    else:
        file.unstage()


def _renew(tx: Transaction, old: bytes | None, new: bytes) -> Rotated:
    renewed = unreadable = 0
    for row in tx.all(_COLUMNS):
        table, column = _quoted(row["table_name"]), _quoted(row["column_name"])
        for stored in _values(tx, table, column):
            text = cipher.decrypt(old, stored) if old else None
            if text is None:
                unreadable += 1
                continue
            change = (cipher.encrypt(new, text), stored)
            renewed += tx.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", change)  # noqa: S608
    tx.execute("DELETE FROM secrets_key")
    tx.execute("INSERT INTO secrets_key (fingerprint) VALUES (?)", (fingerprint(new),))
    return Rotated(renewed, unreadable)


def _values(reader: Reader, table: str, column: str) -> list[str]:
    sql = f"SELECT DISTINCT {column} AS stored FROM {table} WHERE typeof({column}) = 'text'"  # noqa: S608
    return [row["stored"] for row in reader.all(sql)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
