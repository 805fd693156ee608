"""``/api/auth/*`` in local mode, and what its token opens."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from a_parallel_contracts import ANONYMOUS, Forbidden, Request, Route, get, hookimpl, post
from a_parallel_contracts.plugin import Manifest, Plugin, PluginContext
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.auth import AuthPlugin
from a_parallel_plugins.auth.local import LocalMode, refuse_strangers

OPEN = "/api/browse/open-directory"
TERMINAL = "/api/browse/open-terminal"
EDITOR = "/api/browse/open-in-editor"


class OpenersPlugin(Plugin):
    manifest = Manifest(api="1.0")

    @hookimpl
    def routes(self, ctx: PluginContext) -> list[Route]:
        async def tell(request: Request) -> dict[str, str]:
            return {"user": request.actor.user_id, "role": request.actor.role}

        return [get("/api/who", tell), *(post(path, tell) for path in (OPEN, TERMINAL, EDITOR))]


@pytest.fixture
async def running(kernel: KernelFactory) -> Any:
    started = await kernel({"auth": AuthPlugin, "openers": OpenersPlugin}, authenticate=False)
    started.expect_running("auth")
    return started


async def anonymous(running: Any, method: str, path: str, **options: Any) -> Any:
    return await running.client.acting_as(None).answer(method, path, **options)


async def token_of(running: Any) -> str:
    return str((await anonymous(running, "GET", "/api/auth/token")).json["token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_mode_is_told_to_everybody(running: Any) -> None:
    answer = await anonymous(running, "GET", "/api/auth/mode", headers={"Origin": "http://evil.example"})
    assert (answer.status, answer.json) == (200, {"mode": "local"})


async def test_the_token_opens_the_api_as_the_local_admin(running: Any) -> None:
    answer = await anonymous(running, "GET", "/api/auth/token")
    assert (answer.status, set(answer.json)) == (200, {"token"})
    assert answer.headers["Cache-Control"] == "no-store"
    who = await anonymous(running, "GET", "/api/who", headers=bearer(answer.json["token"]))
    assert who.json == {"user": "__local__", "role": "admin"}


async def test_the_token_is_the_one_in_the_file_and_outlives_a_restart(kernel: KernelFactory, tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        started = await kernel({"auth": AuthPlugin}, authenticate=False, data_directory=tmp_path / "data")
        tokens.append(await token_of(started))
        await started.stop()
    assert tokens == [(tmp_path / "data" / "auth-token").read_text()] * 2


@pytest.mark.parametrize(
    "headers",
    [{}, bearer("wrong"), bearer("é" + "0" * 63), {"Authorization": "Basic x"}, {"Cookie": "token=x"}],
)
async def test_nothing_else_opens_the_api(running: Any, headers: dict[str, str]) -> None:
    for path in ("/api/who", "/api/unknown", f"/api/who?token={await token_of(running)}"):
        answer = await anonymous(running, "GET", path, headers=headers)
        assert (answer.status, answer.json) == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize("path", ["/api/auth/unknown", "/api/auth/sign-in/username"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_other_paths_of_authentication_do_not_exist(running: Any, method: str, path: str) -> None:
    answer = await anonymous(running, method, path)
    assert (answer.status, answer.json) == (404, {"error": "Not found"})


STRANGERS = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
    {"X-Forwarded-For": "203.0.113.7"},
    {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"},
    {"X-Real-IP": "203.0.113.7"},
    {"Forwarded": "for=203.0.113.7"},
]


async def test_the_token_is_not_given_to_strangers(running: Any) -> None:
    for headers in STRANGERS:
        answer = await anonymous(running, "GET", "/api/auth/token", headers=headers)
        assert answer.status == 403
        assert set(answer.json) == {"error"}
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:5173"},
        {"Origin": "tauri://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "::ffff:127.0.0.1"},
    ],
)
async def test_the_token_is_given_to_pages_of_ours(running: Any, headers: dict[str, str]) -> None:
    assert (await anonymous(running, "GET", "/api/auth/token", headers=headers)).status == 200


async def test_the_token_is_given_to_a_page_of_this_server(running: Any) -> None:
    answer = await anonymous(running, "GET", "/api/auth/token", headers={"Origin": running.url})
    assert answer.status == 200


async def test_the_token_is_shared_with_other_machines_when_a_setting_says_so(kernel: KernelFactory) -> None:
    started = await kernel({"auth": AuthPlugin}, authenticate=False, settings={"plugins.auth.share_token": True})
    remote = {"X-Forwarded-For": "203.0.113.7"}
    assert (await anonymous(started, "GET", "/api/auth/token", headers=remote)).status == 200
    evil = {"Origin": "http://evil.example"}
    assert (await anonymous(started, "GET", "/api/auth/token", headers=evil)).status == 403


@pytest.mark.parametrize(
    ("trusted", "share", "given"), [(True, False, True), (False, False, False), (False, True, True)]
)
def test_who_asks_from_another_machine_needs_the_setting(trusted: bool, share: bool, given: bool) -> None:
    request = Request[None, None, None](ANONYMOUS, None, None, None, {}, peer="203.0.113.7", peer_trusted=trusted)
    if given:
        refuse_strangers(request, share=share)
    else:
        with pytest.raises(Forbidden, match="share_token"):
            refuse_strangers(request, share=share)


async def test_the_cookie_opens_directories_and_terminals_and_nothing_else(running: Any) -> None:
    answer = await anonymous(running, "GET", "/api/auth/token")
    header = answer.headers["Set-Cookie"]
    value, *attributes = header.split("; ")
    assert attributes == ["Path=/api/browse/", "HttpOnly", "SameSite=Strict"]
    assert answer.json["token"] not in header
    page = {"Cookie": value, "Origin": running.url}
    for path in (OPEN, TERMINAL):
        assert (await anonymous(running, "POST", path, headers=page)).json["user"] == "__local__"
        assert (await anonymous(running, "POST", path, headers={"Cookie": value})).status == 401
        evil = {"Cookie": value, "Origin": "http://evil.example"}
        assert (await anonymous(running, "POST", path, headers=evil)).status == 401
    assert (await anonymous(running, "POST", EDITOR, headers=page)).status == 401
    assert (await anonymous(running, "GET", "/api/who", headers=page)).status == 401


async def test_the_websocket_opens_with_the_token_in_its_address(running: Any) -> None:
    async with running.session.ws_connect(f"{running.url}/ws?token={await token_of(running)}") as socket:
        assert not socket.closed
    for query in ("", "?token=", "?token=wrong"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await running.session.ws_connect(f"{running.url}/ws{query}")
        assert refused.value.status == 401


async def test_the_cookie_is_marked_secure_over_tls() -> None:
    (route,) = LocalMode("token").routes(share=False)
    answer = await route.handler(Request[None, None, None](ANONYMOUS, None, None, None, {}, secure=True))
    assert answer.cookies[0].endswith("; SameSite=Strict; Secure")
