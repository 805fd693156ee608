"""Sessions of signed-in users (``http-features.md`` §9.5)."""

from collections.abc import Mapping
from typing import Any

from a_parallel_contracts import Database, Reader, Row, Sockets, Transaction
from a_parallel_plugins.auth.codes import LOG_OUT
from a_parallel_plugins.auth.people import Session, SignedIn, new_key, now_ms, session_of, user_of
from a_parallel_plugins.auth.tables import Table

DAY = 24 * 60 * 60 * 1000
LIFE = 7 * DAY
"""Milliseconds that a session lasts after its last refresh; one that is not remembered lasts a day and is not."""


class Sessions:
    """Begins, finds, refreshes and ends sessions.

    Parameters:
        db: the database.
        tables: of the library, by name.
        sockets: closes what belongs to sessions that end.
    """

    def __init__(self, db: Database, tables: Mapping[str, Table], sockets: Sockets) -> None:
        self._db = db
        self._sessions, self._users = tables["session"], tables["user"]
        self._sockets = sockets

    async def find(self, token: str, *, refresh: bool) -> SignedIn | None:
        """Return the session with that token and whose it is; None if it has expired or the user may not use it.

        Parameters:
            token: of the cookie, its signature checked.
            refresh: let it last longer if a day has passed since that was done last.
        """
        row, user = await self._db.run(lambda reader: self._both(reader, token))
        if row is None or user is None:
            return None
        if row["expires_at"] <= now_ms():
            await self._end([row], "the session has expired")
            return None
        if refresh and row["expires_at"] - LIFE + DAY <= now_ms():
            row |= {"expires_at": now_ms() + LIFE, "updated_at": now_ms()}
            changes = {name: row[name] for name in ("expires_at", "updated_at")}
            await self._db.write(lambda tx: self._sessions.update(tx, row["id"], changes))
        found = SignedIn(session=session_of(row), user=user_of(user))
        return None if found.user.shut_out else found

    def _both(self, reader: Reader, token: str) -> tuple[Row | None, Row | None]:
        row = self._sessions.row(reader, token=token)
        return row, self._users.row(reader, id=row["user_id"]) if row else None

    async def start(self, user_id: str, *, remember: bool, ip: str | None, agent: str) -> Session:
        """Begin a session with a token of its own: none that a browser brings along is ever taken over."""
        now = now_ms()
        row: dict[str, Any] = {
            "id": new_key(),
            "token": new_key(),
            "user_id": user_id,
            "expires_at": now + (LIFE if remember else DAY),
            "created_at": now,
            "updated_at": now,
            "ip_address": ip or "",
            "user_agent": agent[:1024],
        }
        await self._db.write(lambda tx: self._sessions.insert(tx, row))
        return session_of(row)

    async def of(self, user_id: str) -> list[Session]:
        """Return a user's sessions that have not expired."""
        rows = await self._db.run(lambda reader: self._sessions.rows(reader, user_id=user_id))
        return [session_of(row) for row in rows if row["expires_at"] > now_ms()]

    async def end(self, session: Session) -> None:
        """End one session."""
        await self._end([session.model_dump()], "signed out")

    async def end_all(self, user_id: str, *, but: str | None = None) -> None:
        """End all sessions of a user, or all but the one with an id."""
        await self._end([one.model_dump() for one in await self.of(user_id) if one.id != but], "signed out")

    async def expire(self) -> None:
        """End what has expired; to be called from time to time."""
        rows = await self._db.run(lambda reader: self._sessions.rows(reader))
        await self._end([row for row in rows if row["expires_at"] <= now_ms()], "the session has expired")

    async def _end(self, rows: list[Row], reason: str) -> None:
        def unit(tx: Transaction) -> None:
            for row in rows:
                self._sessions.delete(tx, id=row["id"])

        if rows:
            await self._db.write(unit)
            for row in rows:
                await self._sockets.close(session=row["id"], code=LOG_OUT, reason=reason)
