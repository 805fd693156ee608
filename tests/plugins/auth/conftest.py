"""A server in multi-user mode."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from a_parallel_contracts import Request, Route, get, hookimpl, post
from a_parallel_contracts.plugin import Manifest, Plugin, PluginContext
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.auth import hashing
from tests.plugins.auth.people import PASSWORD, House, open_house

OpenHouse = Callable[..., Awaitable[House]]


class WhoPlugin(Plugin):
    """Tells who asks."""

    manifest = Manifest(api="1.0")

    @hookimpl
    def routes(self, ctx: PluginContext) -> list[Route]:
        async def tell(request: Request) -> dict[str, Any]:
            scopes = request.actor.scopes
            return {
                "user": request.actor.user_id,
                "role": request.actor.role,
                "scopes": None if scopes is None else sorted(scopes),
            }

        return [
            get("/api/who", tell),
            post("/api/who", tell),
            get("/api/ruler", tell, access="admin"),
            post("/api/ruler", tell, access="admin"),
        ]


@pytest.fixture
def multi(kernel: KernelFactory, monkeypatch: pytest.MonkeyPatch) -> OpenHouse:
    """Start servers in multi-user mode whose administrator has the usual password."""

    async def start(plugins: dict[str, type[Plugin]] | None = None, **options: Any) -> House:
        monkeypatch.setattr(hashing, "COST", 16)  # the hashes' own cost is not what is tested here
        monkeypatch.setenv("A_PARALLEL_ADMIN_PASSWORD", PASSWORD)
        return await open_house(kernel, {"who": WhoPlugin, **(plugins or {})}, password=PASSWORD, **options)

    return start


@pytest.fixture
async def house(multi: OpenHouse) -> House:
    """Return a server in multi-user mode with its administrator signed in."""
    return await multi()
