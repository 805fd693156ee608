"""Pages that come, go and come back: several at once, reconnects, the overlay."""

import asyncio
from pathlib import Path

import aiohttp

from tests.contract.client import Client
from tests.support.repository import make_repository
from tests.support.server import Server


async def test_two_pages_see_the_same(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as first, Client(server.base_url) as second:
        project = await first.register(str(repository.path), "demo")
        await second.load_projects()
        thread = await first.start(project, "slow 1 then tools 5", mode="local")
        assert thread is not None, first.screen.toasts
        await second.load_threads(project)
        await second.load_thread(thread)
        one = await first.until_status(thread, "completed")
        two = await second.until_status(thread, "completed")
        await first.until(lambda screen: screen.drawn, "the last frame")
        await second.until(lambda screen: screen.drawn, "the last frame")
        assert [tool.output for tool in two.tools] == [tool.output for tool in one.tools]
        assert two.texts == one.texts


async def test_a_page_that_was_away_during_a_run_shows_its_outcome(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as watching, Client(server.base_url, reconnect_delay=1.0) as away:
        project = await watching.register(str(repository.path), "demo")
        thread = await watching.start(project, "slow 0.5 then edit a.txt", mode="local")
        assert thread is not None, watching.screen.toasts
        await away.load_projects()
        await away.load_thread(thread)
        await away.drop_connection()
        shown = await watching.until_status(thread, "completed")
        await away.until(lambda screen: away.connections >= 2, "the reconnect")
        again = await away.until_status(thread, "completed")
        assert again.texts == shown.texts
        assert [tool.name for tool in again.tools] == ["Write"]


async def test_a_server_that_is_away_covers_the_ui_until_it_is_back(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        await page.register(str(repository.path), "demo")
        await server.stop()
        for _ in range(3):
            reply = await page.act("GET", "/api/projects")
            assert reply.status == 0
        assert page.circuit.overlay
        assert not await page.api.probe()
        await server.start()
        assert await page.api.probe()
        assert not page.circuit.overlay
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        await page.reload()
        assert [project["name"] for project in page.screen.projects] == ["demo"]


async def test_shutdown_tells_the_page_that_the_server_goes_away(server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.base_url}/ws?token={server.token}") as socket,
    ):
        stopping = asyncio.create_task(server.stop())
        async for _ in socket:
            pass
        await stopping
        assert socket.close_code == 1001


async def test_garbage_on_the_socket_is_ignored(server: Server) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.base_url}/ws?token={server.token}") as socket,
    ):
        for text in ("no json", "[]", "5", "{}", '{"type": 5}', '{"type": "nope", "data": 1}', '{"type": "pty:spawn"}'):
            await socket.send_str(text)
        await socket.send_bytes(b"\xff\x00")
        await socket.ping()
        await socket.send_str('{"type": "nope", "data": {}}')
        async with session.get(f"{server.base_url}/api/health") as response:
            assert response.status == 200
        assert not socket.closed
