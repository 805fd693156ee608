"""A running server with real projects and threads, and an agent that the test plays."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Plugin
from a_parallel_contracts.agents import AGENTS, Agents
from a_parallel_kernel.testing import KernelFactory
from tests.plugins.agents.fake import FakeProvider, FakeSession, fake_plugin
from tests.support.repository import git

INSTALLED = ("hosts", "git", "projects", "threads", "agents")


@dataclass
class Desk:
    """The server as a person uses it."""

    running: Any
    provider: FakeProvider
    socket: Any
    project: str
    repository: Path
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def client(self) -> Any:
        return self.running.client

    @property
    def agents(self) -> Agents:
        service: Agents = self.running.service(AGENTS)
        return service

    @property
    def session(self) -> FakeSession:
        return self.provider.session

    async def create(self, prompt: str = "Do it", **body: Any) -> str:
        """Create a thread and return its id."""
        body = {"projectId": self.project, "mode": "local", "prompt": prompt, **body}
        created = await self.client.post("/api/threads", json=body)
        return str(created["id"])

    async def message(self, thread: str, content: str, **body: Any) -> None:
        """Send a message."""
        await self.client.post(f"/api/threads/{thread}/message", json={"content": content, **body})

    async def show(self, thread: str) -> Any:
        """Return a thread with its messages."""
        return await self.client.get(f"/api/threads/{thread}")

    async def said(self, thread: str) -> list[tuple[str, str]]:
        """Return role and text of every message."""
        return [(message["role"], message["content"]) for message in (await self.show(thread))["messages"]]

    async def receive(self, type: str, /, **data: Any) -> dict[str, Any]:
        """Return the data of the next such event."""
        frame = await self.socket.receive(type, **data)
        return dict(frame["data"])

    async def nth_session(self, count: int) -> FakeSession:
        """Wait until so many sessions have been started and return the last of them."""
        async with asyncio.timeout(20), self.provider.started:
            await self.provider.started.wait_for(lambda: len(self.provider.sessions) >= count)
        return self.provider.sessions[count - 1]

    async def gone(self, thread: str) -> None:
        """Wait until the thread's agent is gone and everything it said is told."""
        lives = self.running.service(AGENTS)._runs.lives
        while (live := lives.get(thread)) is not None:
            await live.progress()
        await self.running.settled()

    def events(self, thread: str, *names: str) -> list[tuple[str, Any]]:
        """Return what was received of a thread so far: type, and status or content."""
        chosen = [frame for frame in self.socket.frames if frame["threadId"] == thread]
        found = [(f["type"].removeprefix("agent:"), f["data"]) for f in chosen]
        return [entry for entry in found if not names or entry[0] in names]

    def statuses(self, thread: str) -> list[str]:
        """Return the statuses that were told, of results too."""
        return [data["status"] for _, data in self.events(thread, "status", "result")]

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """Query the database."""
        found: list[dict[str, Any]] = await self.running.kernel.db.rows(sql, **params)
        return found


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "README.md").write_text("# Sample\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Begin")
    return path


@pytest.fixture
async def open_desk(kernel: KernelFactory, repository: Path) -> AsyncIterator[OpenDesk]:
    """Start a server; with ``data_directory`` on the data of an earlier one."""
    async with AsyncExitStack() as stack:

        async def start(
            provider: FakeProvider | None = None,
            plugins: dict[str, type[Plugin]] | None = None,
            installed: tuple[str, ...] = INSTALLED,
            settings: dict[str, Any] | None = None,
            **options: Any,
        ) -> Desk:
            provider = provider or FakeProvider()
            chosen = {"plugins.agents.provider": "fake", **(settings or {})}
            running = await kernel(
                {"fake": fake_plugin(provider), **(plugins or {})}, installed=installed, settings=chosen, **options
            )
            for id in (*installed, "fake", *(plugins or {})):
                running.expect_running(id)
            socket = await stack.enter_async_context(running.client.websocket())
            projects = await running.client.get("/api/projects")
            if not projects:
                body = {"name": "sample", "path": str(repository)}
                projects = [await running.client.post("/api/projects", json=body)]
            return Desk(running, provider, socket, projects[0]["id"], repository)

        yield start


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    """A server with the defaults."""
    return await open_desk()
