"""A full disk, and things that no database can hold, under running agents."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import ApiError, FailedDependency, InsufficientStorage, ServiceUnavailable
from a_parallel_contracts.agents import (
    AgentError,
    AgentMessage,
    AgentResult,
    Idle,
    StartRequest,
    TextProduced,
    TurnEnded,
)
from a_parallel_contracts.threads import Thread
from a_parallel_plugins.agents import later, line, pump
from a_parallel_plugins.agents.door import Entry, Limits, Party
from tests.plugins.agents.house import House, make_template


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
    from a_parallel_contracts.agents import RequestKind

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


async def test_a_failure_that_could_not_be_written_is_not_told_of_the_run_after_it(
    house: House, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, woken = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await woken.wait()

    monkeypatch.setattr(later, "sleep", sleep)
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
