"""What the CLI says becomes events: text, thinking, tools, results."""

import asyncio
import logging

import orjson
import pytest

from a_parallel_contracts.agents import (
    Exited,
    Idle,
    ModeChanged,
    PromptProgress,
    SessionStarted,
    TextProduced,
    ThinkingProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.hosts import LineTooLong
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.claude import dispatcher
from tests.plugins.claude.fake import (
    Conversation,
    call,
    delta,
    init,
    new_init,
    opening,
    output,
    result,
    said,
    stream,
    thought,
)


async def test_a_whole_run_of_an_older_cli() -> None:
    talk = Conversation()
    talk.process.say(
        init(),
        said("m1", "I will look.", call("t1", command="ls")),
        output("t1", "a.txt"),
        said("m2", "All fine."),
        result(result="All fine."),
    )
    await talk.until(Idle)
    await talk.end()
    assert talk.events == [
        PromptProgress(talk.run.prompt.id, "started"),
        SessionStarted("s1", ("Bash",), "/w", "m"),
        TextProduced("m1", "I will look."),
        ToolCalled("t1", "m1", "Bash", {"command": "ls"}),
        ToolFinished("t1", "a.txt"),
        TextProduced("m2", "All fine."),
        TurnEnded("success", "All fine.", session_cost=0.5, session_id="s1", duration_ms=12),
        Idle(),
        Exited(0),
    ]


async def test_the_first_lines_are_the_handshake_and_the_prompt() -> None:
    talk = Conversation()
    await talk.process.hears("user", uuid=talk.run.prompt.id)
    first, second = talk.process.told
    assert first["request"]["subtype"] == "initialize"
    [matcher] = first["request"]["hooks"]["PreToolUse"]
    assert matcher["matcher"] == ".*"
    assert matcher["hookCallbackIds"] == ["tool_approval"]
    assert second["message"]["content"] == [{"type": "text", "text": "hello"}]
    await talk.end()


async def test_all_text_of_a_line_comes_before_its_tool_calls() -> None:
    talk = Conversation()
    talk.process.say(init(), said("m1", "First part.", call("a"), "Second part.", call("b")), result())
    await talk.until(TurnEnded)
    assert talk.of(TextProduced, ToolCalled) == [
        TextProduced("m1", "First part.\n\nSecond part."),
        ToolCalled("a", "m1", "Bash", {}),
        ToolCalled("b", "m1", "Bash", {}),
    ]
    await talk.end()


async def test_streamed_text_comes_at_most_five_times_a_second_and_the_last_of_it_always() -> None:
    talk = Conversation()
    loop = asyncio.get_running_loop()
    talk.process.say(new_init(), opening("m1"))
    begin = loop.time()
    count = 0
    while loop.time() - begin < 1.0:
        count += 1
        talk.process.say(delta("m1", f"{count} "))
        await asyncio.sleep(0.005)
    whole = "".join(f"{number} " for number in range(1, count + 1))
    await talk.until_that(lambda event: isinstance(event, TextProduced) and event.text == whole)
    partial = talk.of(TextProduced)
    assert all(event.partial for event in partial)
    assert len(partial) <= 5 * (loop.time() - begin) + 1
    talk.process.say(said("m1", whole), result())
    await talk.until(TurnEnded)
    assert talk.of(TextProduced)[-1] == TextProduced("m1", whole)
    await talk.end()


async def test_a_waiting_update_is_dropped_when_the_block_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "UPDATE_INTERVAL", 60.0)
    talk = Conversation()
    talk.process.say(new_init(), opening("m1"), delta("m1", "A"))
    await talk.until(TextProduced)
    talk.process.say(delta("m1", "B"), said("m1", "AB"), result())
    await talk.until(TurnEnded)
    assert talk.of(TextProduced) == [TextProduced("m1", "A", partial=True), TextProduced("m1", "AB")]
    await talk.end()


async def test_text_that_was_held_back_is_told_when_the_cli_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "UPDATE_INTERVAL", 60.0)
    talk = Conversation()
    talk.process.say(new_init(), opening("m1"), delta("m1", "A"), delta("m1", "B"))
    await talk.end()
    assert talk.of(TextProduced)[-1] == TextProduced("m1", "AB", partial=True)


async def test_an_abandoned_stream_is_taken_back() -> None:
    talk = Conversation()
    talk.process.say(new_init(), opening("m1"), delta("m1", "Lost"))
    await talk.until(TextProduced)
    abandoned = {"api_message_id": "m1", "from_block_index": 0}
    talk.process.say(stream("m1", type="message_stop") | {"abandoned_blocks": abandoned}, said("m2", "Again"), result())
    await talk.until(TurnEnded)
    assert talk.of(TextProduced)[1:] == [TextProduced("m1", ""), TextProduced("m2", "Again")]
    await talk.end()


async def test_thinking_is_told_apart_from_text() -> None:
    talk = Conversation()
    talk.process.say(
        new_init(),
        opening("m1", type="thinking"),
        delta("m1", "Hm", type="thinking"),
        said("m1", thought("Hmm")),
        said("m1", "So."),
        result(),
    )
    await talk.until(TurnEnded)
    assert talk.of(ThinkingProduced)[-1] == ThinkingProduced("m1", "Hmm")
    assert talk.of(TextProduced) == [TextProduced("m1", "So.")]
    await talk.end()


async def test_sub_agents_show_their_calls_but_not_their_text() -> None:
    talk = Conversation()
    talk.process.say(
        init(),
        said("m1", call("agent", "Task")),
        said("m2", "inner text", call("inner"), parent="agent"),
        output("inner", parent="agent"),
        output("agent", [{"type": "text", "text": "report"}]),
        result(),
    )
    await talk.until(TurnEnded)
    assert talk.of(TextProduced) == []
    assert talk.of(ToolCalled)[1] == ToolCalled("inner", "m2", "Bash", {}, parent="agent")
    assert talk.of(ToolFinished) == [ToolFinished("inner", "ok"), ToolFinished("agent", "report")]
    await talk.end()


@pytest.mark.parametrize(
    ("fields", "outcome", "text"),
    [
        ({}, "success", "Done."),
        ({"is_error": True, "result": "API Error: 500 boom"}, "error_during_execution", "API Error: 500 boom"),
        ({"subtype": "error_max_turns", "is_error": True, "result": None}, "error_max_turns", None),
        ({"subtype": "error_max_budget_usd", "is_error": True, "result": None}, "error_max_budget_usd", None),
    ],
)
async def test_outcomes_of_turns(fields: dict[str, object], outcome: str, text: str | None) -> None:
    talk = Conversation()
    talk.process.say(init(), result(**fields))
    ended = await talk.until(TurnEnded)
    assert (ended.outcome, ended.result) == (outcome, text)
    assert ended.succeeded is (outcome == "success")
    await talk.end()


async def test_what_the_cli_says_about_a_failure_is_its_detail() -> None:
    errors = ["Reached maximum number of turns (2)", "Giving up"]
    talk = Conversation()
    talk.process.say(init(), result(subtype="error_max_turns", is_error=True, result=None, errors=errors))
    assert (await talk.until(TurnEnded)).detail == "Reached maximum number of turns (2); Giving up"
    await talk.end()


async def test_tools_that_lacked_permission_are_named_once() -> None:
    talk = Conversation()
    denials = [{"tool_name": "Bash", "tool_use_id": id} for id in ("a", "b")]
    talk.process.say(init(), result(permission_denials=denials))
    assert (await talk.until(TurnEnded)).denied == ("Bash",)
    await talk.end()


async def test_a_call_that_no_approval_could_let_through_does_not_count_as_denied() -> None:
    talk = Conversation()
    refused = {"type": "system", "subtype": "permission_denied", "tool_use_id": "a", "tool_name": "Bash"}
    denials = [{"tool_name": "Bash", "tool_use_id": "a", "tool_input": {}}]
    talk.process.say(init(), refused | {"decision_reason_type": "classifier"}, result(permission_denials=denials))
    assert (await talk.until(TurnEnded)).denied == ()
    await talk.end()


async def test_a_cleared_conversation_starts_another_session() -> None:
    talk = Conversation()
    reset = {"type": "conversation_reset", "new_conversation_id": "other", "trigger": "clear"}
    talk.process.say(init("s1"), reset, init("s2"), result(session_id="s2", total_cost_usd=0))
    await talk.until(TurnEnded)
    assert [event.session_id for event in talk.of(SessionStarted)] == ["s1", "s2"]
    assert talk.of(TurnEnded)[0].session_id == "s2"
    await talk.end()


async def test_a_change_of_the_mode_by_the_agent_is_told() -> None:
    talk = Conversation()
    status = {"type": "system", "subtype": "status", "permissionMode": "plan"}
    talk.process.say(init(), status, status, status | {"permissionMode": "unheard of"}, result())
    await talk.until(TurnEnded)
    assert talk.of(ModeChanged) == [ModeChanged(PermissionMode.PLAN)]
    await talk.end()


async def test_broken_lines_are_dropped_and_logged_within_bounds(caplog: pytest.LogCaptureFixture) -> None:
    talk = Conversation()
    with caplog.at_level(logging.WARNING):
        talk.process.say(init(), *[b"secret payload"] * 50, said("m1", "Still here."), result())
        await talk.until(TurnEnded)
        await talk.end()
    assert talk.of(TextProduced) == [TextProduced("m1", "Still here.")]
    assert len(caplog.records) == 6
    assert "50 broken lines" in caplog.text
    assert "secret" not in caplog.text


async def test_a_line_over_the_limit_is_dropped() -> None:
    talk = Conversation()
    talk.process.say(init(), LineTooLong(orjson.dumps(said("m1", "Too long."))), said("m2", "Fine."), result())
    await talk.until(TurnEnded)
    assert talk.of(TextProduced) == [TextProduced("m2", "Fine.")]
    await talk.end()


async def test_a_fault_in_handling_a_line_costs_that_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(dispatcher.Dispatcher, "_outputs", fail)
    talk = Conversation()
    talk.process.say(init(), said("m1", call("t1")), output("t1"), said("m2", "On."), result())
    await talk.until(Idle)
    assert talk.of(TextProduced) == [TextProduced("m2", "On.")]
    await talk.end()


async def test_output_after_the_result_is_still_told_and_the_agent_stays_idle() -> None:
    talk = Conversation()
    talk.process.say(init(), said("m1", "One."), result(), said("m2", "Late."))
    await talk.until(Idle)
    await talk.told_all()
    assert talk.of(TextProduced)[-1] == TextProduced("m2", "Late.")
    assert len(talk.of(Idle)) == 1
    assert (await talk.end()).undelivered == ()


async def test_a_second_result_is_another_turn() -> None:
    talk = Conversation()
    talk.process.say(init(), result(), result(subtype="error_max_turns", is_error=True))
    await talk.until(TurnEnded, 2)
    assert [event.outcome for event in talk.of(TurnEnded)] == ["success", "error_max_turns"]
    await talk.end()
