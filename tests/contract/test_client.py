"""The client's transport against a server that is played by the test: what it asks for, and when."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.contract.client import Client
from tests.contract.shown import Breach

ROW = {
    "id": "t1",
    "projectId": "p1",
    "title": "Do it",
    "mode": "local",
    "status": "running",
    "stage": "in_progress",
    "archived": False,
    "pinned": False,
}


class Played:
    """A server that answers from a table and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.answers: dict[str, Any] = {
            "/api/auth/mode": {"mode": "local"},
            "/api/auth/token": {"token": "secret"},
            "/api/setup/status": {"claudeCli": {"available": True}},
            "/api/projects": [{"id": "p1", "name": "demo"}],
            "/api/threads": [ROW],
            "/api/git/status": {"statuses": []},
            "/api/threads/t1": {**ROW, "messages": []},
            "/api/threads/t1/message": {"ok": True},
        }
        self.base_url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.path == "/ws":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            self.sockets.append(socket)
            async for _ in socket:
                pass
            return socket
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.answers.get(request.path)
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], text=answer[1])
        return web.json_response({"error": "Not found"}, status=404) if answer is None else web.json_response(answer)

    async def send(self, kind: str, thread: str = "t1", **data: Any) -> None:
        """Send a frame to the last page that connected."""
        await self.sockets[-1].send_json({"type": kind, "threadId": thread, "data": data})


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    server = Played()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


async def test_the_boot_calls_and_their_headers(played: Played) -> None:
    async with Client(played.base_url):
        assert played.asked[:6] == [
            "GET /api/auth/mode",
            "GET /api/auth/token",
            "GET /api/setup/status",
            "GET /api/projects",
            "GET /api/threads?projectId=p1&includeArchived=true",
            "GET /api/git/status?projectId=p1",
        ]
        assert played.asked[6] == "GET /ws?token=secret"
        assert "GET /api/threads?projectId=p1&includeArchived=true" in played.asked[7:]
    assert all(headers["content-type"] == "application/json" for headers in played.headers)
    assert [headers.get("authorization") for headers in played.headers[:3]] == [None, None, "Bearer secret"]


async def test_a_closed_socket_is_opened_again_and_everything_loaded(played: Played) -> None:
    async with Client(played.base_url) as page:
        await page.load_thread("t1")
        played.asked.clear()
        played.answers["/api/threads/t1"] = {**ROW, "status": "completed", "messages": []}
        await played.sockets[-1].close(code=1013)
        await page.until(lambda screen: page.connections == 2, "the reconnect")
        assert played.asked == [
            "GET /ws?token=secret",
            "GET /api/threads?projectId=p1&includeArchived=true",
            "GET /api/threads/t1",
        ]
        assert page.shown("t1").status == "completed"


async def test_the_own_message_is_on_screen_before_the_server_answers(played: Played) -> None:
    async with Client(played.base_url) as page:
        await page.load_thread("t1")
        assert (await page.send("hello")).ok
        assert page.shown("t1").texts == [("user", "hello")]


async def test_a_result_reloads_the_list_and_the_diff(played: Played) -> None:
    async with Client(played.base_url) as page:
        await page.load_thread("t1")
        played.asked.clear()
        await played.send("agent:result", status="completed", cost=1, duration=1, stage="review")
        await page.until_status("t1", "completed")
        await page.until(lambda screen: "GET /api/git/t1/diff" in played.asked, "the diff")
        assert "GET /api/threads?projectId=p1&includeArchived=true" in played.asked


async def test_what_breaks_the_client_fails_the_test_that_uses_it(played: Played) -> None:
    page = await Client(played.base_url).boot()
    await page.load_thread("t1")
    await played.send("agent:status", status="sleeping")
    with pytest.raises(Breach):
        await page.until(lambda screen: False, "a breach")
    with pytest.raises(Breach):
        page.shown("t1")
    await page.leave()


async def test_three_server_faults_cover_the_page_and_4xx_do_not(played: Played) -> None:
    async with Client(played.base_url) as page:
        for _ in range(5):
            assert (await page.act("GET", "/api/nope")).error == "Not found"
        assert not page.circuit.overlay
        played.answers["/api/nope"] = (500, "oops")
        for _ in range(3):
            assert (await page.act("GET", "/api/nope")).error == "HTTP 500"
        assert page.circuit.overlay
        assert len(page.screen.toasts) == 8


async def test_a_success_without_json_is_a_breach(played: Played) -> None:
    played.answers["/api/nope"] = (200, "")
    async with Client(played.base_url) as page:
        with pytest.raises(Breach):
            await page.act("GET", "/api/nope")
