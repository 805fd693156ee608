"""A full disk, and things that no database can hold, under running agents."""

import asyncio
from collections.abc import AsyncIterator, Callable
from errno import ENOSPC
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from a_parallel_contracts import (
    ApiError,
    FailedDependency,
    InsufficientStorage,
    PluginContext,
    ServiceUnavailable,
    Transaction,
)
from a_parallel_contracts.agents import (
    AgentError,
    AgentEvent,
    AgentMessage,
    AgentResult,
    Exited,
    Idle,
    RequestKind,
    RunEnded,
    StartRequest,
    TextProduced,
    TurnEnded,
)
from a_parallel_contracts.hosts import Holders
from a_parallel_contracts.threads import Thread
from a_parallel_plugins.agents import held, later, line, pump
from a_parallel_plugins.agents.door import Entry, Limits, Party
from a_parallel_plugins.agents.examination import stuck_runs
from a_parallel_plugins.agents.surviving import Survivors
from tests.plugins.agents.house import House, NoHooks, make_template


class Disk:
    """Fills up when a test says so, and counts who hits it."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        self._write = write
        self.full = False
        self.refused = 0
        self.error: type[ApiError] = InsufficientStorage
        self.hit = asyncio.Event()

    async def write(self, unit: Any) -> Any:
        if self.full:
            self.refused += 1
            self.hit.set()
            raise self.error("The disk is full")
        return await self._write(unit)

    async def refusals(self, count: int) -> None:
        """Return once that many writes were refused."""
        while self.refused < count:
            self.hit.clear()
            await self.hit.wait()


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(pump, "STORAGE_PAUSE", 0.0)
    template = tmp_path / "template.db"
    make_template(template, tmp_path)
    house = House(tmp_path, template, tmp_path)
    await house.open()
    yield house
    await house.shut_down()


@pytest.fixture
def disk(house: House) -> Disk:
    disk = Disk(house.db.write)
    house.db.write = disk.write  # type: ignore[method-assign]
    return disk


async def start(house: House) -> Thread:
    thread = await house.create("Do it")
    await house.agents.send(thread, StartRequest(text="Do it"))
    house.provider.session.begin()
    await house.settle()
    return thread


def of(house: House, kind: type[Any]) -> list[Any]:
    return [event for event in house.events if isinstance(event, kind)]


@pytest.mark.parametrize("error", [InsufficientStorage, ServiceUnavailable])
async def test_a_run_outlives_a_disk_that_is_full_or_locked_for_a_while(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch, error: type[ApiError]
) -> None:
    monkeypatch.setattr(pump, "STORAGE_TRIES", 1_000_000)
    disk.error = error
    thread = await start(house)
    disk.full = True
    house.provider.session.emit(TextProduced("m1", "Said while the disk was full"), TurnEnded("success"), Idle())
    await disk.hit.wait()
    assert of(house, AgentMessage) == []
    disk.full = False
    await house.settle()

    assert [event.content for event in of(house, AgentMessage)] == ["Said while the disk was full"]
    assert [event.status for event in of(house, AgentResult)] == ["completed"]
    assert [m.content for m in await house.threads.messages(thread.id)] == ["Do it", "Said while the disk was full"]


async def test_an_agent_does_not_go_on_unseen_when_nothing_can_be_stored(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "STORAGE_TRIES", 3)
    thread = await start(house)
    session = house.provider.session
    original = session.stop

    async def stop(grace: float = 3.0) -> None:
        disk.full = False  # somebody made room when it was too late
        await original(grace)

    session.stop = stop  # type: ignore[method-assign]
    disk.full = True
    session.say("lost")
    await session.ended.wait()
    await house.settle()

    assert session.stopped
    assert thread.id not in house.runs.lives
    current = await house.threads.get(thread.id)
    assert current is not None
    assert current.status == "failed"
    (error,) = of(house, AgentError)
    assert "cannot be stored: The disk is full" in error.error


async def test_a_message_that_cannot_be_stored_is_refused_and_never_delivered(house: House, disk: Disk) -> None:
    thread = await start(house)
    disk.full = True
    with pytest.raises(InsufficientStorage):
        await house.agents.send(thread, StartRequest(text="second"))
    disk.full = False
    await house.agents.send(thread, StartRequest(text="third"))

    assert [prompt.text for prompt in house.provider.session.sent] == ["Do it", "third"]
    assert [m.content for m in await house.threads.messages(thread.id)] == ["Do it", "third"]


async def test_an_answer_that_cannot_be_stored_can_be_given_again(house: House, disk: Disk) -> None:
    thread = await start(house)
    session = house.provider.session
    request = session.ask(RequestKind.PLAN, "ExitPlanMode", {})
    await house.settle()
    disk.full = True
    with pytest.raises(InsufficientStorage):
        await house.agents.send(thread, StartRequest(text="Plan accepted"))
    assert session.answers == {}
    disk.full = False
    await house.agents.send(thread, StartRequest(text="Plan accepted"))

    assert session.answers[request].behavior == "allow"
    assert len(session.sent) == 1


async def test_what_no_database_can_hold_costs_only_itself(house: House) -> None:
    thread = await start(house)
    session = house.provider.session
    session.say("half a pair: \ud800", message_id="m1")
    session.call("Read", {"object": object()}, message_id="m2")
    session.call("Read", {"file_path": "a"}, use="tu2", message_id="m3")
    session.say("All fine", message_id="m4")
    session.finish()
    await house.settle()

    assert [event.status for event in of(house, AgentResult)] == ["completed"]
    messages = await house.threads.messages(thread.id)
    assert messages[-1].content == "All fine"
    assert [call.input for message in messages for call in message.tool_calls] == ['{"file_path":"a"}']


async def status(house: House, thread: Thread) -> str:
    """Return what the thread's row says."""
    current = await house.threads.get(thread.id)
    assert current is not None
    return current.status


async def until_status(house: House, thread: Thread, status: str) -> None:
    """Return once the thread has a status."""
    async with asyncio.timeout(20):
        while (await house.threads.get(thread.id)).status != status:  # type: ignore[union-attr]
            await house.settle()


async def test_a_new_thread_whose_start_cannot_be_written_fails_once_that_can_be(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await house.create("Do it")
    disk.full = True
    with pytest.raises(InsufficientStorage):
        await house.agents.send(thread, StartRequest(text="Do it"))
    await disk.refusals(1_000)
    assert (await house.threads.get(thread.id)).status == "pending"  # type: ignore[union-attr]
    disk.full = False
    await until_status(house, thread, "failed")
    assert "disk" in of(house, AgentError)[0].error


def hold_pauses(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Let a pause before an end is tried again set the first event, and last until the second is set."""
    asleep, woken = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await woken.wait()

    monkeypatch.setattr(later, "sleep", sleep)
    return asleep, woken


async def test_a_failure_that_could_not_be_written_is_not_told_of_the_run_after_it(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, woken = hold_pauses(monkeypatch)
    thread = await house.create("Do it")
    disk.full = True
    with pytest.raises(InsufficientStorage):
        await house.agents.send(thread, StartRequest(text="Do it"))
    await asleep.wait()
    disk.full = False
    await house.agents.send(thread, StartRequest(text="Do it now"))
    woken.set()
    house.provider.session.begin()
    await until_status(house, thread, "running")
    await house.settle()
    assert (await house.threads.get(thread.id)).status == "running"  # type: ignore[union-attr]
    assert of(house, AgentError) == []


async def test_a_run_that_was_stopped_while_the_disk_was_full_is_not_called_running_for_ever(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await start(house)
    disk.full = True
    with pytest.raises(InsufficientStorage):
        await house.agents.stop(thread.id)
    assert thread.id not in house.runs.lives
    assert (await house.threads.get(thread.id)).status == "running"  # type: ignore[union-attr]
    disk.full = False
    await until_status(house, thread, "stopped")


async def test_a_run_of_which_nothing_can_be_stored_for_long_fails_once_that_can_be(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "STORAGE_TRIES", 3)
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await start(house)
    disk.full = True
    house.provider.session.say("lost")
    await disk.refusals(10)
    disk.full = False
    await until_status(house, thread, "failed")
    assert "cannot be stored: The disk is full" in of(house, AgentError)[0].error


async def give_up(house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch, *events: AgentEvent) -> asyncio.Event:
    """Let the disk fill up under a run until the pump has given up; its end is tried again once the event is set."""
    asleep, woken = hold_pauses(monkeypatch)
    monkeypatch.setattr(pump, "STORAGE_TRIES", 3)
    disk.full = True
    house.provider.session.emit(*events)
    await asleep.wait()
    return woken


END = (TextProduced("m1", "Said while the disk was full"), TurnEnded("success"), Idle())


async def test_a_run_whose_end_cannot_be_written_ends_once_that_can_be(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await start(house)
    woken = await give_up(house, disk, monkeypatch, *END)
    assert thread.id not in house.runs.lives
    assert await status(house, thread) == "running"
    disk.full = False
    woken.set()
    await until_status(house, thread, "failed")
    await house.settle()
    (error,) = of(house, AgentError)
    assert "cannot be stored: The disk is full" in error.error
    assert [event.status for event in of(house, RunEnded)] == ["failed"]
    assert not house.runs.later.waits(thread.id)


async def test_a_person_who_waits_for_an_answer_hears_that_the_run_is_over(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await start(house)
    house.provider.session.ask(RequestKind.PLAN, "ExitPlanMode", {})
    await until_status(house, thread, "waiting")
    woken = await give_up(house, disk, monkeypatch, TextProduced("m2", "lost"))
    disk.full = False
    woken.set()
    await until_status(house, thread, "failed")


@pytest.mark.parametrize("room", [False, True])
async def test_a_run_that_has_ended_has_not_failed_although_its_agent_says_more_than_can_be_stored(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch, room: bool
) -> None:
    thread = await start(house)
    session = house.provider.session
    house.provider.exits_when_closed = False
    session.emit(*END)
    await until_status(house, thread, "completed")
    if room:  # before the pump has given up, and not only after
        given_up = asyncio.Event()

        async def stop(grace: float = 3.0) -> None:
            disk.full = False
            given_up.set()

        monkeypatch.setattr(session, "stop", stop)
        monkeypatch.setattr(pump, "STORAGE_TRIES", 3)
        disk.full = True
        session.emit(TextProduced("m2", "lost"), Exited(0))
        await given_up.wait()
    else:
        woken = await give_up(house, disk, monkeypatch, TextProduced("m2", "lost"), Exited(0))
        disk.full = False
        woken.set()
    while thread.id in house.runs.lives or house.runs.later.waits(thread.id):
        await house.settle()
    assert await status(house, thread) == "completed"
    assert of(house, AgentError) == []
    assert [event.status for event in of(house, RunEnded)] == ["completed"]


@pytest.mark.parametrize("ending", ["stopped", "interrupted"])
async def test_an_end_that_waits_does_not_replace_another_one(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    thread = await start(house)
    woken = await give_up(house, disk, monkeypatch, *END)
    disk.full = False
    if ending == "stopped":
        await house.agents.stop(thread.id)
    else:  # the doctor finds it first
        ctx = SimpleNamespace(get=lambda key: house.threads, hooks=NoHooks())
        (found,) = await stuck_runs(cast(PluginContext, ctx), house.runs, repair=True)
        assert found.subject == thread.id
    woken.set()
    await house.settle()
    assert await status(house, thread) == ending
    assert of(house, AgentError) == []
    assert [event.status for event in of(house, RunEnded)] == [ending]


@pytest.mark.parametrize("full", [False, True])
async def test_a_run_whose_end_still_waits_when_the_server_stops_is_interrupted(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    thread = await start(house)
    await give_up(house, disk, monkeypatch, *END)
    disk.full = full
    if full:
        with pytest.raises(InsufficientStorage):
            await house.runs.shut_down()
    else:
        await house.runs.shut_down()
    await house.db.close()
    await house.open()
    assert await status(house, thread) == "interrupted"
    assert of(house, AgentError) == []


async def test_a_stop_that_cannot_be_written_while_the_server_stops_keeps_nobody_waiting(
    house: House, disk: Disk
) -> None:
    thread = await start(house)
    session = house.provider.session
    stopping, go_on = asyncio.Event(), asyncio.Event()
    original = session.stop

    async def stop(grace: float = 3.0) -> None:
        stopping.set()
        await go_on.wait()
        await original(grace)

    session.stop = stop  # type: ignore[method-assign]
    stopped = asyncio.create_task(house.agents.stop(thread.id))
    await stopping.wait()
    disk.full = True
    down = asyncio.create_task(house.runs.shut_down())
    await asyncio.sleep(0)
    go_on.set()
    for task in (stopped, down):
        with pytest.raises(InsufficientStorage):
            await task
    await house.db.close()
    await house.open()
    assert await status(house, thread) == "interrupted"


async def test_who_writes_to_an_agent_that_is_given_up_does_not_leave_its_run_running(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "STORAGE_TRIES", 1_000_000)
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await start(house)
    session = house.provider.session
    original = session.stop

    async def stop(grace: float = 3.0) -> None:
        disk.error = InsufficientStorage  # so that it was given up is tried for long
        await original(grace)

    session.stop = stop  # type: ignore[method-assign]
    disk.full, disk.error = True, FailedDependency
    session.say("lost")
    await session.ended.wait()
    await disk.refusals(10)
    with pytest.raises(InsufficientStorage):
        await house.agents.send(thread, StartRequest(text="Are you there?"))
    assert thread.id not in house.runs.lives
    assert await status(house, thread) == "running"
    disk.full = False
    await until_status(house, thread, "failed")


async def test_an_agent_whose_provider_goes_while_the_disk_is_full_is_interrupted(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await start(house)
    house.provider.session.say("Said before")
    disk.full = True
    house.runs.provider_removed("fake")
    await house.provider.session.ended.wait()
    await disk.refusals(10)
    disk.full = False
    await until_status(house, thread, "interrupted")
    await house.settle()
    assert of(house, AgentError) == []
    assert [event.status for event in of(house, RunEnded)] == ["interrupted"]


class OneHolder:
    """Keeps an agent that an earlier server has left."""

    ended = ""

    def list(self) -> list[Any]:
        return [SimpleNamespace(name="h1", owner=SimpleNamespace(kind="agent"))]

    async def end(self, name: str) -> None:
        self.ended = name


async def test_an_agent_that_cannot_be_gone_on_with_is_interrupted_once_that_can_be_written(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await house.create("Do it")
    state = orjson.dumps({"v": held.VERSION, "machine": {"generation": 1}, "promises": {}, "asked": []}).decode()
    run = orjson.dumps({"prompt": "x", "allowed_tools": None, "disallowed_tools": []}).decode()

    def leave(tx: Transaction) -> None:
        house.threads.update(tx, thread.id, {"status": "running"})
        tx.execute("INSERT INTO agents_held VALUES (?, 'h1', 'gone', ?, ?, NULL)", (thread.id, run, state))

    await house.db.write(leave)
    runs, holder = house.runs, OneHolder()
    survivors = Survivors(
        house.db, house.threads, runs._launcher, house.providers, runs, cast(Holders, holder), patience=0.0
    )
    assert await survivors.find() == {thread.id}
    disk.full = True
    await survivors.begin(lambda work, name: runs.tasks.spawn(work, name=name))
    await disk.refusals(10)
    assert holder.ended == "h1"
    assert await status(house, thread) == "running"
    disk.full = False
    await until_status(house, thread, "interrupted")
    assert await house.db.run(held.load) == []


async def test_a_run_that_goes_on_elsewhere_fails_where_there_is_no_room_for_its_directory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await start(house)
    session = house.provider.session
    house.provider.exits_when_closed = False
    await house.agents.interrupt(thread)
    await until_status(house, thread, "interrupted")
    session.takes = False

    async def ensure_directory(thread: Thread) -> Any:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(house.threads, "ensure_directory", ensure_directory)
    with pytest.raises(ApiError):
        await house.agents.send(thread, StartRequest(text="Go on"))
    assert await status(house, thread) == "failed"
    assert house.runs.lives == {}


async def test_a_start_whose_failure_cannot_be_written_is_not_called_running_for_ever(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "PAUSE", 0.0)
    thread = await house.create("Do it")

    async def fail(*args: Any) -> Any:
        disk.full = True
        raise FailedDependency("There is no agent")

    monkeypatch.setattr(house.provider, "start", fail)
    with pytest.raises(FailedDependency):
        await house.agents.send(thread, StartRequest(text="Do it"))
    assert (await house.threads.get(thread.id)).status == "running"  # type: ignore[union-attr]
    disk.full = False
    await until_status(house, thread, "failed")


async def test_a_run_whose_turn_comes_while_the_disk_is_full_stays_in_line(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "RETRY", 0.0)
    house.line.door.join(Entry("somebody", Party("u", "p"), lambda: None))
    house.line.door._limits = Limits(runs=1)
    thread = await house.create("Do it")
    await house.agents.send(thread, StartRequest(text="Do it"))
    assert house.line.place(thread.id) is not None
    disk.full = True
    house.line.door.settled("somebody")
    await disk.hit.wait()
    await asyncio.sleep(0)
    assert thread.id in house.line
    disk.full = False
    await until_status(house, thread, "running")
    assert house.provider.session.run.prompt.text == "Do it"
