"""Access tokens for scripts and CI: shown once, kept as a hash."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from a_parallel_contracts import (
    BadRequest,
    Database,
    NotFound,
    Row,
    Sockets,
    Transaction,
    iso,
    new_id,
    now,
)
from a_parallel_contracts.auth import Actor, Credentials, Scope
from a_parallel_plugins.auth.codes import LOG_OUT
from a_parallel_plugins.auth.headers import bearer

if TYPE_CHECKING:  # loaded with the routes
    from a_parallel_plugins.auth.token_models import AccessToken, CreatedToken, NewToken, TokenList

PREFIX = "apt_"
"""Lets people and secret scanners recognise one."""

_NOTED_EVERY = timedelta(minutes=1)
_MOST = 100
_IMPLIED: dict[Scope, tuple[Scope, ...]] = {
    "read": ("read",),
    "run": ("read", "run"),
    "admin": ("read", "run", "admin"),
}
_COLUMNS = "id, user_id, name, hint, scopes, created_at, expires_at, last_used_at"


class KnownToken(Struct, frozen=True):
    """A token that was presented.

    Attributes:
        user_id: whose it is.
        session: name of it among the sockets.
        scopes: all that it allows.
    """

    user_id: str
    session: str
    scopes: frozenset[Scope]


class Tokens:
    """The rows of ``auth_tokens``.

    Parameters:
        db: the database.
        sockets: closes what belongs to tokens that end.
    """

    def __init__(self, db: Database, sockets: Sockets) -> None:
        self._db = db
        self._sockets = sockets

    async def create(self, actor: Actor, new: "NewToken") -> "CreatedToken":
        """Make a token that acts as `actor`.

        Raises:
            BadRequest: it would allow more than the actor may do, or there are too many.
        """
        from a_parallel_plugins.auth.token_models import CreatedToken

        if "admin" in new.scopes and not actor.administers:
            raise BadRequest("Only administrators can make tokens with the scope admin; choose read or run")
        token = PREFIX + secrets.token_urlsafe(32)
        ends = None if new.expires_in_days is None else iso(datetime.now(UTC) + timedelta(days=new.expires_in_days))
        row = {
            "id": new_id(),
            "user_id": actor.user_id,
            "name": new.name,
            "hint": token[: len(PREFIX) + 4],
            "scopes": ",".join(sorted(set(new.scopes))),
            "created_at": now(),
            "expires_at": ends,
            "last_used_at": None,
        }
        await self._refuse_many(actor)
        insert = f"INSERT INTO auth_tokens ({_COLUMNS}, hash) VALUES (:{_COLUMNS.replace(', ', ', :')}, :hash)"  # noqa: S608
        await self._db.write(lambda tx: tx.execute(insert, {**row, "hash": _hash(token)}))
        return CreatedToken(**_listed(row).model_dump(), token=token)

    async def _refuse_many(self, actor: Actor) -> None:
        if len((await self.of(actor)).tokens) >= _MOST:
            raise BadRequest(f"There are {_MOST} tokens already; revoke those that are not used")

    async def of(self, actor: Actor) -> "TokenList":
        """Return the actor's tokens, oldest first."""
        from a_parallel_plugins.auth.token_models import TokenList

        sql = f"SELECT {_COLUMNS} FROM auth_tokens WHERE user_id = :user ORDER BY created_at, rowid"  # noqa: S608
        return TokenList(tokens=[_listed(row) for row in await self._db.rows(sql, user=actor.user_id)])

    async def revoke(self, actor: Actor, id: str) -> None:
        """End a token of the actor's at once.

        Raises:
            NotFound: the actor has none with that id.
        """
        gone = (id, actor.user_id)
        if not await self._db.write(
            lambda tx: tx.execute("DELETE FROM auth_tokens WHERE id = ? AND user_id = ?", gone)
        ):
            raise NotFound("Token not found")
        await self._close(id, "the token was revoked")

    async def expire(self) -> None:
        """Close the sockets of tokens that have expired; to be called from time to time."""
        for row in await self._db.rows("SELECT id FROM auth_tokens WHERE expires_at <= :now", now=now()):
            await self._close(row["id"], "the token has expired")

    async def _close(self, id: str, reason: str) -> None:
        await self._sockets.close(session=_session(id), code=LOG_OUT, reason=reason)

    async def find(self, credentials: Credentials) -> KnownToken | None:
        """Return the token that a request brings, in its header or in the query of a WebSocket upgrade."""
        given = bearer(credentials.headers.get("authorization"))
        if given is None and credentials.websocket:
            given = credentials.query.get("token")
        if given is None or not given.startswith(PREFIX):
            return None
        sql = f"SELECT {_COLUMNS} FROM auth_tokens WHERE hash = :hash AND (expires_at IS NULL OR expires_at > :now)"  # noqa: S608
        row = await self._db.one(sql, hash=_hash(given), now=now())
        if row is None:
            return None
        await self._note(row)
        return KnownToken(
            user_id=row["user_id"], session=_session(row["id"]), scopes=_allowed(row["scopes"].split(","))
        )

    async def _note(self, row: Row) -> None:
        """Remember that a token was used, at most once a minute."""
        if row["last_used_at"] is None or row["last_used_at"] < iso(datetime.now(UTC) - _NOTED_EVERY):
            used = (now(), row["id"])
            await self._db.write(lambda tx: tx.execute("UPDATE auth_tokens SET last_used_at = ? WHERE id = ?", used))


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give all tokens of one user to another."""
    tx.execute("UPDATE auth_tokens SET user_id = ? WHERE user_id = ?", (owner, previous))


def _hash(token: str) -> str:
    """Return what is stored: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _session(id: str) -> str:
    return f"token:{id}"


def _allowed(scopes: Iterable[Scope]) -> frozenset[Scope]:
    return frozenset(implied for scope in scopes for implied in _IMPLIED.get(scope, ()))


def _listed(row: Row) -> "AccessToken":
    from a_parallel_plugins.auth.token_models import AccessToken

    return AccessToken.model_validate({**row, "scopes": row["scopes"].split(",")})
