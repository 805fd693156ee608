"""Auth modes of third parties: one that is added to the bundled plugin, one that stands in its place."""

import hmac
from collections.abc import AsyncIterator

import aiohttp

from a_parallel_contracts import Actor, Credentials, Plugin, Request, Route, Unauthorized, get, hookimpl
from a_parallel_contracts.accounts import AccountHooks
from a_parallel_contracts.auth import AUTHENTICATOR
from a_parallel_contracts.plugin import Manifest, PluginContext
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.auth import AuthPlugin
from tests.plugins.auth.conftest import OpenHouse, WhoPlugin
from tests.plugins.auth.people import Person

PROXY_SECRET = "known to the proxy and to us"


def named_by_proxy(credentials: Credentials) -> Actor | None:
    """Believe a proxy that has signed its users in, and nobody else."""
    secret = credentials.headers.get("x-proxy-secret", "")
    user = credentials.headers.get("x-forwarded-user")
    if user is None:
        return None
    if not hmac.compare_digest(secret.encode(), PROXY_SECRET.encode()):
        raise Unauthorized("Only the proxy may say who you are")
    return Actor(f"proxy:{user}", "admin" if user == "root" else "user", session=f"proxy:{user}")


class ProxyPlugin(Plugin, AccountHooks):
    """Adds a proof of identity to those that there are."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def authenticate(self, ctx: PluginContext, credentials: Credentials) -> Actor | None:
        return named_by_proxy(credentials)

    @hookimpl
    async def account(self, ctx: PluginContext, user_id: str) -> Actor | None:
        return Actor(user_id) if user_id == "proxy:ann" else None


class SinglePlugin(Plugin):
    """Is the auth mode, instead of the bundled one."""

    manifest = Manifest(api="1.0", provides=(AUTHENTICATOR,))
    mode = "single-sign-on"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        ctx.provide(AUTHENTICATOR, self)
        yield

    async def authenticate(self, credentials: Credentials) -> Actor | None:
        return named_by_proxy(credentials)

    @hookimpl
    def routes(self, ctx: PluginContext) -> list[Route]:
        async def tell(request: Request) -> dict[str, str]:
            return {"mode": self.mode}

        return [get("/api/auth/mode", tell, access="public")]


def behind(user: str, secret: str = PROXY_SECRET) -> dict[str, str]:
    """Return the headers that a proxy adds."""
    return {"X-Forwarded-User": user, "X-Proxy-Secret": secret}


async def test_a_plugin_adds_a_proof_and_the_others_go_on_working(multi: OpenHouse) -> None:
    house = await multi({"proxy": ProxyPlugin})
    stranger = house.person()
    who = await stranger.call("GET", "/api/who", headers=behind("ann"))
    assert (who["user"], who["role"]) == ("proxy:ann", "user")
    assert (await stranger.answer("GET", "/api/ruler", headers=behind("ann"))).status == 403
    assert (await stranger.answer("GET", "/api/ruler", headers=behind("root"))).status == 200
    wrong = await stranger.answer("GET", "/api/who", headers=behind("ann", "guessed"))
    assert (wrong.status, wrong.json) == (401, {"error": "Only the proxy may say who you are"})
    assert (await stranger.answer("GET", "/api/who")).status == 401
    assert (await house.admin.answer("GET", "/api/ruler")).status == 200
    token = (await house.admin.post("/api/auth/tokens", name="CI", scopes=["read"]))["token"]
    assert (await Person(house.running, token=token).answer("GET", "/api/who")).status == 200


async def test_users_of_an_added_proof_have_access_tokens_and_sockets_too(kernel: KernelFactory) -> None:
    running = await kernel({"auth": AuthPlugin, "proxy": ProxyPlugin, "who": WhoPlugin}, authenticate=False)
    async with running.session.ws_connect(f"{running.url}/ws", headers=behind("ann")) as socket:
        assert not socket.closed
    tokens = {}
    for user in ("ann", "bob"):
        body = {"name": "CI", "scopes": ["run"]}
        made = await Person(running).call("POST", "/api/auth/tokens", json=body, headers=behind(user))
        tokens[user] = Person(running, token=made["token"])
    assert await tokens["ann"].get("/api/who") == {"user": "proxy:ann", "role": "user", "scopes": ["read", "run"]}
    assert (await tokens["bob"].answer("GET", "/api/who")).status == 401, "the plugin does not know him any more"


async def test_a_plugin_stands_in_the_place_of_the_bundled_one(kernel: KernelFactory) -> None:
    running = await kernel({"single": SinglePlugin, "who": WhoPlugin}, authenticate=False)
    stranger = Person(running)
    assert await stranger.get("/api/auth/mode") == {"mode": "single-sign-on"}
    assert (await stranger.call("GET", "/api/who", headers=behind("ann")))["user"] == "proxy:ann"
    assert (await stranger.answer("GET", "/api/who")).status == 401
    async with running.session.ws_connect(f"{running.url}/ws") as socket:
        message = await socket.receive(timeout=20)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4001)


class BrokenPlugin(Plugin, AccountHooks):
    """Fails whenever it is asked."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def authenticate(self, ctx: PluginContext, credentials: Credentials) -> Actor | None:
        raise RuntimeError("out of order")


async def test_a_proof_that_fails_lets_nobody_in_and_keeps_nobody_out(multi: OpenHouse) -> None:
    house = await multi({"broken": BrokenPlugin})
    assert (await house.person().answer("GET", "/api/who")).status == 401
    assert (await house.admin.answer("GET", "/api/who")).status == 200
    assert (await (await house.user("ann")).answer("GET", "/api/who")).status == 200
