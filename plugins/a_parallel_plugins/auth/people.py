"""Users and sessions as they cross the wire (``http-features.md`` §9.2), and the rules of their fields."""

import re
import secrets
import string
import time
from typing import Any

from a_parallel_contracts import BadRequest, Row, WireModel
from a_parallel_contracts.auth import Actor, Role
from a_parallel_plugins.auth.failures import Unprocessable, failure, invalid
from a_parallel_plugins.auth.tables import timestamp

ROLES = ("user", "admin")
PASSWORD_LENGTH = (8, 128)
_LETTERS = string.ascii_letters + string.digits
_USERNAME = re.compile(r"[a-zA-Z0-9_.]+")
_EMAIL = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\"]{1,255}")


class User(WireModel):
    """An account."""

    id: str
    name: str
    email: str
    email_verified: bool
    image: str | None
    created_at: str
    updated_at: str
    username: str | None
    display_username: str | None
    role: str | None
    banned: bool | None
    ban_reason: str | None
    ban_expires: str | None

    @property
    def is_admin(self) -> bool:
        """Whether one of the roles, which commas separate, is ``admin``."""
        return "admin" in (self.role or "").split(",")

    @property
    def shut_out(self) -> bool:
        """Whether the user is banned now."""
        return bool(self.banned) and (self.ban_expires is None or self.ban_expires > timestamp(now_ms()))

    def actor(self, session: str, **options: Any) -> Actor:
        """Return who acts through a session or a token of the user."""
        role: Role = "admin" if self.is_admin else "user"
        return Actor(self.id, role, session=session, **options)


class Session(WireModel):
    """A session; the cookie holds its token with a signature, so the token alone opens nothing."""

    id: str
    token: str
    user_id: str
    expires_at: str
    created_at: str
    updated_at: str
    ip_address: str = ""
    user_agent: str = ""
    impersonated_by: str | None = None


class SignedIn(WireModel):
    """A session and whose it is; answer of ``GET /api/auth/get-session``."""

    session: Session
    user: User


def user_of(row: Row) -> User:
    """Return a row of ``user``."""
    return User.model_validate(_wired({**dict.fromkeys(User.model_fields), **row}))


def session_of(row: Row) -> Session:
    """Return a row of ``session``."""
    known = {name: value for name, value in row.items() if name in Session.model_fields and value is not None}
    return Session.model_validate(_wired(known))


def _wired(row: Row) -> Row:
    times = ("created_at", "updated_at", "expires_at", "ban_expires")
    return {name: timestamp(value) if name in times and value is not None else value for name, value in row.items()}


def now_ms() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def new_key() -> str:
    """Return 32 random characters of ``a-zA-Z0-9``: an id, or a session's token."""
    return "".join(secrets.choice(_LETTERS) for _ in range(32))


def check_username(username: str, kind: type[Unprocessable] | type[BadRequest] = BadRequest) -> str:
    """Return a username in lower case, as it is stored and looked up.

    Raises:
        ApiError: of that kind; too short, too long, or other characters than letters, digits, ``_`` and ``.``.
    """
    if len(username) < 3:
        raise failure(kind, "USERNAME_TOO_SHORT", "Username is too short")
    if len(username) > 30:
        raise failure(kind, "USERNAME_IS_TOO_LONG", "Username is too long")
    if not _USERNAME.fullmatch(username):
        raise failure(kind, "USERNAME_IS_INVALID", "Username is invalid")
    return username.lower()


def check_email(email: str) -> str:
    """Return an address in lower case.

    Raises:
        BadRequest: it is none.
    """
    if not _EMAIL.fullmatch(email):
        raise invalid("INVALID_EMAIL", "Invalid email")
    return email.lower()


def check_password(password: str) -> str:
    """Return a new password.

    Raises:
        BadRequest: it is too short or too long.
    """
    least, most = PASSWORD_LENGTH
    if len(password) < least:
        raise invalid("PASSWORD_TOO_SHORT", f"Password too short: at least {least} characters are needed")
    if len(password) > most:
        raise invalid("PASSWORD_TOO_LONG", f"Password too long: at most {most} characters are allowed")
    return password


def check_role(role: str | list[str]) -> str:
    """Return roles separated by commas.

    Raises:
        BadRequest: there is no such role.
    """
    roles = [one.strip() for one in (role.split(",") if isinstance(role, str) else role)]
    if not roles or any(one not in ROLES for one in roles):
        raise invalid("INVALID_ROLE", f"role: expected one of {'|'.join(ROLES)}")
    return ",".join(roles)
