"""The agents' service on a real database with the real thread store, without a server; can crash and start again."""

import asyncio
import contextlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from a_parallel_contracts import LOCAL_USER, Event, PluginContext, now
from a_parallel_contracts.projects import Project
from a_parallel_contracts.threads import NewThread, Thread
from a_parallel_kernel.database import SqliteDatabase
from a_parallel_migrations import baseline
from a_parallel_plugins.agents.launch import Launcher
from a_parallel_plugins.agents.line import Line
from a_parallel_plugins.agents.providers import Providers
from a_parallel_plugins.agents.recovery import relabel_unfinished
from a_parallel_plugins.agents.rules import PermissionRules
from a_parallel_plugins.agents.runs import Runs
from a_parallel_plugins.agents.service import AgentService
from a_parallel_plugins.agents.settings import AgentsSettings
from a_parallel_plugins.threads.service import ThreadService
from tests.plugins.agents.fake import FakeProvider

SQL = Path(baseline.__file__).with_name("agents")


def make_template(path: Path, project: Path) -> None:
    """Make a database in the current shape with one project."""
    with closing(sqlite3.connect(path)) as connection:
        baseline.upgrade(connection)
        for file in sorted(SQL.glob("*.sql")):
            connection.executescript(file.read_text())
        connection.execute(
            "INSERT INTO projects (id, name, path, created_at) VALUES ('p1', 'sample', ?, ?)", (str(project), now())
        )
        connection.commit()


class NoHooks:
    """Hooks that nobody implements."""

    async def collect(self, hook: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return []

    async def first(self, hook: Any, *args: Any, **kwargs: Any) -> Any:
        return None

    async def each(self, hook: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return []

    async def pipe(self, hook: Any, value: Any) -> Any:
        return value


class OneProject:
    """A project store with one project."""

    def __init__(self, path: Path) -> None:
        self._project = Project(
            id="p1", name="sample", path=str(path), user_id=LOCAL_USER, sort_order=0, created_at=now()
        )

    async def get(self, id: str) -> Project | None:
        return self._project if id == "p1" else None


class House:
    """A server's life after life on one file.

    Parameters:
        directory: of the file.
        template: file to begin with.
        project: path of the project.
        max_runs: agents at work at the same time.
    """

    def __init__(self, directory: Path, template: Path, project: Path, max_runs: int = 8) -> None:
        self.path = directory / "data.db"
        shutil.copy(template, self.path)
        self.events: list[Event] = []
        self.provider = FakeProvider()
        self.max_runs = max_runs
        self._project = project

    async def open(self) -> None:
        """Start a server."""
        self.db = await SqliteDatabase.open(self.path, publish=self.events.append)
        ctx = SimpleNamespace(
            db=self.db, hooks=NoHooks(), get=lambda key: OneProject(self._project), find=lambda key: None
        )
        self.threads = ThreadService(cast(PluginContext, ctx))
        settings, rules = (
            AgentsSettings(provider="fake", exit_grace=60, max_runs=self.max_runs),
            PermissionRules(self.db),
        )
        await relabel_unfinished(self.db, self.threads)
        self.providers = providers = Providers("fake")
        providers.add("fake", self.provider)
        launcher = Launcher(self.db, self.threads, NoHooks(), providers, settings)
        self.runs = Runs(self.db, self.threads, launcher, rules, settings)
        self.line = Line(
            self.db,
            self.threads,
            self.runs,
            providers,
            settings,
            memory=lambda: None,
            clock=asyncio.get_running_loop().time,
            publish=self.events.append,
        )
        await self.line.remember()
        self.agents = AgentService(self.db, self.threads, self.runs, providers, rules, self.line)
        await self.line.go_on()
        await self.settle()

    async def shut_down(self) -> None:
        """Stop the server as a signal does."""
        self.line.close()
        await self.runs.shut_down()
        await self.db.close()

    async def crash(self) -> None:
        """Stop the server as SIGKILL does: nothing of it runs any more, and its agents die."""
        self.line.close()
        tasks = [task for _, task in self.runs._pumps.values()]
        tasks += [*self.runs.tasks._background, *self.runs.tasks._foreground]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for live in list(self.runs.lives.values()):
            live.cancel_timers()
        for session in self.provider.sessions:
            session.gone = True
        await self.db.close()

    async def create(self, prompt: str) -> Thread:
        """Make a thread whose agent is not started yet."""
        return await self.threads.create(NewThread(project_id="p1", title=prompt, user_id=LOCAL_USER))

    async def settle(self) -> None:
        """Return when what was set off has come to rest."""
        for _ in range(12):
            await asyncio.sleep(0)
            with contextlib.suppress(RuntimeError):
                await self.db.write(lambda tx: None)
            while self.line._entered:  # noqa: ASYNC110 - its turn has come, and its agent is not there yet
                await asyncio.sleep(0)
            with contextlib.suppress(TimeoutError):  # a test may hold back whoever goes on with a message
                async with asyncio.timeout(1):
                    while self.runs._resuming:  # noqa: ASYNC110 - another agent is on its way, through threads
                        await asyncio.sleep(0)
