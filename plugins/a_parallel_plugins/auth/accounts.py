"""Accounts with passwords: creating, changing, removing them (``http-features.md`` §9.3, §9.7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from a_parallel_contracts import Database, Row, Sockets, Transaction
from a_parallel_contracts.accounts import Ownership, OwnershipMoved
from a_parallel_contracts.auth import UserDeleted
from a_parallel_plugins.auth.codes import LOG_OUT
from a_parallel_plugins.auth.failures import invalid, unknown_user
from a_parallel_plugins.auth.hashing import Hasher
from a_parallel_plugins.auth.people import User, new_key, now_ms, user_of
from a_parallel_plugins.auth.tables import Table

CREDENTIAL = "credential"
"""Provider of an ``account`` row that holds a password."""

RECONNECT = 1012
"""Close code after which pages connect again, and then act with their new role."""


class Accounts:
    """The rows of ``user`` and ``account``.

    Parameters:
        db: the database.
        tables: of the library, by name.
        hasher: hashes passwords.
        sockets: closes what belongs to users who are shut out.
    """

    def __init__(self, db: Database, tables: Mapping[str, Table], hasher: Hasher, sockets: Sockets) -> None:
        self._db = db
        self._tables = tables
        self._users, self._accounts = tables["user"], tables["account"]
        self._hasher = hasher
        self._sockets = sockets

    async def all(self) -> list[User]:
        """Return all users in the order in which they were added."""
        return [user_of(row) for row in await self._db.run(lambda reader: self._users.rows(reader))]

    async def find(self, **wanted: Any) -> User | None:
        """Return the user whose columns have these values, such as ``id``, ``username`` or ``email``."""
        row = await self._db.run(lambda reader: self._users.row(reader, **wanted))
        return user_of(row) if row else None

    async def get(self, id: str) -> User:
        """Return a user.

        Raises:
            NotFound: there is none with that id.
        """
        user = await self.find(id=id)
        if user is None:
            raise unknown_user()
        return user

    async def password_of(self, user_id: str) -> str | None:
        """Return the hash of a user's password, or None."""
        find = {"user_id": user_id, "provider_id": CREDENTIAL}
        row = await self._db.run(lambda reader: self._accounts.row(reader, **find))
        return row["password"] if row else None

    async def create(self, values: Mapping[str, Any], password: str | None) -> User:
        """Add a user.

        Parameters:
            values: columns; ``name``, ``email``, ``role`` and, to sign in with, ``username``.
            password: without one the user cannot sign in.

        Raises:
            BadRequest: the address or the username is taken.
        """
        hashed = None if password is None else await self._hasher.hash(password)
        now = now_ms()
        row = {
            "id": new_key(),
            "email_verified": False,
            "banned": False,
            "created_at": now,
            "updated_at": now,
            **values,
        }

        def unit(tx: Transaction) -> None:
            self._refuse_taken(tx, row, None)
            self._users.insert(tx, row)
            if hashed is not None:
                self._set_password(tx, row["id"], hashed)

        await self._db.write(unit)
        return await self.get(row["id"])

    async def change(self, id: str, values: Mapping[str, Any]) -> User:
        """Change columns of a user.

        Raises:
            NotFound: there is none with that id.
            BadRequest: the address or the username is taken, or the last administrator would be none any more.
        """

        def unit(tx: Transaction) -> tuple[User, User]:
            before = user_of(self._required(tx, id))
            self._refuse_taken(tx, values, id)
            self._users.update(tx, id, {**values, "updated_at": now_ms()})
            after = user_of(self._required(tx, id))
            if before.is_admin and not (after.is_admin and not after.shut_out):
                self._refuse_nobody(tx)
            if after.shut_out:
                self._tables["session"].delete(tx, user_id=id)
            return before, after

        before, after = await self._db.write(unit)
        if after.shut_out:
            await self._sockets.close(user_id=id, code=LOG_OUT, reason="banned")
        elif before.is_admin != after.is_admin:
            await self._sockets.close(user_id=id, code=RECONNECT, reason="the role has changed")
        return after

    async def set_password(self, id: str, password: str) -> None:
        """Give a user another password; what that ends is the caller's to decide."""
        hashed = await self._hasher.hash(password)

        def unit(tx: Transaction) -> None:
            self._required(tx, id)
            self._set_password(tx, id, hashed)

        await self._db.write(unit)

    async def remove(self, id: str, heir: str, owned: Sequence[Ownership]) -> None:
        """Remove a user; what they own passes to `heir` in the same transaction, so that nobody's work is lost.

        Raises:
            NotFound: one of the two does not exist.
            BadRequest: they are the same.
        """

        def unit(tx: Transaction) -> None:
            self._required(tx, id)
            self._required(tx, heir)
            for one in owned:
                if not one.personal:
                    one.move(tx, id, heir)
            tx.execute("UPDATE auth_heirs SET heir = ? WHERE heir = ?", (heir, id))
            tx.execute("INSERT INTO auth_heirs (user_id, heir) VALUES (?, ?)", (id, heir))
            tx.execute("DELETE FROM auth_tokens WHERE user_id = ?", (id,))
            for table in ("session", "account"):
                self._tables[table].delete(tx, user_id=id)
            self._users.delete(tx, id=id)
            self._refuse_nobody(tx)
            tx.emit(UserDeleted(user_id=id))
            tx.emit(OwnershipMoved(previous=id, owner=heir))

        if id == heir:
            raise invalid("INVALID_TRANSFER", "A user who is removed cannot take over what they own")
        await self._db.write(unit)
        await self._sockets.close(user_id=id, code=LOG_OUT, reason="the account was removed")

    def _required(self, tx: Transaction, id: str) -> Row:
        row = self._users.row(tx, id=id)
        if row is None:
            raise unknown_user()
        return row

    def _refuse_taken(self, tx: Transaction, values: Mapping[str, Any], own: str | None) -> None:
        for name, error in (("email", _EMAIL_TAKEN), ("username", _USERNAME_TAKEN)):
            other = self._users.row(tx, **{name: values[name]}) if values.get(name) else None
            if other is not None and other["id"] != own:
                raise invalid(*error)

    def _refuse_nobody(self, tx: Transaction) -> None:
        users = [user_of(row) for row in self._users.rows(tx)]
        if not any(user.is_admin and not user.shut_out for user in users):
            raise invalid("LAST_ADMIN", "This is the last administrator; make somebody else one first")

    def _set_password(self, tx: Transaction, user_id: str, hashed: str) -> None:
        now = now_ms()
        row = self._accounts.row(tx, user_id=user_id, provider_id=CREDENTIAL)
        if row is not None:
            self._accounts.update(tx, row["id"], {"password": hashed, "updated_at": now})
            return
        values = {"account_id": user_id, "provider_id": CREDENTIAL, "user_id": user_id, "password": hashed}
        self._accounts.insert(tx, {"id": new_key(), "created_at": now, "updated_at": now, **values})


_EMAIL_TAKEN = ("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email.")
_USERNAME_TAKEN = ("USERNAME_IS_ALREADY_TAKEN", "Username is already taken. Please try another.")
