"""Agents that are on their way out, and agents that begin something just then."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.agents import (
    AgentResult,
    AgentSession,
    AgentStatus,
    Idle,
    Prompt,
    RunEnded,
    RunStarted,
    StartRequest,
    TurnEnded,
)
from a_parallel_contracts.threads import Thread
from a_parallel_plugins.agents import machine, service
from tests.plugins.agents.house import House, make_template


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(machine, "PATIENCE", 0.0)
    template = tmp_path / "template.db"
    make_template(template, tmp_path)
    house = House(tmp_path, template, tmp_path)
    await house.open()
    house.provider.exits_when_closed = False
    yield house
    await house.shut_down()


async def start(house: House) -> Thread:
    thread = await house.create("first")
    await house.agents.send(thread, StartRequest(text="first"))
    house.provider.session.begin()
    await house.settle()
    return thread


def statuses(house: House) -> list[str]:
    return [event.status for event in house.events if isinstance(event, AgentStatus | AgentResult)]


async def test_a_late_turn_of_a_leaving_agent_is_not_cut_short_by_a_message(house: House) -> None:
    thread = await start(house)
    session = house.provider.session
    await house.agents.send(thread, StartRequest(text="second"))
    session.emit(TurnEnded("success"), Idle())  # idle, although it has taken "second"
    await house.settle()
    assert session.closed
    session.begin()
    session.say("On it after all")
    await house.settle()
    await house.agents.send(thread, StartRequest(text="third"))

    assert not session.stopped
    assert [prompt.text for prompt in session.sent] == ["first", "second"]
    session.emit(TurnEnded("success"))
    session.exit()
    await house.settle()
    assert [prompt.text for prompt in house.provider.session.sent] == ["third"]
    house.provider.session.turn("Third done")
    await house.settle()
    assert statuses(house) == ["running", "completed"]


async def test_an_agent_that_leaves_with_a_message_it_did_not_begin_with_is_followed_by_another(house: House) -> None:
    thread = await start(house)
    first = house.provider.session
    await house.agents.send(thread, StartRequest(text="second"))
    first.emit(TurnEnded("success"), Idle())
    await house.settle()
    first.exit()
    await house.settle()

    assert house.provider.session is not first
    assert [prompt.text for prompt in house.provider.session.sent] == ["second"]
    assert statuses(house) == ["running"]


async def test_each_run_begins_and_ends_once(house: House) -> None:
    thread = await start(house)
    house.provider.session.turn("one")
    await house.settle()
    house.provider.session.turn("of its own")
    await house.settle()
    await house.agents.send(thread, StartRequest(text="again"))
    house.provider.session.begin()
    await house.agents.stop(thread.id)
    await house.settle()

    begun = [event.generation for event in house.events if isinstance(event, RunStarted)]
    ended = [(event.generation, event.status) for event in house.events if isinstance(event, RunEnded)]
    assert len(set(begun)) == 3
    assert ended == list(zip(begun, ["completed", "completed", "stopped"], strict=True))


async def test_a_stopped_thread_is_not_resumed_behind_the_persons_back(house: House) -> None:
    thread = await start(house)
    await house.agents.send(thread, StartRequest(text="second"))
    session = house.provider.session
    session.emit(TurnEnded("success"))
    await house.agents.stop(thread.id)
    await house.settle()

    assert len(house.provider.sessions) == 1
    assert statuses(house)[-1] == "stopped"


async def test_stop_reaches_an_agent_that_does_not_listen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "STOP_PATIENCE", 0.01)
    thread = await start(house)
    session, listening = house.provider.session, asyncio.Event()

    async def deaf(prompt: Prompt) -> bool:
        listening.set()
        await session.ended.wait()
        return False

    session.send = deaf  # type: ignore[method-assign]
    sending = asyncio.create_task(house.agents.send(thread, StartRequest(text="can you hear me")))
    await listening.wait()
    await house.agents.stop(thread.id)
    await sending
    await house.settle()

    assert session.stopped
    assert statuses(house) == ["running", "stopped"]
    assert len([event for event in house.events if isinstance(event, RunEnded)]) == 1
    await house.agents.send(thread, StartRequest(text="again"))
    texts = [prompt.text.rpartition("\n\n")[2] for prompt in house.provider.session.sent]
    assert texts == ["can you hear me", "again"]


async def test_a_start_that_never_ends_fails(house: House) -> None:
    house.runs._settings.start_limit = 0.01
    thread = await house.create("first")

    async def never(run: object, gate: object) -> AgentSession:
        await asyncio.Event().wait()
        raise AssertionError

    house.provider.start = never  # type: ignore[method-assign]
    with pytest.raises(FailedDependency) as failure:
        await house.agents.send(thread, StartRequest(text="first"))
    assert failure.value.extra["message"] == "It did not start in time"
    await house.settle()
    assert statuses(house) == ["running", "failed"]
