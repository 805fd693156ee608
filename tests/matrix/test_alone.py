"""Each plugin switched off alone, in a real server process: it leaves no trace, and the client does not mind."""

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.contract.client import Client
from tests.matrix.bundle import IDS, MANIFESTS, expected_states, has_authenticator, routes_of
from tests.support.fixtures import ServerFactory
from tests.support.server import Server

CONFIG = '[plugins.agents]\nprovider = "scripted"\n'


def rows_of(database: Path, id: str) -> dict[str, list[Any]]:
    """Return every row of a plugin's tables."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        own = [name for name in names if name.startswith(f"{id}_") or name in MANIFESTS[id].tables]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in own}
    finally:
        connection.close()


async def call(server: Server, method: str, path: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{server.base_url}{path}") as answer,
    ):
        return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Return the data directory that a server with every plugin has left, and the description of its routes."""
    server = Server(tmp_path_factory.mktemp("whole"), config=CONFIG)

    async def life() -> Any:
        await server.start()
        _, document = await call(server, "GET", "/api/kernel/openapi.json")
        await server.stop()
        return document

    try:
        return server.data_directory, asyncio.run(life())
    finally:
        server.end()


@pytest.mark.parametrize("id", IDS)
async def test_a_plugin_is_off_without_a_trace(id: str, server_factory: ServerFactory, whole: tuple[Path, Any]) -> None:
    left, document = whole
    server = server_factory(config=CONFIG, arguments=["--disable", id])
    shutil.copytree(left, server.data_directory)
    before = rows_of(server.data_directory / "data.db", id)
    await server.start()
    expected = expected_states({id})
    if has_authenticator(expected):
        _, listed = await call(server, "GET", "/api/kernel/plugins")
        assert {plugin["id"]: plugin["state"] for plugin in listed["plugins"]} == expected
        reasons = {plugin["id"]: plugin["error"] for plugin in listed["plugins"] if plugin["state"] == "blocked"}
        assert all("needs" in reason for reason in reasons.values())
        await check_routes(server, document, [name for name, state in expected.items() if state != "running"])
        await check_client(server)
    else:
        assert (await call(server, "GET", "/api/projects"))[0] == 401
        assert (await call(server, "GET", "/api/health"))[0] == 200
    await server.stop()
    assert rows_of(server.data_directory / "data.db", id) == before


async def check_routes(server: Server, document: Any, away: list[str]) -> None:
    for method, path in routes_of(document, away):
        assert (path, *await call(server, method, path)) == (path, 404, {"error": "Not found"})


async def check_client(server: Server) -> None:
    async with Client(server.base_url) as client:
        assert not client.circuit.overlay, client.circuit.faults
