"""How a CLI ends: closed, stopped, silent, lingering, lost."""

import asyncio

import pytest

from a_parallel_contracts.agents import Exited, Idle, RequestOpened, SessionStarted, TextProduced, TurnEnded
from a_parallel_plugins.claude.settings import ClaudeSettings
from tests.plugins.claude.fake import (
    Conversation,
    asks,
    call,
    fate,
    init,
    new_init,
    result,
    run_of,
    said,
    state,
    tasks,
)
from tests.plugins.claude.test_session_turns import another


async def test_closing_an_idle_agent_ends_its_input() -> None:
    talk = Conversation()
    talk.process.say(init(), result())
    await talk.until(Idle)
    await talk.session.close()
    await asyncio.wait_for(talk.process.stdin_closed.wait(), 5)
    assert not await talk.session.send(another())
    assert await talk.end() == Exited(0)


async def test_closing_a_busy_agent_waits_until_it_is_idle() -> None:
    """At the end of input the CLI refuses what it would still have to ask (``claude-cli.md`` §5.3)."""
    talk = Conversation()
    talk.process.say(init())
    await talk.until(SessionStarted)
    await talk.session.close()
    talk.process.say(asks("r1", "AskUserQuestion", {}))
    await talk.until(RequestOpened)
    assert not talk.process.stdin_closed.is_set()
    talk.process.say({"type": "control_cancel_request", "request_id": "r1"}, result())
    await asyncio.wait_for(talk.process.stdin_closed.wait(), 5)
    await talk.end()


async def test_a_message_sent_just_before_the_close_is_still_worked_on() -> None:
    talk = Conversation()
    first, second = talk.run.prompt, another()
    talk.process.say(state("running"), fate(first, "started"), new_init(), result(), fate(first, "completed"))
    talk.process.say(state("idle"))
    await talk.until(Idle)
    assert await talk.session.send(second)
    await talk.session.close()
    await talk.told_all()
    assert not talk.process.stdin_closed.is_set()
    talk.process.say(fate(second, "started"), new_init(), result(), fate(second, "completed"))
    await asyncio.wait_for(talk.process.stdin_closed.wait(), 5)
    await talk.end()


async def test_stopping_ends_the_process_and_tells_what_it_wrote() -> None:
    talk = Conversation()
    talk.process.say(init(), said("m1", "Half"))
    await talk.session.stop()
    exited = await talk.until(Exited)
    assert exited.returncode == -15
    assert talk.of(TextProduced) == [TextProduced("m1", "Half")]
    assert not await talk.session.send(another())
    await talk.session.stop()


async def test_stopping_does_not_wait_for_a_consumer() -> None:
    talk = Conversation()
    talk._consumer.cancel()
    talk.process.say(init(), *(said(f"m{number}", "x") for number in range(3000)))
    await asyncio.wait_for(talk.session.stop(), 5)
    await asyncio.wait_for(talk.session._life, 5)


async def test_a_crash_tells_the_end_of_standard_error() -> None:
    talk = Conversation()
    talk.process.say(init(), said("m1", "Oh"))
    await talk.until(TextProduced)
    talk.process.exit(1, stderr="x" * 9000 + "\nreason\n")
    exited = await talk.until(Exited)
    assert exited.returncode == 1
    assert exited.detail.endswith("x\nreason")
    assert len(exited.detail) <= 4000
    assert talk.process.terminated == 1, "what it left behind is ended"


async def test_an_orderly_end_leaves_detached_programs_alone() -> None:
    talk = Conversation()
    talk.process.say(init(), result())
    await talk.until(Idle)
    await talk.end()
    assert talk.process.terminated == 0


LOST = "No conversation found with session ID: s1"


async def test_a_lost_session_is_told_as_such_and_not_as_a_turn() -> None:
    talk = Conversation(run_of(session_id="s1"))
    talk.process.say(result(subtype="error_during_execution", is_error=True, result=None, errors=[LOST], num_turns=0))
    talk.process.exit(1, stderr=LOST + "\n")
    exited = await talk.until(Exited)
    assert talk.events == [Exited(1, LOST, session_lost=True, undelivered=(talk.run.prompt.id,))]
    assert exited.session_lost


async def test_a_lost_session_is_recognised_by_standard_error_alone() -> None:
    talk = Conversation(run_of(session_id="s1"))
    talk.process.exit(1, stderr=LOST)
    assert (await talk.until(Exited)).session_lost


@pytest.mark.parametrize("session", [None, "s1"])
async def test_a_session_is_not_lost_by_words_of_the_agent(session: str | None) -> None:
    talk = Conversation(run_of(session_id=session))
    talk.process.say(init(), said("m1", LOST), result(subtype="error_during_execution", is_error=True, errors=[LOST]))
    talk.process.exit(1, stderr=LOST)
    exited = await talk.until(Exited)
    assert not exited.session_lost
    assert len(talk.of(TurnEnded)) == 1


# --- silence --------------------------------------------------------------------------------------


async def test_a_silent_turn_is_ended_with_a_reason() -> None:
    talk = Conversation(settings=ClaudeSettings(silence_limit=0.1))
    talk.process.say(init(), said("m1", "Hanging."))
    exited = await talk.until(Exited)
    assert "said nothing for 0.1 s" in exited.detail
    assert talk.process.terminated


async def test_a_cli_that_never_says_anything_is_ended() -> None:
    talk = Conversation(settings=ClaudeSettings(silence_limit=0.1))
    exited = await talk.until(Exited)
    assert exited.undelivered == (talk.run.prompt.id,)


async def test_waiting_for_a_person_is_no_silence() -> None:
    talk = Conversation(settings=ClaudeSettings(silence_limit=0.05))
    talk.process.say(init(), asks("r1", "AskUserQuestion", {}))
    await talk.until(RequestOpened)
    await asyncio.sleep(0.3)
    assert not talk.process.terminated
    talk.process.say({"type": "control_cancel_request", "request_id": "r1"})
    assert (await talk.until(Exited)).detail


async def test_a_tool_may_be_silent_for_longer() -> None:
    talk = Conversation(settings=ClaudeSettings(silence_limit=0.05, tool_silence_limit=60))
    talk.process.say(init(), said("m1", call("t1")))
    await talk.until(SessionStarted)
    await asyncio.sleep(0.3)
    assert not talk.process.terminated
    await talk.end()


async def test_an_idle_agent_and_background_work_may_be_silent() -> None:
    talk = Conversation(settings=ClaudeSettings(silence_limit=0.05))
    talk.process.say(state("running"), fate(talk.run.prompt, "started"), new_init(), tasks("b1"), result())
    talk.process.say(fate(talk.run.prompt, "completed"), state("idle"))
    await talk.until(TurnEnded)
    await talk.told_all()
    await asyncio.sleep(0.3)
    assert not talk.process.terminated
    await talk.end()


async def test_a_cli_that_lingers_after_the_close_is_ended() -> None:
    talk = Conversation(settings=ClaudeSettings(linger_limit=0.05))
    talk.process.say(init(), result())
    await talk.until(Idle)
    await talk.session.close()
    assert (await talk.until(Exited)).returncode == -15


async def test_a_cli_that_goes_on_working_after_the_close_is_left_to_it() -> None:
    talk = Conversation(settings=ClaudeSettings(linger_limit=0.05))
    talk.process.say(init(), result())
    await talk.until(Idle)
    await talk.session.close()
    talk.process.say(init())
    await talk.until(SessionStarted, 2)
    await asyncio.sleep(0.3)
    assert not talk.process.terminated
    talk.process.say(result())
    assert (await talk.until(Exited)).returncode == -15
