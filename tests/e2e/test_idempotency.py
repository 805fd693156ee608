"""A server that is killed while it makes a thread, and a client that sends the same request again."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server

CONFIG = '[plugins.agents]\nprovider = "scripted"\n'
DELAYS = (0.0, 0.008, 0.025)
"""Seconds between sending the request and killing the server: before, amid and after its transactions."""


class Sender:
    """Sends requests under keys, as a client does that tries again."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        """Send one request; the status is 0 if there was no answer."""
        headers = {"Authorization": f"Bearer {self.server.token}"} | ({"Idempotency-Key": key} if key else {})
        try:
            url = self.server.base_url + path
            async with self.session.request(method, url, json=body, headers=headers) as answer:
                return answer.status, await answer.json()
        except aiohttp.ClientError:
            return 0, None

    async def killed_meanwhile(self, delay: float, body: Any, key: str) -> tuple[int, Any]:
        """Make a thread while the server is killed; start it again afterwards."""
        sending = asyncio.create_task(self.call("POST", "/api/threads", body, key))
        await asyncio.sleep(delay)
        await self.server.kill()
        outcome = await sending
        await self.server.start()
        return outcome


async def test_a_thread_is_never_made_twice(server_factory: ServerFactory, tmp_path: Path) -> None:
    server = await server_factory(claude=None, config=CONFIG).start()
    async with aiohttp.ClientSession() as session:
        sender = Sender(server, session)
        path = str(make_repository(tmp_path / "demo").path)
        _, project = await sender.call("POST", "/api/projects", {"name": "demo", "path": path})
        for number, delay in enumerate(DELAYS):
            title = f"thread-{number}"
            body = {"projectId": project["id"], "mode": "local", "title": title, "prompt": "!stream one two three"}
            first, made = await sender.killed_meanwhile(delay, body, title)
            second, again = await sender.call("POST", "/api/threads", body, title)
            _, threads = await sender.call("GET", f"/api/threads?projectId={project['id']}")
            found = [thread["id"] for thread in threads if thread["title"] == title]
            assert second in (201, 409), again
            if second == 201:
                assert found == [again["id"]]
            else:
                assert again["outcome"] == "done"
                assert len(found) == 1
            if first == 201:
                assert (second, again["id"]) == (201, made["id"])
            runs = await sender.call("GET", f"/api/threads/{found[0]}") if found else (200, {"messages": []})
            assert sum(message["role"] == "user" for message in runs[1]["messages"]) <= 1
    await server.stop()
