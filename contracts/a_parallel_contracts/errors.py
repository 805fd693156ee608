"""Errors whose type says whose fault it is; each is answered as ``{"error": text}`` (``http-core.md`` §2.8)."""

from collections.abc import Mapping
from typing import Any, ClassVar


class ApiError(Exception):
    """An answer other than success.

    Parameters:
        message: what went wrong and what to do next; shown to users.
        extra: further keys of the answer's body, beside ``error``.
        headers: headers of the answer.
    """

    status: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


class BadRequest(ApiError):
    """400: the request cannot be fulfilled as it was made."""

    status = 400


class Unauthorized(ApiError):
    """401: no valid credentials."""

    status = 401


class Forbidden(ApiError):
    """403: known, but not allowed."""

    status = 403


class NotFound(ApiError):
    """404: there is no such thing, or it belongs to somebody else."""

    status = 404


class Conflict(ApiError):
    """409: the state of the thing does not allow it now."""

    status = 409


class PayloadTooLarge(ApiError):
    """413: the body is over the limit."""

    status = 413


class FailedDependency(ApiError):
    """424: something outside the server failed (the CLI, gh, git, a vanished directory, a stopped plugin)."""

    status = 424


class UnprocessableContent(ApiError):
    """422: well formed, but it contradicts what was sent before under the same ``Idempotency-Key``."""

    status = 422


class TooManyRequests(ApiError):
    """429: over the rate limit."""

    status = 429


class InternalError(ApiError):
    """500: a fault of ours."""


class ServiceUnavailable(ApiError):
    """503: a plugin is starting or stopping; try again."""

    status = 503


class InsufficientStorage(ApiError):
    """507: the disk is full."""

    status = 507


class HookError(Exception):
    """A plugin's hook raised something that is not an `ApiError`.

    Attributes:
        plugin: id of the plugin whose hook failed.
        hook: name of the hook.
    """

    def __init__(self, plugin: str, hook: str, cause: BaseException) -> None:
        super().__init__(f"{hook} of plugin {plugin} failed: {cause!r}")
        self.plugin = plugin
        self.hook = hook


class UndeclaredService(LookupError):
    """A plugin asked for a service, or offered one, that its manifest does not name."""
