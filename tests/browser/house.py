"""A server with the scripted agent and a sample project, and a client for setting scenes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from a_parallel_plugins.scripted.sample import make_sample
from tests.support.server import Server

SCRIPTED = '[plugins.agents]\nprovider = "scripted"\n[plugins.automations]\nzone = "Asia/Kolkata"\n'
PATIENCE = 30.0


class House:
    """One server for the tests of a module.

    Parameters:
        directory: private to it.
        client: directory of the built client.
        config: further configuration, as TOML.
        claude: program found as ``claude``; None for none at all.
    """

    def __init__(self, directory: Path, client: Path, config: str = "", claude: Path | None = None) -> None:
        self.repository = directory / "home" / "shop"
        self.server = Server(
            directory, claude=claude, config=f'{SCRIPTED}\n[plugins.web]\ndirectory = "{client}"\n{config}'
        )
        self.project_id = ""
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Where the server listens."""
        return self.server.base_url

    async def open(self) -> None:
        """Start the server."""
        await self.server.start()
        self._session = aiohttp.ClientSession(self.url, headers={"Authorization": f"Bearer {self.server.token}"})

    async def close(self) -> None:
        """End it."""
        if self._session:
            await self._session.close()
        await self.server.stop()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the parsed answer.

        Raises:
            AssertionError: the status is no success.
        """
        assert self._session
        async with self._session.request(method, path, json=body) as response:
            answer = await response.json()
            assert response.status < 400, f"{method} {path}: {response.status} {answer}"
            return answer

    async def add_project(self) -> str:
        """Make the sample repository a project and return its id."""
        await asyncio.to_thread(make_sample, self.repository)
        project = await self.call("POST", "/api/projects", {"name": "shop", "path": str(self.repository)})
        self.project_id = project["id"]
        return self.project_id

    async def thread(self, title: str, script: str, *, until: str | None = "completed", **more: Any) -> str:
        """Start a thread whose agent follows `script`; returns its id once it has the status `until`."""
        body: Mapping[str, Any] = {"projectId": self.project_id, "title": title, "mode": "worktree", "prompt": script}
        thread = await self.call("POST", "/api/threads", {**body, **more})
        id: str = thread["id"]
        if until:
            await self.until(id, until)
        return id

    async def until(self, thread_id: str, status: str) -> None:
        """Wait for a thread to have a status."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if (await self.call("GET", f"/api/threads/{thread_id}?limit=1"))["status"] == status:
                    return
                await asyncio.sleep(0.02)

    def path(self, thread_id: str) -> str:
        """Return the address of a thread's page."""
        return f"/projects/{self.project_id}/threads/{thread_id}"
