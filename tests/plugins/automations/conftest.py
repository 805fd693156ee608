"""A running server with real projects, threads and agents; the scripted agent does what prompts say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Plugin
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.automations import AutomationsPlugin
from tests.plugins.automations.clock import Clock, clocked
from tests.support.fixtures import server_factory
from tests.support.repository import Repository, make_repository

INSTALLED = ("hosts", "git", "projects", "threads", "agents", "scripted")
PATIENCE = 30.0

__all__ = ["INSTALLED", "Office", "OpenOffice", "open_office", "office", "server_factory"]


@dataclass
class Office:
    """The server as a person uses it."""

    running: Any
    clock: Clock
    socket: Any
    project: str
    repository: Repository
    plugin: AutomationsPlugin

    @property
    def client(self) -> Any:
        return self.running.client

    async def create(self, schedule: str = "0 9 * * *", prompt: str = "!say found it", **fields: Any) -> Any:
        """Make an automation."""
        body = {"projectId": self.project, "name": "Nightly", "prompt": prompt, "schedule": schedule, **fields}
        return await self.client.post("/api/automations", json=body)

    async def change(self, automation: Any, **changes: Any) -> Any:
        """Change an automation."""
        return await self.client.patch(f"/api/automations/{automation['id']}", json=changes)

    async def trigger(self, automation: Any) -> Any:
        """Start a run and return it."""
        known = {run["id"] for run in await self.runs(automation)}
        await self.client.post(f"/api/automations/{automation['id']}/trigger")
        return next(run for run in await self.runs(automation) if run["id"] not in known)

    async def runs(self, automation: Any) -> list[Any]:
        """Return the runs of an automation."""
        found: list[Any] = await self.client.get(f"/api/automations/{automation['id']}/runs")
        return found

    async def statuses(self, automation: Any) -> list[str]:
        """Return the statuses of the runs, newest first."""
        return [run["status"] for run in await self.runs(automation)]

    async def inbox(self, query: str = "") -> list[Any]:
        """Return the inbox."""
        found: list[Any] = await self.client.get(f"/api/automations/inbox{query}")
        return found

    async def thread(self, run: Any) -> Any:
        """Return a run's thread with its messages."""
        return await self.client.get(f"/api/threads/{run['threadId']}")

    async def completed(self, run: Any = None) -> Any:
        """Wait for the end of a run and return its row."""
        wanted = {} if run is None else {"runId": run["id"]}
        data = (await self.socket.receive("automation:run_completed", timeout=PATIENCE, **wanted))["data"]
        return next(one for one in await self.runs({"id": data["automationId"]}) if one["id"] == data["runId"])

    async def waiting(self, run: Any) -> None:
        """Return once the run's thread waits for a person."""
        await self.until(lambda: self._has_status(run, "waiting"))

    async def _has_status(self, run: Any, status: str) -> bool:
        return bool((await self.thread(run))["status"] == status)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Return once something that no event tells is so."""
        async with asyncio.timeout(PATIENCE):
            while not await condition():
                await self.socket.receive(timeout=PATIENCE)

    async def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """Query the database."""
        found: list[dict[str, Any]] = await self.running.kernel.db.rows(sql, **params)
        return found

    async def execute(self, sql: str, *params: Any) -> None:
        """Change the database."""
        await self.running.kernel.db.write(lambda tx: tx.execute(sql, params))

    def frames(self, thread: str) -> list[str]:
        """Return the types of the frames about a thread so far."""
        return [frame["type"] for frame in self.socket.frames if frame["threadId"] == thread]


OpenOffice = Callable[..., Awaitable[Office]]


@pytest.fixture
async def open_office(kernel: KernelFactory, tmp_path: Path) -> AsyncIterator[OpenOffice]:
    """Start a server, with `more` plugins; with ``data_directory`` on the data of an earlier one."""
    repository = make_repository(tmp_path / "repository", {"README.md": "# Sample\n"})
    async with AsyncExitStack() as stack:

        async def start(
            clock: Clock | None = None,
            *,
            plugins: dict[str, type[Plugin]] | None = None,
            more: tuple[str, ...] = (),
            settings: dict[str, Any] | None = None,
            **options: Any,
        ) -> Office:
            clock = clock or Clock()
            chosen = {
                "plugins.agents.provider": "scripted",
                "plugins.scripted.pace": 0,
                "plugins.automations.zone": "UTC",
                **(settings or {}),
            }
            running = await kernel(
                {"automations": clocked(clock), **(plugins or {})},
                installed=(*INSTALLED, *more),
                settings=chosen,
                **options,
            )
            for id in (*INSTALLED, *more, "automations", *(plugins or {})):
                running.expect_running(id)
            plugin = running.kernel.supervisor.records["automations"].plugin
            assert isinstance(plugin, AutomationsPlugin)
            await plugin.scheduling.opened.wait()
            socket = await stack.enter_async_context(running.client.websocket())
            projects = await running.client.get("/api/projects")
            if not projects:
                body = {"name": "sample", "path": str(repository.path)}
                projects = [await running.client.post("/api/projects", json=body)]
            return Office(running, clock, socket, projects[0]["id"], repository, plugin)

        yield start


@pytest.fixture
async def office(open_office: OpenOffice) -> Office:
    """A server with the defaults, on a Monday at 8."""
    return await open_office()
