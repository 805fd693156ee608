"""The HTTP pipeline through a real socket: order, headers, CORS, limits, Host, access, errors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from a_parallel_contracts import (
    Actor,
    BadRequest,
    Conflict,
    FailedDependency,
    HookError,
    Request,
    Response,
    delete,
    get,
    patch,
    post,
    put,
)
from a_parallel_kernel.clients import HttpSettings
from tests.kernel.serving import BEARER, THINGS, TOKEN, Kernel, Served, Thing, serving, until

ORIGINS = ("http://localhost:5173", "tauri://localhost", "http://tauri.localhost")

SECURITY = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Origin-Agent-Cluster": "?1",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
}


async def ping(request: Request) -> dict[str, str]:
    return {"user": request.actor.user_id, "method": request.method}


async def fail(request: Request) -> None:
    raise RuntimeError("the password is hunter2")


async def show(request: Request[Thing]) -> Thing:
    return request.resource


def routes() -> list[Any]:
    return [
        get("/api/health", ping, access="public"),
        get("/api/ping", ping),
        get("/api/admin", ping, access="admin"),
        post("/api/ping", ping),
        get("/api/fail", fail),
        get("/api/things/{id}", show, loads=THINGS),
        get("/page", ping, access="public"),
    ]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(HttpSettings(origins=ORIGINS)) as running:
        running.server.mount("notes", routes())
        yield running


# --- headers and CORS -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "auth", "status"),
    [
        ("GET", "/api/health", False, 200),
        ("GET", "/api/ping", False, 401),
        ("GET", "/api/nothing", True, 404),
        ("GET", "/api/fail", True, 500),
        ("GET", "/page", False, 200),
        ("GET", "/nothing", False, 404),
        ("OPTIONS", "/api/ping", False, 204),
    ],
)
async def test_every_answer_carries_security_and_cors_headers(
    served: Served, method: str, path: str, auth: bool, status: int
) -> None:
    response = await served.call(method, path, auth=auth, headers={"Origin": ORIGINS[0]})
    assert response.status == status
    for name, value in SECURITY.items():
        assert response.headers[name] == value
    assert "Strict-Transport-Security" not in response.headers
    assert "X-Powered-By" not in response.headers
    assert "aiohttp" not in response.headers.get("Server", "")
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGINS[0]
    assert response.headers.getall("Vary") == ["Origin"]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://evil.example",
        "http://localhost:5174",
        "http://localhost",
        "HTTP://LOCALHOST:5173",
        "http://localhost:5173/",
        "http://localhost:5173.evil.example",
        "null",
        "*",
    ],
)
async def test_other_origins_are_served_but_not_allowed(served: Served, origin: str | None) -> None:
    response = await served.call("GET", "/api/ping", headers={"Origin": origin} if origin else {})
    assert response.status == 200
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Vary"] == "Origin"


async def test_preflights_are_answered_before_everything_else() -> None:
    kernel = Kernel(auth=None)
    async with serving(HttpSettings(origins=ORIGINS, rate_limit=1), kernel) as served:
        served.server.mount("notes", routes())
        for _ in range(3):
            response = await served.call(
                "OPTIONS",
                "/api/anything",
                auth=False,
                headers={"Origin": ORIGINS[1], "Access-Control-Request-Headers": "authorization,x-other"},
            )
            assert response.status == 204
            assert response.body == b""
            assert response.headers["Access-Control-Allow-Methods"] == "GET,HEAD,PUT,POST,DELETE,PATCH"
            assert response.headers["Access-Control-Allow-Headers"] == "authorization,x-other"
            assert response.headers["Vary"] == "Origin, Access-Control-Request-Headers"
            assert response.headers["Access-Control-Allow-Origin"] == ORIGINS[1]
        plain = await served.call("OPTIONS", "/", auth=False, headers={"Origin": "http://evil.example"})
        assert plain.status == 204
        assert "Access-Control-Allow-Headers" not in plain.headers
        assert "Access-Control-Allow-Origin" not in plain.headers


async def test_hsts_only_over_tls_and_only_from_a_proxy_that_is_trusted() -> None:
    async def told(trusted: tuple[str, ...]) -> bool:
        async with serving(HttpSettings(trusted_proxies=trusted)) as served:
            response = await served.call("GET", "/x", headers={"X-Forwarded-Proto": "https"})
            return "Strict-Transport-Security" in response.headers

    assert not await told(())
    assert await told(("127.0.0.0/8",))


async def test_headers_of_an_answer_win(served: Served) -> None:
    async def callback(request: Request) -> Response:
        headers = {"Cross-Origin-Opener-Policy": "unsafe-none", "Vary": "Accept"}
        return Response(b"<p>", content_type="text/html; charset=utf-8", headers=headers, cookies=("a=1", "b=2"))

    served.server.mount("oauth", [get("/api/callback", callback, access="public")])
    response = await served.call("GET", "/api/callback", auth=False)
    assert response.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert response.headers["Vary"] == "Accept, Origin"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers.getall("Set-Cookie") == ["a=1", "b=2"]


# --- rate limit -----------------------------------------------------------------------------------


async def test_over_the_limit_the_answer_tells_the_real_wait_and_costs_no_auth() -> None:
    kernel = Kernel()
    async with serving(HttpSettings(rate_limit=2), kernel) as served:
        served.server.mount("notes", routes())
        await served.call("GET", "/api/ping")
        kernel.clock.now += 10
        await served.call("GET", "/api/unknown")
        asked = len(kernel.auth.asked) if kernel.auth else 0
        kernel.clock.now += 5
        response = await served.call("GET", "/api/ping")
        assert (response.status, response.json()) == (429, {"error": "Too many requests"})
        assert response.headers["Retry-After"] == "45"
        assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert kernel.auth is not None
        assert len(kernel.auth.asked) == asked
        assert (await served.call("GET", "/api/health", auth=False)).status == 200
        assert (await served.call("GET", "/page", auth=False)).status == 200
        kernel.clock.now += 45
        assert (await served.call("GET", "/api/ping")).status == 200
        assert (await served.call("GET", "/api/ping")).status == 429


async def test_forwarding_headers_count_only_from_a_configured_proxy() -> None:
    async def statuses(trusted: tuple[str, ...]) -> list[int]:
        async with serving(HttpSettings(rate_limit=1, trusted_proxies=trusted)) as served:
            served.server.mount("notes", routes())
            forwarded = ["203.0.113.1", "203.0.113.2", "198.51.100.9, 203.0.113.1"]
            return [(await served.call("GET", "/api/ping", headers={"X-Forwarded-For": f})).status for f in forwarded]

    assert await statuses(()) == [200, 429, 429]
    assert await statuses(("127.0.0.1",)) == [200, 200, 429]


# --- Host ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:99", True),
        ("localhost.", True),
        ("127.0.0.1:3001", True),
        ("127.8.8.8", True),
        ("[::1]:3001", True),
        ("tauri.localhost", True),
        ("box.lan:80", True),
        ("example.org", True),
        ("evil.example", False),
        ("evil.example:3001", False),
        ("localhost.evil.example", False),
        ("evil@localhost", False),
        ("localhost#@evil", False),
        ("192.168.1.5", False),
        ("", False),
    ],
)
async def test_the_api_answers_only_to_its_own_names(host: str, allowed: bool) -> None:
    settings = HttpSettings(host="box.lan", origins=ORIGINS, allowed_hosts=("example.org:8443",))
    async with serving(settings) as served:
        served.server.mount("notes", routes())
        for path in ("/api/health", "/api/ping"):
            status, _, body = await served.get_raw(path, f"Host: {host}", f"Authorization: Bearer {TOKEN}")
            assert status == (200 if allowed else 403)
            assert allowed or b"allowed_hosts" in body
        assert (await served.get_raw("/page", f"Host: {host}"))[0] == 200
        status, _, body = await served.get_raw(f"/ws?token={TOKEN}", f"Host: {host}")
        assert status == (400 if allowed else 403)


async def test_two_host_headers_are_none() -> None:
    async with serving() as served:
        served.server.mount("notes", routes())
        status, _, _ = await served.get_raw("/api/health", "Host: localhost", "Host: evil.example")
        assert status in (400, 403)


# --- authentication and access --------------------------------------------------------------------


async def test_what_needs_credentials_and_what_does_not(served: Served) -> None:
    assert (await served.json("GET", "/api/health", auth=False))[0] == 200
    assert (await served.json("GET", "/api/health", headers={"Authorization": "Bearer nope"}))[0] == 200
    unauthorized = (401, {"error": "Unauthorized"})
    for method, path in [("GET", "/api/ping"), ("GET", "/api/unknown"), ("DELETE", "/api/x"), ("GET", "/api")]:
        assert await served.json(method, path, auth=False) == unauthorized
        assert await served.json(method, path, headers={"Authorization": "Bearer nope"}) == unauthorized
    assert await served.json("GET", "/api/ping") == (200, {"user": "__local__", "method": "GET"})


async def test_unknown_api_paths_and_methods_are_a_json_404(served: Served) -> None:
    for method, path in [
        ("GET", "/api/unknown"),
        ("DELETE", "/api/ping"),
        ("PUT", "/api/unknown/deep"),
        ("GET", "/api/ping/"),
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/api/Ping"),
    ]:
        assert await served.json(method, path) == (404, {"error": "Not found"})
    # A wrong method on a public path, and whatever lies below /api/auth, needs no credentials to be unknown.
    for method, path in [("POST", "/api/health"), ("GET", "/api/auth/unknown"), ("POST", "/api/auth/sign-in")]:
        assert await served.json(method, path, auth=False) == (404, {"error": "Not found"})


async def test_outside_of_the_api_unknown_paths_are_plain_text(served: Served) -> None:
    for method, path in [("GET", "/unknown"), ("POST", "/page"), ("GET", "/API/ping"), ("GET", "//etc/passwd")]:
        response = await served.call(method, path, auth=False)
        assert (response.status, response.body.decode()) == (404, "404 Not Found")
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_without_an_auth_mode_everything_but_public_paths_is_401(served: Served) -> None:
    served.kernel.auth = None
    assert (await served.json("GET", "/api/health"))[0] == 200
    assert (await served.json("GET", "/api/ping"))[0] == 401
    assert (await served.json("GET", "/api/unknown"))[0] == 401
    assert (await served.get_raw(f"/ws?token={TOKEN}"))[0] == 401


async def test_public_routes_know_who_asks_if_they_are_told(served: Served) -> None:
    assert (await served.json("GET", "/page", auth=False))[1]["user"] == ""
    assert (await served.json("GET", "/page"))[1]["user"] == "__local__"


async def test_levels_and_scopes(served: Served) -> None:
    assert served.kernel.auth is not None
    served.kernel.auth.actors = {
        "user": Actor("ann"),
        "admin": Actor("root", "admin"),
        "reader": Actor("root", "admin", scopes=frozenset({"read"})),
        "runner": Actor("ann", scopes=frozenset({"run"})),
        "ghost": Actor("", "anonymous"),
    }
    figures = get("/api/figures", ping, access="admin", scope="read")
    served.server.mount("scoped", [get("/api/scoped", ping, scope="admin"), figures])

    async def status(token: str, method: str, path: str) -> int:
        return (await served.call(method, path, headers={"Authorization": f"Bearer {token}"})).status

    assert await status("user", "GET", "/api/admin") == 403
    assert await status("admin", "GET", "/api/admin") == 200
    assert await status("reader", "GET", "/api/admin") == 403
    assert await status("reader", "GET", "/api/figures") == 200
    assert await status("user", "GET", "/api/figures") == 403
    assert await status("reader", "POST", "/api/ping") == 403
    assert await status("runner", "POST", "/api/ping") == 200
    assert await status("runner", "GET", "/api/ping") == 403
    assert await status("reader", "GET", "/api/scoped") == 403
    assert await status("ghost", "GET", "/api/ping") == 401


async def test_the_hook_authorize_sees_the_resource_and_may_refuse(served: Served) -> None:
    served.kernel.refused.add("POST /api/ping")
    assert (await served.json("POST", "/api/ping"))[0] == 403
    assert (await served.json("GET", "/api/things/t1"))[0] == 200
    assert served.kernel.authorized[-1][:2] == ("__local__", "GET /api/things/{id}")
    assert served.kernel.authorized[-1][2] == Thing(id="t1", owner_name="ann")


async def test_head_follows_get_without_a_body(served: Served) -> None:
    got, head = await served.call("GET", "/api/ping"), await served.call("HEAD", "/api/ping")
    assert head.status == 200
    assert head.body == b""
    assert head.headers["Content-Type"] == "application/json"
    assert abs(int(head.headers["Content-Length"]) - int(got.headers["Content-Length"])) == 1  # HEAD for GET
    assert (await served.call("HEAD", "/api/unknown")).status == 404
    assert (await served.call("HEAD", "/api/ping", auth=False)).status == 401


# --- resources ------------------------------------------------------------------------------------


async def test_what_belongs_to_others_answers_byte_for_byte_like_what_is_unknown(served: Served) -> None:
    assert served.kernel.auth is not None
    served.kernel.auth.actors = {TOKEN: Actor("ann")}
    assert await served.json("GET", "/api/things/t1") == (200, {"id": "t1", "ownerName": "ann"})
    _, headers, foreign = await served.get_raw("/api/things/t2", f"Authorization: Bearer {TOKEN}")
    _, other_headers, unknown = await served.get_raw("/api/things/t9", f"Authorization: Bearer {TOKEN}")
    headers.pop("date"), other_headers.pop("date")
    assert (headers, foreign) == (other_headers, unknown)
    assert foreign == b'{"error":"Thing not found"}'


async def test_a_service_that_does_not_run_is_no_fault_of_ours(served: Served) -> None:
    del served.kernel.services["things"]
    status, body = await served.json("GET", "/api/things/t1")
    assert status == 424
    assert "things" in body["error"]


# --- errors and states ----------------------------------------------------------------------------


async def test_an_unexpected_error_is_a_short_500_and_the_plugins_failure(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    assert await served.json("GET", "/api/fail") == (500, {"error": "Internal server error"})
    plugin, error = served.kernel.reports[-1]
    assert (plugin, type(error)) == ("notes", RuntimeError)
    assert any("notes" in record.getMessage() and record.exc_info for record in caplog.records)
    assert await served.json("GET", "/api/ping") == (200, {"user": "__local__", "method": "GET"})
    assert served.kernel.reports[-1] == ("notes", None)


async def test_refusals_are_answered_as_raised_and_no_failures(served: Served) -> None:
    async def refuse(request: Request) -> None:
        raise Conflict("taken", extra={"by": "ann"}, headers={"X-Hint": "other name"})

    async def depend(request: Request) -> None:
        raise FailedDependency("Claude CLI not installed", extra={"message": "install it"})

    async def hook(request: Request) -> None:
        raise HookError("broken", "release_thread", ValueError("secret"))

    served.server.mount("more", [get("/api/a", refuse), get("/api/b", depend), get("/api/c", hook)])
    response = await served.call("GET", "/api/a")
    assert (response.status, response.json()) == (409, {"error": "taken", "by": "ann"})
    assert response.headers["X-Hint"] == "other name"
    assert await served.json("GET", "/api/b") == (424, {"error": "Claude CLI not installed", "message": "install it"})
    assert await served.json("GET", "/api/c") == (500, {"error": "Internal server error"})
    assert [report for report in served.kernel.reports if report[0] == "more"] == [("more", None)] * 3


async def test_a_connection_error_of_the_handler_is_answered(served: Served) -> None:
    async def dial(request: Request) -> None:
        raise ConnectionRefusedError("nobody there")

    served.server.mount("more", [get("/api/dial", dial)])
    assert (await served.json("GET", "/api/dial"))[0] == 500


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("running", 200),
        ("degraded", 200),
        ("failed", 424),
        ("starting", 503),
        ("stopping", 503),
        ("disabled", 404),
        ("stopped", 404),
    ],
)
async def test_the_state_of_a_plugin_decides_what_its_routes_answer(served: Served, state: str, status: int) -> None:
    served.kernel.states["notes"] = state
    response = await served.call("GET", "/api/ping")
    body = response.json()
    assert response.status == status
    assert (status == 503) == ("Retry-After" in response.headers)
    if status in (424, 503):
        assert (body["plugin"], body["state"]) == ("notes", state)
    assert (await served.call("GET", "/api/ping", auth=False)).status == 401


async def test_plugins_come_and_go_while_the_server_runs(served: Served) -> None:
    assert (await served.json("GET", "/api/late"))[0] == 404
    served.server.mount("late", [get("/api/late", ping)])
    assert (await served.json("GET", "/api/late"))[0] == 200
    served.server.unmount("late")
    assert await served.json("GET", "/api/late") == (404, {"error": "Not found"})


async def test_a_failed_mount_leaves_nothing_behind(served: Served) -> None:
    with pytest.raises(NotADirectoryError):
        served.server.mount("late", [get("/api/late", ping)], static=Path("/nowhere"))
    assert (await served.json("GET", "/api/late"))[0] == 404


async def test_drain_waits_for_requests_in_flight(served: Served) -> None:
    entered, go, done = asyncio.Event(), asyncio.Event(), list[str]()

    async def slow(request: Request) -> str:
        entered.set()
        await go.wait()
        done.append("handler")
        return "done"

    served.server.mount("slow", [post("/api/slow", slow)])
    await served.server.drain("slow", 1)
    call = asyncio.create_task(served.call("POST", "/api/slow"))
    await entered.wait()
    await served.server.drain("slow", 0.01)
    assert done == []
    draining = asyncio.create_task(served.server.drain("slow", 10))
    go.set()
    await draining
    assert done == ["handler"]
    assert (await call).status == 200


async def test_a_client_that_hangs_up_does_not_stop_a_change_midway(served: Served) -> None:
    entered, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def change(request: Request) -> None:
        entered.set()
        await go.wait()
        done.set()

    served.server.mount("slow", [put("/api/slow", change)])
    call = asyncio.create_task(served.call("PUT", "/api/slow"))
    await entered.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: served.connections == 0)
    go.set()
    async with asyncio.timeout(5):
        await done.wait()


# --- answers --------------------------------------------------------------------------------------


async def test_nothing_to_say_is_still_json_and_204_is_never_sent(served: Served) -> None:
    async def nothing(request: Request) -> None:
        """Return nothing."""

    async def maybe(request: Request) -> Thing | None:
        return None

    async def empty(request: Request) -> Response:
        return Response(status=204)

    served.server.mount(
        "more",
        [delete("/api/a", nothing), get("/api/b", maybe), get("/api/c", empty), post("/api/d", ping, status=201)],
    )
    assert await served.json("DELETE", "/api/a") == (200, {"ok": True})
    assert await served.json("GET", "/api/b") == (200, None)
    assert await served.json("GET", "/api/c") == (200, {"ok": True})
    assert (await served.json("POST", "/api/d"))[0] == 201


async def test_models_lists_and_dicts_go_out_camel_case(served: Served) -> None:
    async def many(request: Request) -> dict[str, Any]:
        return {"things": [Thing(id="1", owner_name="a\ud800")], "snake_key": float("inf")}

    served.server.mount("more", [get("/api/many", many)])
    response = await served.call("GET", "/api/many")
    assert response.json() == {"things": [{"id": "1", "ownerName": "a\ud800"}], "snake_key": None}


async def until_cut(served: Served, path: str) -> bytes:
    """GET a path and return whatever arrives before the connection ends."""
    host, port = served.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := await reader.read(100_000):
            found += data
    writer.close()
    return found


async def test_a_streamed_answer_arrives_whole_or_is_cut(served: Served) -> None:
    closed = list[str]()

    async def chunks(fail_after: int) -> AsyncIterator[bytes]:
        try:
            for number in range(4):
                if number == fail_after:
                    raise RuntimeError("midway")
                yield b"x" * 1000
        finally:
            closed.append("closed")

    async def whole(request: Request) -> Response:
        return Response(chunks(9), content_type="text/plain")

    async def broken(request: Request) -> Response:
        return Response(chunks(2))

    async def stillborn(request: Request) -> Response:
        return Response(chunks(0))

    served.server.mount("more", [get("/api/w", whole), get("/api/b", broken), get("/api/s", stillborn)])
    response = await served.call("GET", "/api/w")
    assert len(response.body) == 4000
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert (await served.call("HEAD", "/api/w")).status == 200
    cut = await until_cut(served, "/api/b")
    assert cut.count(b"HTTP/1.1") == 1
    assert cut.startswith(b"HTTP/1.1 200")
    assert not cut.endswith(b"0\r\n\r\n")
    assert served.kernel.reports[-1][1] is not None
    assert (await served.json("GET", "/api/s"))[0] == 500
    assert closed == ["closed"] * 3


async def test_the_request_tells_who_calls_and_how(served: Served) -> None:
    seen = list[Request[None, None, None]]()

    async def look(request: Request) -> None:
        seen.append(request)

    served.server.mount("more", [get("/api/look/{name}", look)])
    await served.call(
        "GET", "/api/look/a%2Fb", headers={"Origin": "http://evil.example", "Cookie": "k=v; l=w", "X-One": "1"}
    )
    request = seen[0]
    assert request.params == {"name": "a/b"}
    assert request.peer == "127.0.0.1"
    assert request.peer_trusted
    assert not request.secure
    assert (request.origin_present, request.origin_allowed) == (True, False)
    assert request.cookies["k"] == "v"
    assert request.headers["x-one"] == "1"
    await served.call("GET", "/api/look/x", headers={"Origin": served.base})
    assert seen[1].origin_allowed


async def test_other_machines_are_trusted_only_if_the_settings_say_so() -> None:
    async def trusted(open_to_peers: bool) -> bool:
        settings = HttpSettings(open_to_peers=open_to_peers, trusted_proxies=("127.0.0.1",))
        seen = list[bool]()

        async def look(request: Request) -> None:
            seen.append(request.peer_trusted)

        async with serving(settings) as served:
            served.server.mount("more", [get("/api/look", look)])
            await served.call("GET", "/api/look", headers={"X-Forwarded-For": "203.0.113.7"})
        return seen[0]

    assert not await trusted(False)
    assert await trusted(True)


async def test_a_handler_that_raises_before_reading_a_huge_body_still_answers(served: Served) -> None:
    async def refuse(request: Request) -> None:
        raise BadRequest("no")

    served.server.mount("more", [patch("/api/refuse", refuse)])
    assert (await served.json("PATCH", "/api/refuse", data=b"x" * 3_000_000))[0] == 400


# --- odd requests ---------------------------------------------------------------------------------


async def test_requests_in_forms_that_browsers_do_not_send(served: Served) -> None:
    assert (await served.get_raw("http://localhost/api/health"))[0] == 200
    assert (await served.get_raw("/api/health?x=%zz"))[0] == 200
    assert (await served.get_raw("/api/%zz"))[0] == 401
    assert (await served.get_raw("/api/%ff", f"Authorization: Bearer {TOKEN}"))[2] == b'{"error":"Not found"}'
    assert (await served.get_raw("/%zz"))[0] == 404
    assert (await served.get_raw("/api/health#fragment"))[0] in (200, 400)
    assert (await served.raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))[0] == 204
    assert (await served.raw("BREW /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))[0] in (
        400,
        404,
    )
    assert (await served.raw("GET /api/health HTTP/1.0\r\n\r\n"))[0] == 403
    assert (await served.raw("GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n"))[0] == 200
    assert (await served.raw("nonsense\r\n\r\n"))[0] == 400
    assert (await served.json("GET", "/api/health"))[0] == 200


async def test_an_expected_100_continue_is_given(served: Served) -> None:
    assert (await served.call("POST", "/api/ping", data=b"{}", expect100=True)).status == 200


async def test_over_a_unix_socket_there_is_no_peer(served: Served, tmp_path: Path) -> None:
    seen = list[Request[None, None, None]]()

    async def look(request: Request) -> None:
        seen.append(request)

    served.server.mount("more", [get("/api/look", look)])
    path = tmp_path / "s"
    await web.UnixSite(served.runner, path).start()
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        session.get("http://localhost/api/look", headers=BEARER) as response,
    ):
        assert response.status == 200
    assert (seen[0].peer, seen[0].peer_trusted) == (None, True)
