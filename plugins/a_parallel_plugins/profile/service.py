"""The profile store (``http-features.md`` §5)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from a_parallel_contracts import BadRequest, PluginContext, Row, Transaction, new_id, now
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.git import Identity
from a_parallel_contracts.secrets import SECRETS
from a_parallel_plugins.profile.tokens import transmittable

if TYPE_CHECKING:  # loaded with the routes
    from a_parallel_plugins.profile.models import NoProfile, UserProfile

_COLUMNS = "id, user_id, git_name, git_email, github_token, created_at, updated_at"
_ONE = f"SELECT {_COLUMNS} FROM user_profiles WHERE user_id = :user"  # noqa: S608
_INSERT = """
    INSERT INTO user_profiles (id, user_id, git_name, git_email, github_token, created_at, updated_at)
    VALUES (:id, :user_id, :git_name, :git_email, :github_token, :created_at, :updated_at)
"""
_UPDATE = """
    UPDATE user_profiles
    SET git_name = :git_name, git_email = :git_email, github_token = :github_token, updated_at = :updated_at
    WHERE id = :id
"""
_FORGET = "UPDATE user_profiles SET github_token = NULL, updated_at = ? WHERE user_id = ? AND github_token = ?"


class ProfileService:
    """Fulfils the contract `Profiles`, and changes profiles for their owners."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._secrets = ctx.get(SECRETS)

    async def show(self, user_id: str) -> "UserProfile | NoProfile":
        """Return a user's profile as its owner may see it."""
        from a_parallel_plugins.profile.models import NoProfile, UserProfile

        row = await self._row(user_id)
        if row is None:
            return NoProfile()
        return UserProfile(**row, has_github_token=self._token(row) is not None)

    async def change(self, user_id: str, changes: Mapping[str, str | None]) -> None:
        """Change a profile, which is made if need be; empty text is stored as NULL.

        Parameters:
            user_id: its owner.
            changes: of ``git_name``, ``git_email`` and ``github_token``, the last as plain text.

        Raises:
            FailedDependency: the token cannot be encrypted.
        """
        columns = {name: value or None for name, value in changes.items()}
        if token := columns.get("github_token"):
            columns["github_token"] = self._sealed(token, await self._row(user_id))
        await self._ctx.db.write(lambda tx: _store(tx, user_id, columns))

    async def identity_of(self, user_id: str) -> Identity | None:
        """Return who a user commits as, or None."""
        row = await self._row(user_id)
        return Identity(row["git_name"], row["git_email"]) if row and row["git_name"] and row["git_email"] else None

    async def github_token_of(self, user_id: str) -> str | None:
        """Return the user's GitHub token, or None."""
        return self._token(await self._row(user_id))

    async def store_github_token(self, user_id: str, token: str) -> None:
        """Keep a user's GitHub token.

        Raises:
            BadRequest: it cannot be sent in a header.
        """
        if not transmittable(token):
            raise BadRequest("A GitHub token must consist of visible ASCII characters without spaces")
        await self.change(user_id, {"github_token": token})

    async def forget_github_token(self, user_id: str, token: str | None = None) -> None:
        """Remove a user's GitHub token; with `token` only if it is still that one."""
        if token is None:
            await self.change(user_id, {"github_token": None})
            return
        row = await self._row(user_id)
        if row is not None and self._token(row) == token:
            forget = (now(), user_id, row["github_token"])
            await self._ctx.db.write(lambda tx: tx.execute(_FORGET, forget))

    async def user_deleted(self, event: UserDeleted) -> None:
        """Delete the profile of a user who is gone."""
        delete = (event.user_id,)
        await self._ctx.db.write(lambda tx: tx.execute("DELETE FROM user_profiles WHERE user_id = ?", delete))

    async def _row(self, user_id: str) -> Row | None:
        return await self._ctx.db.one(_ONE, user=user_id)

    def _token(self, row: Row | None) -> str | None:
        token = self._secrets.decrypt(row["github_token"]) if row else None
        return token if token and transmittable(token) else None

    def _sealed(self, token: str, row: Row | None) -> str:
        """Return the token as it is to be stored, which is as it is stored already if it did not change."""
        if row is not None and self._secrets.decrypt(row["github_token"]) == token:
            return str(row["github_token"])
        return self._secrets.encrypt(token)


def _store(tx: Transaction, user_id: str, changes: Mapping[str, str | None]) -> None:
    """Write a profile if anything in it changes."""
    before = tx.one(_ONE, {"user": user_id})
    known: Row = before or dict.fromkeys(("git_name", "git_email", "github_token"))
    if all(known[name] == value for name, value in changes.items()):
        return
    time = now()
    if before is None:
        tx.execute(
            _INSERT, {**known, **changes, "id": new_id(), "user_id": user_id, "created_at": time, "updated_at": time}
        )
    else:
        tx.execute(_UPDATE, {**known, **changes, "updated_at": time})


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give a user's profile to another who has none."""
    if tx.one(_ONE, {"user": owner}) is None:
        tx.execute("UPDATE user_profiles SET user_id = ? WHERE user_id = ?", (owner, previous))
