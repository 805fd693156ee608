"""``GET /api/health``, the one route of the kernel that a server answers without loading anything more."""

from typing import Literal

from a_parallel_contracts.http import Request, Route, get
from a_parallel_contracts.ids import now
from a_parallel_contracts.models import WireModel


class Alive(WireModel):
    """Answer of ``GET /api/health`` (``http-core.md`` §4.1)."""

    status: Literal["ok"] = "ok"
    timestamp: str


def alive_route() -> Route:
    """Return the route to mount."""

    async def alive(request: Request) -> Alive:
        """Tell that the server answers."""
        return Alive(timestamp=now())

    return get("/api/health", alive, access="public")
