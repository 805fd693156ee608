"""Signing in, signing out, changing one's password (``http-features.md`` §9.3)."""

from typing import Any

from a_parallel_contracts import Forbidden, Request, Unauthorized
from a_parallel_plugins.auth.accounts import Accounts
from a_parallel_plugins.auth.failures import Unprocessable, UnsupportedMediaType, failure, invalid
from a_parallel_plugins.auth.hashing import Hasher
from a_parallel_plugins.auth.people import SignedIn, User, check_email, check_password, check_username
from a_parallel_plugins.auth.sessions import Sessions
from a_parallel_plugins.auth.throttle import Throttle


class SigningIn:
    """Checks passwords.

    Parameters:
        accounts, sessions, hasher: of the mode.
    """

    def __init__(self, accounts: Accounts, sessions: Sessions, hasher: Hasher) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._hasher = hasher
        self._throttle = Throttle()

    async def by_username(self, request: Request[Any, Any, Any], username: str, password: str) -> User:
        """Return the user with that name and password.

        Raises:
            ApiError: 401 wrong, 403 banned or another site's page, 415 no JSON, 422 no username, 429 too often.
        """
        check_page(request)
        if not username or not password:
            raise _wrong("USERNAME")
        check_username(username, Unprocessable)
        user = await self._accounts.find(username=username.lower())
        return await self._checked(request, "USERNAME", username, user, password)

    async def by_email(self, request: Request[Any, Any, Any], email: str, password: str) -> User:
        """Return the user with that address and password; raises as `by_username`."""
        check_page(request)
        user = await self._accounts.find(email=check_email(email))
        return await self._checked(request, "EMAIL", email, user, password)

    async def _checked(
        self, request: Request[Any, Any, Any], what: str, given: str, user: User | None, password: str
    ) -> User:
        self._throttle.attempt(given, request.peer)
        # For unknown users a hash is computed all the same: the time that it takes must not tell.
        stored = await self._accounts.password_of(user.id) if user else None
        if not await self._hasher.matches(password, stored) or user is None:
            raise _wrong(what)
        self._throttle.succeeded(given, request.peer)
        if user.shut_out:
            raise failure(Forbidden, "BANNED_USER", "You have been banned from this application. Ask an administrator.")
        return user

    async def change_password(self, request: Request[Any, Any, Any], who: SignedIn, current: str, new: str) -> None:
        """Change the password of a signed-in user and end all other sessions of theirs.

        Raises:
            BadRequest: the current password is wrong, or the new one too short or too long.
            TooManyRequests: too many wrong ones.
        """
        check_password(new)
        self._throttle.attempt(who.user.id, request.peer)
        if not await self._hasher.matches(current, await self._accounts.password_of(who.user.id)):
            raise invalid("INVALID_PASSWORD", "Invalid password")
        self._throttle.succeeded(who.user.id, request.peer)
        await self._accounts.set_password(who.user.id, new)
        await self._sessions.end_all(who.user.id, but=who.session.id)


def _wrong(what: str) -> Exception:
    words = f"Invalid {what.lower()} or password"
    return failure(Unauthorized, f"INVALID_{what}_OR_PASSWORD", words)


def check_page(request: Request[Any, Any, Any]) -> None:
    """Check that no other site's page sends this: with a cookie, the page must be told and be one of ours.

    Raises:
        Forbidden: it may be another site's.
        UnsupportedMediaType: the body is not said to be JSON; forms of other sites cannot say so.
    """
    refuse_foreign(request.origin_present, request.origin_allowed, request.headers, cookies="cookie" in request.headers)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise failure(UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "Send JSON, with Content-Type: application/json")


def refuse_foreign(present: bool, allowed: bool, headers: Any, *, cookies: bool) -> None:
    """Refuse what another site's page may have sent.

    Parameters:
        present, allowed: what is known of the Origin header.
        headers: of the request, by lower-case name.
        cookies: the request brings cookies, which browsers add to every site's requests.

    Raises:
        Forbidden: says so.
    """
    if (cookies and not present) or headers.get("origin") == "null":
        raise failure(Forbidden, "MISSING_OR_NULL_ORIGIN", "Missing or null Origin")
    if not allowed:
        raise failure(Forbidden, "INVALID_ORIGIN", "Invalid origin; add it to cors_origins to allow it")
