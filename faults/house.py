"""A server with a project, a client that follows it, and people who use it."""

import asyncio
import contextlib
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from faults.audit import Losses, audit, caught_up
from faults.client import Caller, Follower, Load
from faults.journal import Journal
from tests.support.repository import make_repository
from tests.support.server import Server

CONFIG = """
[server]
rate_limit = 0
[logging]
level = "warning"
[plugins.agents]
provider = "{provider}"
survive = {survive}
max_runs = {runs}
min_free_memory = 0
[plugins.scripted]
pace = 0.005
"""
PROMPTS = (
    "!say {token}",
    "!say {token}\n!bash sleep 0.3",
    "!stream one two three four five six seven eight nine ten\n!say {token}",
    "!say {token}\n!flood 20 200\n!bash sleep 2",
)
"""What scripted agents are asked."""
CLAUDE_PROMPTS = ("{token} tools 3", "{token} slow 1 then tools 2", "{token} stream then bash")


class House:
    """Everything that a scenario needs.

    Parameters:
        directory: private to it.
        chance: decides whatever is left to chance.
        survive: agents outlive the server.
        provider: of the agents.
        runs: bound on concurrent runs; further ones wait in the queue, over kills as well.
        environment: further variables of the server.
        settings: more of its configuration.
    """

    def __init__(
        self,
        directory: Path,
        chance: random.Random,
        *,
        survive: bool = False,
        provider: str = "scripted",
        runs: int = 16,
        environment: Mapping[str, str] | None = None,
        settings: str = "",
    ) -> None:
        config = CONFIG.format(provider=provider, survive=str(survive).lower(), runs=runs) + settings
        self.server = Server(directory, config=config, environment=environment)
        self.chance = chance
        self.journal = Journal()
        self.losses = Losses()
        self.recoveries: list[float] = []
        self.project = ""
        self._provider = provider
        self._directory = directory

    def base(self) -> str:
        """Return the address, whether or not the server runs now."""
        return f"http://127.0.0.1:{self.server.port}"

    def reroute(self, base: Callable[[], str]) -> None:
        """Let the clients reach the server by another address."""
        self.caller.base = self.follower.base = base

    @property
    def database(self) -> Path:
        """The database file."""
        return self.server.data_directory / "data.db"

    async def open(self) -> None:
        """Start the server, register a project and connect."""
        await self.server.start()
        self.caller = Caller(self.base, self.server.token, self.journal)
        repository = make_repository(self._directory / "demo", {"README.md": "# demo\n"})
        made = await self.caller.send("POST", "/api/projects", {"name": "demo", "path": str(repository.path)}, "p")
        self.project = made["id"]
        self.follower = Follower(self.base, self.server.token, self.journal)
        self._following = asyncio.ensure_future(self.follower.run())
        while self.journal.first is None:  # noqa: ASYNC110 - another task
            await asyncio.sleep(0.02)

    def load(self, people: int = 4, pause: float = 0.25) -> Load:
        """Return people who use it."""
        prompts = PROMPTS if self._provider == "scripted" else CLAUDE_PROMPTS
        return Load(self.caller, self.journal, self.project, self.chance, prompts=prompts, people=people, pause=pause)

    async def answers(self, since: float) -> None:
        """Wait until a request succeeds, and note how long that took."""
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(f"{self.base()}/api/health", timeout=aiohttp.ClientTimeout(2)) as answer:
                        if answer.status == 200:
                            self.recoveries.append(time.monotonic() - since)
                            return
                await asyncio.sleep(0.01)

    def orphans(self) -> list[str]:
        """Return the processes of this house that neither the server nor a holder looks after."""
        found = self.server.leftovers()
        keepers = {pid for pid, command in found.items() if "holder" in command}
        if self.server.process is not None:
            keepers.add(self.server.pid)
        return [f"{pid} {command[:80]}" for pid, command in found.items() if not _descends(pid, keepers)]

    async def settle(self, patience: float = 60.0) -> None:
        """Wait until no agent is at work."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            threads = await self.caller.get("/api/threads")
            busy = [thread for thread in threads if thread["status"] in ("running", "pending")]
            if not busy:
                return
            await asyncio.sleep(0.1)
        found = await self.caller.get("/api/kernel/doctor")
        told = [f"{each['check']} {each['detail']}" for each in found["findings"] if each["severity"] != "info"]
        raise TimeoutError(f"{len(busy)} runs do not end: {busy[0]['title']} {busy[0]['status']}; {'; '.join(told)}")

    async def check(self) -> None:
        """Hold the journal against the database and the table of processes, and stop the server in order."""
        await self.settle()
        await caught_up(self.database, self.journal)
        report = await self.caller.get("/api/kernel/doctor")
        self.losses.writes += [f"doctor: {each}" for each in report["findings"] if each["severity"] != "info"]
        self.losses.add(audit(self.database, self.journal))
        self.losses.orphans += self.orphans()
        await self.server.stop()
        self.losses.orphans += [f"{pid} {command[:80]}" for pid, command in self.server.leftovers().items()]

    async def close(self) -> None:
        """Leave nothing behind."""
        try:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            await self.caller.close()
        finally:
            self.server.end()


def _descends(pid: int, keepers: set[int]) -> bool:
    """Tell whether a process is, or descends from, one of `keepers`; one that has ended by now counts as well."""
    while pid > 1:
        if pid in keepers:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return True
    return False


@asynccontextmanager
async def opened(seed: int, **options: object) -> AsyncIterator[House]:
    """Open a house in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="a-parallel-faults-", ignore_cleanup_errors=True) as directory:
        house = House(Path(os.path.realpath(directory)), random.Random(seed), **options)  # type: ignore[arg-type]  # noqa: S311
        try:
            await house.open()
            yield house
        finally:
            await house.close()
