"""A running kernel with the threads plugin in a house of stand-ins."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from a_parallel_contracts import Row, Transaction
from a_parallel_contracts.threads import THREADS, NewThread, Thread, ThreadMode, Threads
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.threads import ThreadsPlugin
from tests.plugins.threads.house import House, project


@dataclass
class Home:
    """The running server as a test sees it."""

    running: Any
    house: House

    @property
    def client(self) -> Any:
        return self.running.client

    @property
    def threads(self) -> Threads:
        return cast(Threads, self.running.service(THREADS))

    async def write(self, unit: Callable[[Transaction], Any]) -> Any:
        return await self.running.kernel.db.write(unit)

    async def rows(self, sql: str, **params: Any) -> list[Row]:
        return cast(list[Row], await self.running.kernel.db.rows(sql, **params))

    async def history(self, thread_id: str) -> list[tuple[str | None, str]]:
        sql = "SELECT from_stage, to_stage FROM stage_history WHERE thread_id = :id ORDER BY rowid"
        return [(row["from_stage"], row["to_stage"]) for row in await self.rows(sql, id=thread_id)]

    async def make(self, title: str = "one", **changes: Any) -> Thread:
        """Make an idle thread and set columns of its row."""
        user = changes.pop("user_id", "__local__")
        place = changes.pop("project_id", "p1")
        mode = changes.pop("mode", ThreadMode.LOCAL)
        prompt = changes.pop("prompt", "")
        thread = await self.threads.create(
            NewThread(project_id=place, title=title, prompt=prompt, idle=True, user_id=user, mode=mode)
        )
        if changes:
            columns = ", ".join(f"{name} = :{name}" for name in changes)
            sql = f"UPDATE threads SET {columns} WHERE id = :id"
            await self.write(lambda tx: tx.execute(sql, {**changes, "id": thread.id}))
        found = await self.threads.get(thread.id)
        assert found is not None
        return found

    async def settled_events(self) -> list[Any]:
        await self.running.settled()
        return self.house.events


HomeFactory = Callable[[House], Awaitable[Home]]


@pytest.fixture
def open_home(kernel: KernelFactory) -> HomeFactory:
    """Start a kernel around a house."""

    async def start(house: House) -> Home:
        running = await kernel({"threads": ThreadsPlugin, "house": house.plugin()})
        running.expect_running("house")
        running.expect_running("threads")
        return Home(running, house)

    return start


@pytest.fixture
async def home(open_home: HomeFactory) -> Home:
    """A kernel with two local projects and one of another user."""
    projects = [project("p1"), project("p2", "/repositories/two"), project("p3", "/repositories/three", "anna")]
    return await open_home(House(projects={one.id: one for one in projects}))
