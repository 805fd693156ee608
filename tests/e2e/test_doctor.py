"""The doctor on a data directory whose server was killed."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.fixtures import ServerFactory
from tests.support.processes import alive
from tests.support.repository import make_repository
from tests.support.server import Server

CONFIG = '[plugins.agents]\nprovider = "scripted"\nmax_runs = 1\n'


async def doctor(server: Server, *words: str) -> tuple[int, dict[str, Any]]:
    """Run ``a-parallel doctor`` and return its exit status and its open findings by check."""
    command = ["doctor", "--json", "--config", str(server.config_file), *words]
    process = Server(server.home.parent, claude=None, config=CONFIG, command=command)
    process.spawn()
    status = await process.exited()
    findings = json.loads(process.log.text)["findings"]
    return status, {each["check"]: each for each in findings if each["severity"] != "info"}


@pytest.fixture
async def server(server_factory: ServerFactory) -> Server:
    return await server_factory(config=CONFIG).start()


async def test_what_a_killed_server_left_is_found_and_repaired_without_starting_anything(
    server: Server, tmp_path: Path
) -> None:
    repository = make_repository(tmp_path / "demo", {"README.md": "# demo\n"})
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(server.base_url, headers=headers) as session:

        async def post(path: str, body: dict[str, Any]) -> Any:
            async with session.post(path, json=body) as answer:
                return await answer.json()

        project = (await post("/api/projects", {"name": "demo", "path": str(repository.path)}))["id"]
        body = {"projectId": project, "mode": "worktree", "title": "Fix it", "baseBranch": "main"}
        busy = await post("/api/threads", {**body, "prompt": "!bash sleep 300"})
        queued = await post("/api/threads", {**body, "prompt": "!say later"})
        sleeper = await server.until_command("sleep 300")
        await server.kill()

    status, found = await doctor(server)
    assert (status, set(found)) == (1, {"orphan-process"})
    assert alive(sleeper), "examining ends nothing"
    status, found = await doctor(server, "--repair")
    assert (status, found["orphan-process"]["repaired"]) == (0, True)
    assert not alive(sleeper)
    assert await doctor(server) == (0, {})
    assert server.leftovers() == {}, "nothing that waited was started"

    await server.start()
    async with aiohttp.ClientSession(server.base_url, headers=headers) as session:
        async with session.get(f"/api/threads/{busy['id']}") as answer:
            assert (await answer.json())["status"] == "interrupted"
        while True:
            async with session.get(f"/api/threads/{queued['id']}") as answer:
                if (await answer.json())["status"] == "completed":
                    break
    await server.stop()
