"""What is told when an agent cannot be started (``http-core.md`` §6.2)."""

import logging

from a_parallel_contracts import ApiError, FailedDependency

log = logging.getLogger(__name__)

NOT_STARTED = "Failed to start agent"


def start_error(error: Exception) -> ApiError:
    """Return the answer to a start that failed with `error`.

    What a provider or a hook says passes through; anything else is outside the server as well, since
    both belong to others, and is logged.
    """
    if isinstance(error, FailedDependency) and "message" not in error.extra:
        return FailedDependency(NOT_STARTED, extra={**error.extra, "message": error.message})
    if isinstance(error, ApiError):
        return error
    if isinstance(error, TimeoutError):
        return FailedDependency(NOT_STARTED, extra={"message": str(error) or "It did not start in time"})
    log.error("an agent could not be started", exc_info=error)
    return FailedDependency(NOT_STARTED, extra={"message": str(error) or type(error).__name__})


def error_text(error: ApiError) -> str:
    """Return the most telling text of a failed start, for ``agent:error``."""
    return str(error.extra.get("details") or error.extra.get("message") or error.message)
