"""When the agent is idle, and what becomes of messages to a busy one."""

import asyncio
from uuid import uuid4

import orjson
import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.agents import Exited, Idle, Prompt, PromptProgress, TextProduced, TurnEnded
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.claude import idleness
from a_parallel_plugins.claude.settings import ClaudeSettings
from tests.plugins.claude.fake import (
    Conversation,
    call,
    delta,
    fate,
    init,
    new_init,
    output,
    result,
    run_of,
    said,
    state,
    tasks,
)


def another(text: str = "more") -> Prompt:
    return Prompt(str(uuid4()), text)


def progress(talk: Conversation, prompt: Prompt) -> list[str]:
    return [event.state for event in talk.of(PromptProgress) if event.prompt_id == prompt.id]


@pytest.fixture
def settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idleness, "SETTLE", 0.05)


@pytest.fixture
def never_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idleness, "SETTLE", 3600.0)


# --- newer CLIs -----------------------------------------------------------------------------------


async def test_a_cli_that_tells_its_state_is_idle_when_it_says_so() -> None:
    talk = Conversation()
    first = talk.run.prompt
    talk.process.say(state("running"), fate(first, "queued"), fate(first, "started"), new_init())
    talk.process.say(said("m1", "Hi."), result(), fate(first, "completed"))
    await talk.told_all()
    assert talk.of(Idle) == []
    talk.process.say(state("idle"))
    await talk.until(Idle)
    assert progress(talk, first) == ["queued", "started", "completed"]
    await talk.end()


async def test_a_message_to_a_busy_agent_is_followed_to_its_end() -> None:
    talk = Conversation()
    first, second = talk.run.prompt, another()
    talk.process.say(state("running"), fate(first, "queued"), fate(first, "started"), new_init())
    await talk.until_that(lambda event: event == PromptProgress(first.id, "started"))
    assert await talk.session.send(second)
    heard = await talk.process.hears("user", uuid=second.id)
    assert heard["message"]["content"] == [{"type": "text", "text": "more"}]
    talk.process.say(fate(second, "queued"), result(), fate(first, "completed"))
    await talk.told_all()
    assert talk.of(Idle) == [], "a message still waits"
    talk.process.say(fate(second, "started"), new_init(), result(), fate(second, "completed"), state("idle"))
    await talk.until(Idle)
    assert progress(talk, second) == ["queued", "started", "completed"]
    assert (await talk.end()).undelivered == ()


async def test_a_message_folded_into_the_running_turn_needs_no_result_of_its_own() -> None:
    talk = Conversation()
    first, second = talk.run.prompt, another()
    talk.process.say(state("running"), fate(first, "started"), new_init(), said("m1", call("t1")))
    await talk.session.send(second)
    talk.process.say(fate(second, "queued"), output("t1"), fate(second, "started"), said("m2", "Both."))
    talk.process.say(fate(second, "completed"), result(), fate(first, "completed"), state("idle"))
    await talk.until(Idle)
    assert len(talk.of(TurnEnded)) == 1
    await talk.end()


async def test_messages_that_were_never_started_are_undelivered() -> None:
    talk = Conversation()
    first, second, third = talk.run.prompt, another(), another()
    talk.process.say(state("running"), fate(first, "queued"), fate(first, "started"), new_init())
    await talk.session.send(second)
    await talk.session.send(third)
    talk.process.say(fate(second, "queued"))
    await talk.told_all()
    talk.process.exit(-9)
    assert (await talk.until(Exited)).undelivered == (second.id, third.id)


async def test_a_message_thrown_away_by_the_cli_is_undelivered() -> None:
    talk = Conversation()
    first, second = talk.run.prompt, another()
    talk.process.say(state("running"), fate(first, "started"), new_init())
    await talk.session.send(second)
    talk.process.say(
        fate(second, "queued"), fate(second, "cancelled"), result(), fate(first, "completed"), state("idle")
    )
    await talk.until(Idle)
    assert progress(talk, second) == ["queued", "cancelled"]
    assert (await talk.end()).undelivered == (second.id,)


async def test_a_message_thrown_away_can_be_sent_again() -> None:
    talk = Conversation()
    first, second = talk.run.prompt, another()
    talk.process.say(state("running"), fate(first, "started"), new_init())
    await talk.session.send(second)
    talk.process.say(fate(second, "queued"), fate(second, "cancelled"))
    await talk.told_all()
    await talk.session.send(second)
    talk.process.say(
        fate(second, "queued"), fate(second, "started"), result(), fate(second, "completed"), state("idle")
    )
    await talk.until(Idle)
    assert (await talk.end()).undelivered == ()


async def test_a_message_that_was_cut_short_has_been_seen() -> None:
    talk = Conversation()
    first = talk.run.prompt
    talk.process.say(state("running"), fate(first, "started"), new_init(), result(), fate(first, "cancelled"))
    await talk.told_all()
    assert progress(talk, first) == ["started", "completed"]
    assert (await talk.end()).undelivered == ()


async def test_a_message_the_session_knows_already_ends_as_an_empty_turn() -> None:
    talk = Conversation(run_of(session_id="s1"))
    talk.process.say(fate(talk.run.prompt, "completed"), state("idle"))
    await talk.until(Idle)
    assert talk.events == [PromptProgress(talk.run.prompt.id, "completed"), TurnEnded("success"), Idle()]
    await talk.end()


@pytest.mark.usefixtures("never_settles")
async def test_background_work_keeps_the_agent_and_its_own_turn_follows() -> None:
    talk = Conversation()
    first = talk.run.prompt
    talk.process.say(state("running"), fate(first, "started"), new_init(), tasks("b1"))
    talk.process.say(result(), fate(first, "completed"), state("idle"))
    await talk.told_all()
    assert talk.of(Idle) == []
    talk.process.say(tasks())
    await talk.told_all()
    assert talk.of(Idle) == [], "the CLI owes a turn about what has finished"
    talk.process.say(state("running"), new_init(), said("m2", "It is done."), result(), state("idle"))
    await talk.until(Idle)
    assert len(talk.of(TurnEnded)) == 2
    await talk.end()


@pytest.mark.usefixtures("settles_at_once")
async def test_background_work_that_ends_without_a_turn_does_not_hold_the_agent_for_ever() -> None:
    talk = Conversation()
    talk.process.say(state("running"), fate(talk.run.prompt, "started"), new_init(), tasks("b1"))
    talk.process.say(result(), fate(talk.run.prompt, "completed"), state("idle"), tasks())
    await talk.until(Idle)
    await talk.end()


async def test_a_turn_begun_by_the_agent_itself_ends_in_another_idle() -> None:
    talk = Conversation()
    talk.process.say(state("running"), fate(talk.run.prompt, "started"), new_init(), result())
    talk.process.say(fate(talk.run.prompt, "completed"), state("idle"))
    await talk.until(Idle)
    talk.process.say(state("running"), new_init(), said("m2", "By the way."), result(), state("idle"))
    await talk.until(Idle, 2)
    await talk.end()


# --- older CLIs -----------------------------------------------------------------------------------


async def test_an_older_cli_is_idle_after_its_result() -> None:
    talk = Conversation()
    talk.process.say(init(), said("m1", "Hi."), result())
    await talk.until(Idle)
    assert progress(talk, talk.run.prompt) == ["started"]
    await talk.end()


@pytest.mark.usefixtures("never_settles")
async def test_an_older_cli_takes_up_what_waits_one_turn_after_the_other() -> None:
    talk = Conversation()
    second, third = another(), another()
    talk.process.say(init())
    await talk.until_that(lambda event: event == PromptProgress(talk.run.prompt.id, "started"))
    await talk.session.send(second)
    await talk.session.send(third)
    talk.process.say(result(), said("m2", "Second."))
    await talk.until(TextProduced)
    assert (progress(talk, second), progress(talk, third)) == (["started"], [])
    talk.process.say(result(), said("m3", "Third."), result())
    await talk.until(Idle)
    assert progress(talk, third) == ["started"]
    await talk.end()


@pytest.mark.usefixtures("settles_at_once")
async def test_an_older_cli_that_merges_what_waits_has_delivered_all_of_it() -> None:
    talk = Conversation()
    second, third = another(), another()
    talk.process.say(init())
    await talk.until_that(lambda event: event == PromptProgress(talk.run.prompt.id, "started"))
    await talk.session.send(second)
    await talk.session.send(third)
    talk.process.say(result(), init(), result())
    await talk.until(Idle)
    assert (await talk.end()).undelivered == ()


@pytest.mark.usefixtures("settles_at_once")
async def test_an_older_cli_hands_over_what_waits_with_a_tools_result() -> None:
    talk = Conversation()
    second = another()
    talk.process.say(init(), said("m1", call("t1")))
    await talk.until_that(lambda event: event == PromptProgress(talk.run.prompt.id, "started"))
    await talk.session.send(second)
    talk.process.say(output("t1"), said("m2", "Both."), result())
    await talk.until(Idle)
    assert (await talk.end()).undelivered == ()


@pytest.mark.usefixtures("settles_at_once")
async def test_a_message_an_older_cli_never_takes_up_is_undelivered() -> None:
    talk = Conversation()
    second = another()
    talk.process.say(init())
    await talk.until_that(lambda event: event == PromptProgress(talk.run.prompt.id, "started"))
    await talk.session.send(second)
    talk.process.say(result())
    await talk.until(Idle)
    assert (await talk.end()).undelivered == (second.id,)


# --- interrupt, model, mode -----------------------------------------------------------------------


async def accept(talk: Conversation, request: str, **fields: object) -> None:
    asked = await talk.process.hears("control_request", subtype=request)
    response = {"subtype": "success", "request_id": asked["request_id"], "response": {}} | fields
    talk.process.say({"type": "control_response", "response": response})


async def test_an_interrupt_ends_the_turn_but_not_the_agent() -> None:
    talk = Conversation()
    talk.process.say(state("running"), fate(talk.run.prompt, "started"), new_init())
    await talk.until(PromptProgress)
    interrupt = asyncio.create_task(talk.session.interrupt())
    await accept(talk, "interrupt")
    assert await interrupt
    talk.process.say(result(subtype="error_during_execution", is_error=True, terminal_reason="aborted_streaming"))
    ended = await talk.until(TurnEnded)
    assert ended.interrupted
    assert not ended.succeeded
    assert await talk.session.send(another())
    await talk.end()


async def test_an_idle_agent_is_not_interrupted() -> None:
    talk = Conversation()
    talk.process.say(init(), result())
    await talk.until(Idle)
    assert not await talk.session.interrupt()
    await talk.end()


async def test_a_failure_without_an_interrupt_is_none() -> None:
    talk = Conversation()
    talk.process.say(init(), result(subtype="error_during_execution", is_error=True))
    assert not (await talk.until(TurnEnded)).interrupted
    await talk.end()


async def test_a_change_of_the_model_waits_for_its_own_answer() -> None:
    talk = Conversation(settings=ClaudeSettings(models={Model.OPUS: "claude-opus-4-6"}))
    talk.process.say(init())
    change = asyncio.create_task(talk.session.set_model(Model.OPUS))
    request = await talk.process.hears("control_request", subtype="set_model")
    assert request["request"]["model"] == "claude-opus-4-6"
    stray = {"subtype": "success", "request_id": "somebody else's", "response": {}}
    talk.process.say({"type": "control_response", "response": stray})
    await talk.told_all()
    assert not change.done()
    await accept(talk, "set_model")
    await change
    await talk.end()


async def test_a_refused_change_says_why_and_leaves_the_mode() -> None:
    talk = Conversation()
    talk.process.say(init())
    change = asyncio.create_task(talk.session.set_permission_mode(PermissionMode.CONFIRM_EDIT))
    await accept(talk, "set_permission_mode", subtype="error", error="invalid_mode")
    with pytest.raises(FailedDependency, match="invalid_mode"):
        await change
    assert talk.session._rules.mode is PermissionMode.AUTO_EDIT
    await talk.end()


async def test_a_change_that_is_never_answered_fails_in_time() -> None:
    talk = Conversation(settings=ClaudeSettings(control_timeout=0.05))
    talk.process.say(init())
    with pytest.raises(FailedDependency, match="did not answer"):
        await talk.session.set_model(Model.HAIKU)
    await talk.end()


async def test_a_change_fails_when_the_cli_ends() -> None:
    talk = Conversation()
    talk.process.say(init())
    change = asyncio.create_task(talk.session.set_model(Model.HAIKU))
    await talk.process.hears("control_request", subtype="set_model")
    await talk.end()
    with pytest.raises(FailedDependency, match="has ended"):
        await change
    with pytest.raises(FailedDependency, match="has ended"):
        await talk.session.set_model(Model.HAIKU)


async def test_an_answer_comes_through_although_the_consumer_waits_for_it() -> None:
    """Whoever consumes the events may itself wait for a control request behind a flood of them."""
    talk = Conversation()
    talk._consumer.cancel()
    talk.process.say(init(), *(said(f"m{number}", "x") for number in range(2000)))
    change = asyncio.create_task(talk.session.set_model(Model.HAIKU))
    await accept(talk, "set_model")
    async with asyncio.timeout(5):
        await change
    await talk.session.stop()


async def test_a_slow_consumer_slows_the_reader_down() -> None:
    talk = Conversation()
    talk._consumer.cancel()
    talk.process.say(init(), *(said(f"m{number}", "x") for number in range(5000)))
    for _ in range(500):
        await asyncio.sleep(0)
    assert talk.process._lines.qsize() > 4000
    await talk.session.stop()


async def test_updates_of_one_text_do_not_pile_up() -> None:
    talk = Conversation()
    talk._consumer.cancel()
    talk.process.say(init(), *(said("m1", "x" * number) for number in range(1, 3000)))
    talk.process.exit()
    events = [event async for event in talk.session.events()]
    told = [event for event in events if isinstance(event, TextProduced)]
    assert told[-1].text == "x" * 2999
    assert len(told) < 100


async def test_a_flood_is_taken_whole() -> None:
    talk = Conversation()
    talk._consumer.cancel()
    messages = (orjson.dumps(said(f"m{number}", "A line of text.")) for number in range(20_000))
    deltas = [orjson.dumps(delta("m", "word "))] * 80_000
    talk.process.say(init(), *messages, *deltas, result())
    talk.process.exit()
    events = [event async for event in talk.session.events()]
    told = [event for event in events if isinstance(event, TextProduced) and not event.partial]
    grown = [event for event in events if isinstance(event, TextProduced) and event.partial]
    assert [event.message_id for event in told] == [f"m{number}" for number in range(20_000)]
    assert grown[-1].text == "word " * 80_000
    assert events.index(grown[-1]) < events.index(next(event for event in events if isinstance(event, TurnEnded)))


async def test_deltas_alone_never_begin_a_turn_of_their_own() -> None:
    talk = Conversation()
    talk.process.say(init(), result())
    await talk.until(Idle)
    talk.process.say(delta("m9", "late"))
    await talk.told_all()
    assert len(talk.of(Idle)) == 1
    await talk.end()
