"""Errors in the form that clients of Better Auth read: ``code`` and ``message`` beside ``error`` (§9.1)."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from a_parallel_contracts import ApiError, BadRequest, Forbidden, NotFound, TooManyRequests, Unauthorized

Refusal = Callable[[ApiError], ApiError]


class Unprocessable(ApiError):
    """422: a value breaks a rule of its own."""

    status: ClassVar[int] = 422


class UnsupportedMediaType(ApiError):
    """415: the body is not JSON."""

    status: ClassVar[int] = 415


def failure(kind: type[ApiError], code: str, message: str, *, headers: Mapping[str, str] | None = None) -> ApiError:
    """Return an error with `code` and `message`, as the library of the reference server words them."""
    return kind(message, extra={"code": code, "message": message}, headers=headers)


def invalid(code: str, message: str) -> ApiError:
    """Return a 400."""
    return failure(BadRequest, code, message)


def unknown_user() -> ApiError:
    """Return the 404 of every route that names a user."""
    return failure(NotFound, "USER_NOT_FOUND", "User not found")


_CODES: Mapping[type[ApiError], str] = {
    BadRequest: "VALIDATION_ERROR",
    Unauthorized: "UNAUTHORIZED",
    Forbidden: "FORBIDDEN",
    TooManyRequests: "TOO_MANY_REQUESTS",
}


def reformed(error: ApiError) -> ApiError:
    """Add ``code`` and ``message`` to what has none."""
    if "code" in error.extra or error.status >= 500:
        return error
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "ERROR")
    return type(error)(
        error.message, extra={**error.extra, "code": code, "message": error.message}, headers=error.headers
    )


def forbidding(action: str) -> Refusal:
    """Return what words a refused administrator's route as the library does, e.g. for ``LIST_USERS``."""
    words = action.lower().replace("_", " ").replace("users ", "users' ")

    def refuse(error: ApiError) -> ApiError:
        if isinstance(error, Forbidden) and "code" not in error.extra:
            code = f"YOU_ARE_NOT_ALLOWED_TO_{action}"
            return Forbidden(error.message, extra={"code": code, "message": f"You are not allowed to {words}"})
        return reformed(error)

    return refuse
