"""A server that does the same again and again takes no more memory for it."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.repository import make_repository
from tests.support.server import Server

STATUS = Path("/proc/self/status")
SIZE = 4_000_000
MEGABYTE = 1024
"""Kibibytes, roughly."""

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="needs /proc")


def resident(pid: int) -> int:
    """Return the kibibytes of memory that a process holds (proc(5), ``VmRSS``)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


async def a_round(session: aiohttp.ClientSession, project: str) -> None:
    """Run an agent with large words and a large output, and read the whole conversation."""
    prompt = f"!flood 2 {SIZE}\n!flood 200 500"
    body = {"projectId": project, "mode": "local", "prompt": prompt, "title": "large"}
    async with session.post("/api/threads", json=body) as answer:
        thread = (await answer.json())["id"]
    async with asyncio.timeout(60):
        while True:
            async with session.get(f"/api/threads/{thread}", params={"limit": "1", "clip": "10"}) as answer:
                if (await answer.json())["status"] == "completed":
                    break
            await asyncio.sleep(0.05)
    size = 0
    async with session.get(f"/api/threads/{thread}") as answer:
        async for chunk, _ in answer.content.iter_chunks():
            size += len(chunk)
    assert size > 4 * SIZE
    await session.delete(f"/api/threads/{thread}")


async def test_memory_does_not_grow_between_the_second_and_the_fifth_round(tmp_path: Path) -> None:
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
            held = []
            for _ in range(5):
                await a_round(session, project)
                held.append(resident(server.pid))
        await server.stop()
    finally:
        server.end()
    assert held[4] - held[1] < 10 * MEGABYTE, held
