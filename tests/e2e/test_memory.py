"""A server that does the same again and again takes no more memory for it."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.memory import MEGABYTE, THERE, at_rest, resident
from tests.support.repository import make_repository
from tests.support.server import Server

SIZE = 16_000_000

pytestmark = pytest.mark.skipif(not THERE, reason="needs /proc")


async def a_round(session: aiohttp.ClientSession, project: str, size: int = SIZE) -> None:
    """Run an agent with a large output and many small ones, and read the whole conversation."""
    prompt = f"!flood 1 {size}\n!flood 200 500"
    body = {"projectId": project, "mode": "local", "prompt": prompt, "title": "large"}
    async with session.post("/api/threads", json=body) as answer:
        thread = (await answer.json())["id"]
    async with asyncio.timeout(60):
        while True:
            async with session.get(f"/api/threads/{thread}", params={"limit": "1", "clip": "10"}) as answer:
                if (await answer.json())["status"] == "completed":
                    break
            await asyncio.sleep(0.05)
    read = 0
    async with session.get(f"/api/threads/{thread}") as answer:
        async for chunk, _ in answer.content.iter_chunks():
            read += len(chunk)
    assert read > size
    await session.delete(f"/api/threads/{thread}")


async def test_memory_does_not_grow_from_round_to_round_and_what_was_large_is_given_back(tmp_path: Path) -> None:
    config = '[plugins.agents]\nprovider = "scripted"\n[plugins.scripted]\npace = 0\n'
    server = Server(tmp_path, config=config)
    await server.start()
    try:
        headers = {"Authorization": f"Bearer {server.token}"}
        async with aiohttp.ClientSession(server.base_url, headers=headers) as session:
            repository = make_repository(tmp_path / "demo", {"README.md": "# demo\n"})
            body = {"name": "demo", "path": str(repository.path)}
            async with session.post("/api/projects", json=body) as answer:
                project = (await answer.json())["id"]
            await a_round(session, project, 1000)
            began, held = resident(server.pid), list[int]()
            for _ in range(5):
                await a_round(session, project)
                held.append(await asyncio.to_thread(at_rest, server.pid, began + SIZE // 2))
        await server.stop()
    finally:
        server.end()
    assert held[4] - held[1] < 10 * MEGABYTE, held
    assert held[4] - began < SIZE // 2, (began, held)
