"""Routes of the users' management, for administrators (``http-features.md`` §9.3)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from a_parallel_contracts import Request, Route, get, post
from a_parallel_plugins.auth.bodies import (
    BanUser,
    ById,
    CreateUser,
    OfUser,
    OneUser,
    RemoveUser,
    SetPassword,
    SetRole,
    Status,
    Success,
    UpdateUser,
    UserData,
    UserList,
    UserQuery,
)
from a_parallel_plugins.auth.failures import forbidding, invalid
from a_parallel_plugins.auth.people import (
    User,
    check_email,
    check_password,
    check_role,
    check_username,
)

if TYPE_CHECKING:
    from a_parallel_plugins.auth.multi import MultiMode

BASE = "/api/auth/admin"


def user_routes(mode: "MultiMode") -> Iterable[Route]:
    """Return the routes."""
    routes = _UserRoutes(mode)
    described = {
        "LIST_USERS": get(f"{BASE}/list-users", routes.list_users),
        "GET_USER": get(f"{BASE}/get-user", routes.get_user),
        "CREATE_USERS": post(f"{BASE}/create-user", routes.create_user),
        "DELETE_USERS": post(f"{BASE}/remove-user", routes.remove_user),
        "UPDATE_USERS": post(f"{BASE}/update-user", routes.update_user),
        "CHANGE_USERS_ROLE": post(f"{BASE}/set-role", routes.set_role),
        "SET_USERS_PASSWORD": post(f"{BASE}/set-user-password", routes.set_password),
        "BAN_USERS": post(f"{BASE}/ban-user", routes.ban_user),
        "UNBAN_USERS": post(f"{BASE}/unban-user", routes.unban_user),
        "REVOKE_USERS_SESSIONS": post(f"{BASE}/revoke-user-sessions", routes.revoke_sessions),
    }
    return [replace(route, access="admin", refusal=forbidding(action)) for action, route in described.items()]


class _UserRoutes:
    def __init__(self, mode: "MultiMode") -> None:
        self._mode = mode
        self._accounts = mode.accounts

    async def list_users(self, request: Request[None, None, UserQuery]) -> UserList:
        """List users in the order in which they were added."""
        query = request.query
        users = _chosen(await self._accounts.all(), query)
        start, limit = query.offset or 0, 100 if query.limit is None else query.limit
        return UserList(users=users[start : start + limit], total=len(users), limit=query.limit, offset=query.offset)

    async def get_user(self, request: Request[None, None, ById]) -> User:
        """Show a user."""
        return await self._accounts.get(request.query.id)

    async def create_user(self, request: Request[None, CreateUser]) -> OneUser:
        """Add a user."""
        body = request.body
        password = None if body.password is None else check_password(body.password)
        values = {"name": body.name, "email": check_email(body.email), "role": check_role(body.role)}
        return OneUser(user=await self._accounts.create({**values, **_columns(body.data)}, password))

    async def remove_user(self, request: Request[None, RemoveUser]) -> Success:
        """Remove a user; what they own passes to another one, the administrator who asks unless told otherwise."""
        body = request.body
        if body.user_id == request.actor.user_id:
            raise invalid("YOU_CANNOT_REMOVE_YOURSELF", "You cannot remove yourself")
        heir = body.transfer_to or request.actor.user_id
        await self._accounts.remove(body.user_id, heir, await self._mode.owned())
        return Success()

    async def update_user(self, request: Request[None, UpdateUser]) -> User:
        """Change a user's name, username, address or picture."""
        return await self._accounts.change(request.body.user_id, _columns(request.body.data))

    async def set_role(self, request: Request[None, SetRole]) -> OneUser:
        """Make a user an administrator, or no longer one."""
        role = check_role(request.body.role)
        return OneUser(user=await self._accounts.change(request.body.user_id, {"role": role}))

    async def set_password(self, request: Request[None, SetPassword]) -> Status:
        """Give a user another password; their sessions end, but for the one that asks."""
        body = request.body
        user = await self._accounts.get(body.user_id)
        await self._accounts.set_password(user.id, check_password(body.new_password))
        await self._mode.sessions.end_all(user.id, but=request.actor.session)
        self._mode.forget_first_password(user)
        return Status()

    async def ban_user(self, request: Request[None, BanUser]) -> OneUser:
        """Shut a user out, for some seconds or for good; their sessions end."""
        body = request.body
        if body.user_id == request.actor.user_id:
            raise invalid("YOU_CANNOT_BAN_YOURSELF", "You cannot ban yourself")
        span = body.ban_expires_in
        ends = None if span is None else int((datetime.now(UTC) + timedelta(seconds=span)).timestamp() * 1000)
        values = {"banned": True, "ban_reason": body.ban_reason or "No reason", "ban_expires": ends}
        return OneUser(user=await self._accounts.change(body.user_id, values))

    async def unban_user(self, request: Request[None, OfUser]) -> OneUser:
        """Let a user in again."""
        values = {"banned": False, "ban_reason": None, "ban_expires": None}
        return OneUser(user=await self._accounts.change(request.body.user_id, values))

    async def revoke_sessions(self, request: Request[None, OfUser]) -> Success:
        """End all sessions of a user."""
        user = await self._accounts.get(request.body.user_id)
        await self._mode.sessions.end_all(user.id)
        return Success()


def _columns(data: UserData) -> dict[str, Any]:
    """Return what a body says about a user, checked."""
    values = data.model_dump(exclude_unset=True)
    if "username" in values:
        values.setdefault("display_username", values["username"])
        values["username"] = check_username(values["username"])
    if "email" in values:
        values["email"] = check_email(values["email"])
    return values


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
}


def _chosen(users: list[User], query: UserQuery) -> list[User]:
    """Return the users that a query asks for."""
    if query.search_value:
        users = [user for user in users if _fits(user, query.search_field, query.search_operator, query.search_value)]
    if query.filter_field and query.filter_value is not None:
        users = [user for user in users if _fits(user, query.filter_field, query.filter_operator, query.filter_value)]
    if query.sort_by:
        field = query.sort_by
        users = sorted(users, key=lambda user: _text(user, field), reverse=query.sort_direction == "desc")
    return users


def _fits(user: User, field: str, operator: str, value: str) -> bool:
    return _OPERATORS[operator](_text(user, field).lower(), value.lower())


def _text(user: User, field: str) -> str:
    """Return a field of a user as text.

    Raises:
        BadRequest: users have no such field.
    """
    fields = user.model_dump(by_alias=True)
    if field not in fields:
        raise invalid("VALIDATION_ERROR", f"users have no field {field[:50]!r}; there are {', '.join(fields)}")
    value = fields[field]
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
