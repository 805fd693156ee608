"""Routes of sessions and of one's own account (``http-features.md`` §9.3)."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from a_parallel_contracts import Ok, Request, Response, Route, Unauthorized, WireModel, get, post
from a_parallel_plugins.auth.bodies import (
    ChangePassword,
    Redirect,
    SignInByEmail,
    SignInByName,
    Status,
    Success,
    TokenAndUser,
    UpdateSelf,
)
from a_parallel_plugins.auth.failures import invalid, reformed
from a_parallel_plugins.auth.people import Session, SignedIn, User
from a_parallel_plugins.auth.signing_in import refuse_foreign

if TYPE_CHECKING:
    from a_parallel_plugins.auth.multi import MultiMode

AnyRequest = Request[Any, Any, Any]


def session_routes(mode: "MultiMode") -> Iterable[Route]:
    """Return the routes; those of one's own account want a session, not an access token."""
    routes = _SessionRoutes(mode)
    open_get = partial(get, access="public")
    open_post = partial(post, access="public", confidential=True)
    described = [
        open_get("/api/auth/get-session", routes.get_session, returns=SignedIn | None),
        open_post("/api/auth/sign-in/username", routes.sign_in, returns=TokenAndUser),
        open_post("/api/auth/sign-in/email", routes.sign_in_by_email, returns=Redirect),
        open_post("/api/auth/sign-up/email", routes.sign_up),
        open_post("/api/auth/sign-out", routes.sign_out, returns=Success),
        open_get("/api/auth/ok", routes.ok),
        get("/api/auth/list-sessions", routes.list_sessions, scope="admin"),
        post(
            "/api/auth/change-password", routes.change_password, scope="admin", returns=TokenAndUser, confidential=True
        ),
        post("/api/auth/update-user", routes.update_user, scope="admin"),
    ]
    return [replace(route, refusal=reformed) for route in described]


class _SessionRoutes:
    def __init__(self, mode: "MultiMode") -> None:
        self._mode = mode

    async def get_session(self, request: Request) -> Response:
        """Tell who is signed in; null if nobody is."""
        found = await self._mode.signed_in(request.cookies)
        cookies = self._mode.cookies
        if found is None:
            return _answer(None, cookies.ended(secure=request.secure) if _brings_session(request) else ())
        remember = cookies.remembers(request.cookies)
        return _answer(found, cookies.started(found.session.token, remember=remember, secure=request.secure))

    async def sign_in(self, request: Request[None, SignInByName]) -> Response:
        """Begin a session with a username and a password."""
        body = request.body
        user = await self._mode.signing_in.by_username(request, body.username, body.password)
        session = await self._start(request, user, body.remember_me)
        return self._started(request, session, body.remember_me, TokenAndUser(token=session.token, user=user))

    async def sign_in_by_email(self, request: Request[None, SignInByEmail]) -> Response:
        """Begin a session with an e-mail address and a password."""
        body = request.body
        user = await self._mode.signing_in.by_email(request, body.email, body.password)
        session = await self._start(request, user, body.remember_me)
        return self._started(request, session, body.remember_me, Redirect(token=session.token, user=user))

    async def _start(self, request: AnyRequest, user: User, remember: bool) -> Session:
        await self._mode.welcome(user)
        agent = request.headers.get("user-agent", "")
        return await self._mode.sessions.start(user.id, remember=remember, ip=request.peer, agent=agent)

    def _started(self, request: AnyRequest, session: Session, remember: bool, answer: WireModel) -> Response:
        cookies = self._mode.cookies.started(session.token, remember=remember, secure=request.secure)
        return _answer(answer, cookies)

    async def sign_up(self, request: Request) -> Response:
        """Refuse: administrators make accounts."""
        raise invalid("EMAIL_AND_PASSWORD_SIGN_UP_IS_NOT_ENABLED", "Email and password sign up is not enabled")

    async def sign_out(self, request: Request) -> Response:
        """End the session, if there is one, and the cookies."""
        brings = "cookie" in request.headers
        refuse_foreign(request.origin_present, request.origin_allowed, request.headers, cookies=brings)
        found = await self._mode.signed_in(request.cookies, refresh=False)
        if found is not None:
            await self._mode.sessions.end(found.session)
        return _answer(Success(), self._mode.cookies.ended(secure=request.secure))

    async def ok(self, request: Request) -> Ok:
        """Tell that the routes are there."""
        return Ok()

    async def _signed_in(self, request: AnyRequest) -> SignedIn:
        found = await self._mode.signed_in(request.cookies)
        if found is None:
            raise Unauthorized("Unauthorized")
        return found

    async def list_sessions(self, request: Request) -> list[Session]:
        """List one's own sessions."""
        return await self._mode.sessions.of((await self._signed_in(request)).user.id)

    async def change_password(self, request: Request[None, ChangePassword]) -> Response:
        """Change one's password; all other sessions end."""
        who, body = await self._signed_in(request), request.body
        await self._mode.signing_in.change_password(request, who, body.current_password, body.new_password)
        self._mode.forget_first_password(who.user)
        token = who.session.token if body.revoke_other_sessions else None
        remember = self._mode.cookies.remembers(request.cookies)
        return self._started(request, who.session, remember, TokenAndUser(token=token, user=who.user))

    async def update_user(self, request: Request[None, UpdateSelf]) -> Status:
        """Change one's name or picture."""
        who = await self._signed_in(request)
        await self._mode.accounts.change(who.user.id, request.body.model_dump(exclude_unset=True))
        return Status()


def _brings_session(request: AnyRequest) -> bool:
    return any(name.removeprefix("__Secure-").startswith("better-auth.") for name in request.cookies)


def _answer(value: WireModel | None, cookies: tuple[str, ...]) -> Response:
    body = b"null" if value is None else value.model_dump_json(by_alias=True).encode()
    return Response(body, headers={"Cache-Control": "no-store"}, cookies=cookies)
