"""The first administrator, and what local mode leaves to them (``http-features.md`` §9.6)."""

import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from a_parallel_contracts import LOCAL_USER, Database, Transaction, now
from a_parallel_contracts.accounts import Ownership, OwnershipMoved
from a_parallel_plugins.auth.accounts import Accounts
from a_parallel_plugins.auth.people import PASSWORD_LENGTH
from a_parallel_plugins.auth.token import write_private

PASSWORD_VARIABLE = "A_PARALLEL_ADMIN_PASSWORD"  # noqa: S105 - a variable's name
PASSWORD_FILE = "admin-password"  # noqa: S105 - a file's name
FIRST = {
    "name": "Admin",
    "email": "admin@local.host",
    "username": "admin",
    "display_username": "admin",
    "role": "admin",
}


async def found(accounts: Accounts, directory: Path, log: logging.Logger) -> None:
    """Make the user ``admin`` if there is none at all.

    The password is the variable's, which no child process gets to see; else a random one, printed once and kept in a
    file that its owner alone can read until it is changed.

    Raises:
        ValueError: the variable's password is too short or too long.
    """
    given = os.environ.pop(PASSWORD_VARIABLE, "")
    if await accounts.all():
        return
    least, most = PASSWORD_LENGTH
    if given and not least <= len(given) <= most:
        raise ValueError(f"{PASSWORD_VARIABLE} must have {least} to {most} characters")
    password = given or secrets.token_urlsafe(15)
    if not given:
        write_private(directory / PASSWORD_FILE, password)
    await accounts.create(FIRST, password)
    if given:
        log.info("made the first administrator, admin, with the password from %s", PASSWORD_VARIABLE)
    else:
        # Not through the log, which may be sent to other machines.
        print(
            f"The first administrator is: admin\nTheir password, shown once: {password}\n"
            f"It is kept in {directory / PASSWORD_FILE} until it is changed.",
            flush=True,
        )


def forget_password(directory: Path) -> None:
    """Remove the file with the first password, which is no good any more."""
    (directory / PASSWORD_FILE).unlink(missing_ok=True)


async def adopt(db: Database, user_id: str, owned: Sequence[Ownership], log: logging.Logger) -> None:
    """Give what local mode has left to an administrator: everything at once, and each kind of rows only once.

    What a plugin that was off has left goes to the same administrator when it is on again.
    """
    moved = await db.write(lambda tx: _adopt(tx, user_id, owned))
    if moved:
        log.info("what belonged to local mode belongs to the administrator %s now: %s", user_id, ", ".join(moved))


def _adopt(tx: Transaction, user_id: str, owned: Sequence[Ownership]) -> list[str]:
    for row in tx.all("SELECT user_id, heir FROM auth_heirs"):
        for one in owned:
            if not one.personal:
                one.move(tx, row["user_id"], row["heir"])
    done = {row["name"] for row in tx.all("SELECT name FROM auth_adoptions")}
    outstanding = [one for one in owned if one.name not in done]
    if not outstanding:
        return []
    first = tx.value('SELECT a.user_id FROM auth_adoptions a JOIN "user" u ON u.id = a.user_id LIMIT 1')
    heir = first or user_id
    for one in outstanding:
        one.move(tx, LOCAL_USER, heir)
        tx.execute("INSERT INTO auth_adoptions (name, user_id, adopted_at) VALUES (?, ?, ?)", (one.name, heir, now()))
    tx.emit(OwnershipMoved(previous=LOCAL_USER, owner=heir))
    return [one.name for one in outstanding]
