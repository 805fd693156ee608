"""A running kernel with the commands plugin on real projects and shells."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel, WebSocket
from tests.plugins.git.conftest import home
from tests.support.repository import make_repository

__all__ = ["home"]

INSTALLED = ("hosts", "git", "projects", "commands")
FINAL = ("exited", "stopped")


@dataclass
class Shop:
    """A project, and a page that watches."""

    running: RunningKernel
    project: dict[str, Any]
    page: WebSocket
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.running.client

    @property
    def base(self) -> str:
        return f"/api/projects/{self.project['id']}/commands"

    @property
    def directory(self) -> Path:
        return Path(self.project["path"])

    async def add(self, command: str, label: str = "Run") -> str:
        """Store a command and return its id."""
        made = await self.client.post(self.base, json={"label": label, "command": command})
        return str(made["id"])

    async def start(self, id: str) -> None:
        assert await self.client.post(f"{self.base}/{id}/start") == {"ok": True}

    async def stop(self, id: str) -> None:
        assert await self.client.post(f"{self.base}/{id}/stop") == {"ok": True}

    async def begin(self, command: str) -> str:
        """Store and start a command."""
        id = await self.add(command)
        await self.start(id)
        return id

    async def output(self, id: str, needle: str) -> str:
        """Return what the command has written up to the frame that completes `needle`."""
        written = "".join(frame["data"]["data"] for frame in self.frames(id, "command:output"))
        while needle not in written:
            written += (await self.page.receive("command:output", commandId=id))["data"]["data"]
        return written

    async def final(self, id: str) -> dict[str, Any]:
        """Return the next final status of the command."""
        number = self.seen.get(id, 0)
        while len(found := self.finals(id)) <= number:
            await self.page.receive("command:status", commandId=id)
        self.seen[id] = number + 1
        return found[number]

    def finals(self, id: str) -> list[dict[str, Any]]:
        statuses = [dict(frame["data"]) for frame in self.frames(id, "command:status")]
        return [data for data in statuses if data["status"] in FINAL]

    def frames(self, id: str, name: str) -> list[dict[str, Any]]:
        return [frame for frame in self.page.frames if frame["type"] == name and frame["data"]["commandId"] == id]

    async def statuses(self, id: str) -> list[str]:
        """Return all statuses there have been, after whatever may still be on its way."""
        marker = await self.begin("exit 0")
        await self.final(marker)
        return [frame["data"]["status"] for frame in self.frames(id, "command:status")]


@pytest.fixture
async def running(kernel: KernelFactory) -> RunningKernel:
    """The kernel."""
    running = await kernel(installed=INSTALLED)
    running.expect_running("commands")
    return running


@pytest.fixture
async def shop(running: RunningKernel, tmp_path: Path) -> AsyncIterator[Shop]:
    """A project of the local user."""
    directory = tmp_path / "work" / "shop"
    make_repository(directory)
    project = await running.client.post("/api/projects", json={"name": "shop", "path": str(directory)})
    async with running.client.websocket() as page:
        yield Shop(running, project, page)
