"""Bodies and answers of the routes below ``/api/auth`` in multi-user mode (``http-features.md`` §9.3)."""

from typing import Literal

from pydantic import Field

from a_parallel_contracts import Omissible, WireModel
from a_parallel_plugins.auth.people import User

LONGEST = 4096


class SignInByName(WireModel):
    """Body of ``POST /api/auth/sign-in/username``."""

    username: str = Field(max_length=LONGEST)
    password: str = Field(max_length=LONGEST)
    remember_me: bool = True


class SignInByEmail(WireModel):
    """Body of ``POST /api/auth/sign-in/email``."""

    email: str = Field(max_length=LONGEST)
    password: str = Field(max_length=LONGEST)
    remember_me: bool = True


class TokenAndUser(WireModel):
    """A session has begun, or goes on."""

    token: str | None
    user: User


class Redirect(TokenAndUser):
    """Answer of ``POST /api/auth/sign-in/email``."""

    redirect: bool = False


class Success(WireModel):
    """``{"success": true}``."""

    success: Literal[True] = True


class Status(WireModel):
    """``{"status": true}``."""

    status: Literal[True] = True


class ChangePassword(WireModel):
    """Body of ``POST /api/auth/change-password``."""

    current_password: str = Field(max_length=LONGEST)
    new_password: str = Field(max_length=LONGEST)
    revoke_other_sessions: bool = False


class UpdateSelf(WireModel):
    """Body of ``POST /api/auth/update-user``."""

    name: Omissible[str] = Field(default=None, min_length=1, max_length=100)
    image: str | None = Field(default=None, max_length=LONGEST)


class UserQuery(WireModel):
    """Query of ``GET /api/auth/admin/list-users``."""

    limit: int | None = Field(default=None, ge=0)
    offset: int | None = Field(default=None, ge=0)
    search_value: str | None = None
    search_field: Literal["email", "name"] = "email"
    search_operator: Literal["contains", "starts_with", "ends_with"] = "contains"
    sort_by: str | None = None
    sort_direction: Literal["asc", "desc"] = "asc"
    filter_field: str | None = None
    filter_value: str | None = None
    filter_operator: Literal["eq", "ne", "lt", "lte", "gt", "gte"] = "eq"


class UserList(WireModel):
    """Answer of ``GET /api/auth/admin/list-users``."""

    users: list[User]
    total: int
    limit: int | None = None
    offset: int | None = None


class ById(WireModel):
    """Query of ``GET /api/auth/admin/get-user``."""

    id: str


class UserData(WireModel):
    """Further columns of a user."""

    username: Omissible[str] = None
    display_username: Omissible[str] = None
    name: Omissible[str] = Field(default=None, min_length=1, max_length=100)
    email: Omissible[str] = None
    image: str | None = Field(default=None, max_length=LONGEST)


class CreateUser(WireModel):
    """Body of ``POST /api/auth/admin/create-user``."""

    email: str
    name: str = Field(min_length=1, max_length=100)
    password: Omissible[str] = Field(default=None, max_length=LONGEST)
    role: str | list[str] = "user"
    data: UserData = UserData()


class OneUser(WireModel):
    """``{"user": …}``."""

    user: User


class RemoveUser(WireModel):
    """Body of ``POST /api/auth/admin/remove-user``.

    Attributes:
        user_id: who goes.
        transfer_to: who gets the projects, threads and automations; the administrator who asks, by default.
    """

    user_id: str
    transfer_to: Omissible[str] = None


class OfUser(WireModel):
    """A body that names a user."""

    user_id: str


class SetPassword(OfUser):
    """Body of ``POST /api/auth/admin/set-user-password``."""

    new_password: str = Field(max_length=LONGEST)


class SetRole(OfUser):
    """Body of ``POST /api/auth/admin/set-role``."""

    role: str | list[str]


class UpdateUser(OfUser):
    """Body of ``POST /api/auth/admin/update-user``."""

    data: UserData


class BanUser(OfUser):
    """Body of ``POST /api/auth/admin/ban-user``; `ban_expires_in` is in seconds, and without it for good."""

    ban_reason: Omissible[str] = Field(default=None, max_length=500)
    ban_expires_in: Omissible[int] = Field(default=None, gt=0)
