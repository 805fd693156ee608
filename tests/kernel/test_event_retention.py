"""The event log stays small, says from where on it is whole, and never uses a number again."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from a_parallel_contracts import Event, Inbound, Manifest, Plugin, PluginContext, Topic, hookimpl
from a_parallel_kernel.housekeeping import BATCH, OVERHEAD, EventRetention
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel


class Noted(Event):
    text: str


class Whispered(Noted):
    owner: str


class NotesPlugin(Plugin):
    """Emits what a test wants."""

    manifest = Manifest(api="1.0")
    ctx: PluginContext

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Be reachable for the test."""
        self.ctx = ctx
        yield

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return the topics."""
        return [Topic("notes:noted", Noted, audience="everyone"), Topic("notes:whispered", Whispered, owner="owner")]


async def note(running: RunningKernel, *texts: str) -> None:
    """Emit notes in one unit of work."""
    await running.kernel.db.write(lambda tx: [tx.emit(Noted(text=text)) for text in texts])


async def kept(running: RunningKernel, since: int = 0, limit: int = 1000) -> tuple[int, list[int]]:
    """Return up to where the log was pruned, and the numbers that it holds."""
    answer = await running.client.get(f"/api/kernel/events?since={since}&limit={limit}")
    return answer["pruned"], [event["seq"] for event in answer["events"]]


async def prune(retention: EventRetention) -> int:
    """Remove everything that should go; returns the number of transactions."""
    rounds = 1
    while await retention.prune():
        rounds += 1
    return rounds


@pytest.fixture
async def running(kernel: KernelFactory) -> RunningKernel:
    return await kernel({"notes": NotesPlugin})


async def test_what_is_too_old_goes_in_batches(running: RunningKernel) -> None:
    await note(running, *map(str, range(2 * BATCH + 10)))
    later = EventRetention(running.kernel.db, max_age=60, max_size=1e9, clock=lambda: 1e11)
    assert await prune(later) == 3
    assert await kept(running) == (2 * BATCH + 10, [])
    await note(running, "new")
    assert await kept(running) == (2 * BATCH + 10, [2 * BATCH + 11])


async def test_the_oldest_go_until_the_rest_is_small_enough(running: RunningKernel) -> None:
    size = OVERHEAD + len('{"text":""}') + 1000
    await note(running, *["x" * 1000 for _ in range(10)])
    retention = EventRetention(running.kernel.db, max_age=1e9, max_size=4 * size)
    await prune(retention)
    assert await kept(running) == (6, [7, 8, 9, 10])
    await note(running, "x" * 1000)
    await prune(retention)
    assert await kept(running) == (7, [8, 9, 10, 11])


async def test_what_is_young_and_small_stays(running: RunningKernel) -> None:
    await note(running, "one", "two")
    assert await prune(EventRetention(running.kernel.db, max_age=60, max_size=1e6)) == 1
    assert await kept(running) == (0, [1, 2])


async def test_numbers_are_not_used_again_after_everything_was_pruned(kernel: KernelFactory, tmp_path: Path) -> None:
    first = await kernel({"notes": NotesPlugin})
    await note(first, "one", "two")
    await prune(EventRetention(first.kernel.db, max_age=60, max_size=0))
    await first.stop()
    second = await kernel({"notes": NotesPlugin}, data_directory=tmp_path / "data-0")
    await note(second, "three")
    assert await kept(second) == (2, [3])


async def test_admins_page_through_the_log(running: RunningKernel) -> None:
    await note(running, "one", "two", "three")
    assert await kept(running, since=1, limit=1) == (0, [2])
    (event,) = (await running.client.get("/api/kernel/events?since=2"))["events"]
    assert event["type"] == "notes:noted"
    assert (event["subject"], event["owner"], event["data"]) == ("", None, {"text": "three"})
    assert event["at"] > 1e12
    assert (await running.client.acting_as("ann").answer("GET", "/api/kernel/events")).status == 403
    assert (await running.client.answer("GET", "/api/kernel/events?limit=0")).status == 400


async def test_in_multi_mode_admins_read_what_is_theirs_alone(running: RunningKernel) -> None:
    for owner in ("root", "ann"):
        await running.kernel.db.write(lambda tx, owner=owner: tx.emit(Whispered(text="secret", owner=owner)))  # type: ignore[misc]
    root = running.client.acting_as("root", "admin")
    events = (await root.get("/api/kernel/events"))["events"]
    assert [(event["owner"], event["data"]) for event in events] == [("root", {"text": "secret"}), ("ann", None)]
