"""Questions, plans and permissions; the gate; requests that are withdrawn or unknown."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from a_parallel_contracts.agents import (
    Answer,
    Decision,
    Exited,
    Idle,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    TurnEnded,
)
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.claude.settings import ClaudeSettings
from tests.plugins.claude.fake import Conversation, asks, call, hook, init, result, run_of, said

QUESTION = {"questions": [{"question": "Which?", "header": "H", "options": [], "multiSelect": False}]}


class Gate:
    """Answers with `decision` and counts how often it is asked."""

    def __init__(self, decision: Decision | None = None) -> None:
        self.decision = decision
        self.asked: list[tuple[str, str | None]] = []

    async def __call__(self, tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        self.asked.append((tool, tool_use_id))
        return self.decision


async def test_a_question_is_held_and_answered_with_the_whole_input() -> None:
    talk = Conversation()
    talk.process.say(
        init(), said("m1", call("u1", "AskUserQuestion", **QUESTION)), asks("r1", "AskUserQuestion", QUESTION)
    )
    opened = await talk.until(RequestOpened)
    assert opened == RequestOpened("r1", RequestKind.QUESTION, "AskUserQuestion", QUESTION, "u1")
    answer = Answer("allow", text="[H] Which?\n\u2192 Red", answers={"Which?": "Red"})
    assert await talk.session.answer("r1", answer)
    await talk.process.hears("control_response", request_id="r1")
    assert talk.process.answer_to("r1") == {
        "behavior": "allow",
        "updatedInput": {**QUESTION, "result": "[H] Which?\n\u2192 Red", "answers": {"Which?": "Red"}},
    }
    assert not await talk.session.answer("r1", answer)
    await talk.end()


async def test_an_accepted_plan_goes_on_with_edits_accepted() -> None:
    talk = Conversation(run_of(permission_mode=PermissionMode.PLAN))
    talk.process.say(init(permissionMode="plan"), asks("r1", "ExitPlanMode", {"plan": "P"}))
    assert (await talk.until(RequestOpened)).kind is RequestKind.PLAN
    await talk.session.answer("r1", Answer("allow", text="Plan accepted", accept_edits=True))
    await talk.process.hears("control_response", request_id="r1")
    assert talk.process.answer_to("r1") == {
        "behavior": "allow",
        "updatedInput": {"plan": "P", "result": "Plan accepted"},
        "updatedPermissions": [{"type": "setMode", "mode": "acceptEdits", "destination": "session"}],
    }
    talk.process.say(asks("r2", "Bash", {"command": "make"}, "u2"))
    await talk.process.hears("control_response", request_id="r2")
    assert talk.process.answer_to("r2")["behavior"] == "allow"
    await talk.end()


async def test_a_rejected_plan_tells_the_agent_why() -> None:
    talk = Conversation(run_of(permission_mode=PermissionMode.PLAN))
    talk.process.say(init(permissionMode="plan"), asks("r1", "ExitPlanMode", {}, "u1"))
    await talk.until(RequestOpened)
    await talk.session.answer("r1", Answer("deny", message="Smaller steps"))
    talk.process.say(result(permission_denials=[{"tool_name": "ExitPlanMode", "tool_use_id": "u1", "tool_input": {}}]))
    ended = await talk.until(TurnEnded)
    assert talk.process.answer_to("r1") == {"behavior": "deny", "message": "Smaller steps"}
    assert ended.denied == (), "a person's no is not want of permission"
    await talk.end()


async def test_permission_is_asked_in_confirm_edit_and_can_be_remembered() -> None:
    talk = Conversation(run_of(permission_mode=PermissionMode.CONFIRM_EDIT))
    suggestions = [{"type": "addRules", "rules": [{"toolName": "Write"}], "behavior": "allow"}]
    asked = asks("r1", "Write", {"file_path": "a"}, permission_suggestions=suggestions)
    talk.process.say(init(permissionMode="default"), asked)
    opened = await talk.until(RequestOpened)
    assert opened.kind is RequestKind.PERMISSION
    assert list(opened.suggestions) == suggestions
    await talk.session.answer("r1", Answer("allow", remember=opened.suggestions))
    await talk.process.hears("control_response", request_id="r1")
    assert talk.process.answer_to("r1") == {
        "behavior": "allow",
        "updatedInput": {"file_path": "a"},
        "updatedPermissions": suggestions,
    }
    await talk.end()


async def test_several_requests_are_open_at_once_and_answered_in_any_order() -> None:
    talk = Conversation(run_of(permission_mode=PermissionMode.CONFIRM_EDIT))
    talk.process.say(init(permissionMode="default"))
    talk.process.say(*(asks(f"r{n}", "Write", {"file_path": str(n)}, f"u{n}") for n in range(3)))
    await talk.until(RequestOpened, 3)
    for request_id in ("r2", "r0", "r1"):
        assert await talk.session.answer(request_id, Answer("deny", message=f"no {request_id}"))
    await talk.process.hears("control_response", request_id="r1")
    assert [talk.process.answer_to(f"r{n}")["message"] for n in range(3)] == ["no r0", "no r1", "no r2"]
    await talk.end()


async def test_a_withdrawn_request_cannot_be_answered() -> None:
    talk = Conversation()
    talk.process.say(init(), asks("r1", "AskUserQuestion", QUESTION))
    await talk.until(RequestOpened)
    talk.process.say({"type": "control_cancel_request", "request_id": "r1"})
    assert await talk.until(RequestWithdrawn) == RequestWithdrawn("r1")
    assert not await talk.session.answer("r1", Answer("allow"))
    await talk.end()


async def test_a_request_dies_with_the_process() -> None:
    talk = Conversation()
    talk.process.say(init(), asks("r1", "AskUserQuestion", QUESTION))
    await talk.until(RequestOpened)
    await talk.end()
    assert not await talk.session.answer("r1", Answer("allow"))
    assert not await talk.session.answer("never", Answer("allow"))


async def test_an_unknown_request_is_refused_at_once() -> None:
    talk = Conversation()
    talk.process.say(init(), {"type": "control_request", "request_id": "r1", "request": {"subtype": "elicitation"}})
    refused = await talk.process.hears("control_response", request_id="r1")
    assert refused["response"]["subtype"] == "error"
    assert "elicitation" in refused["response"]["error"]
    await talk.end()


async def test_a_request_of_an_odd_shape_is_refused_and_not_forgotten() -> None:
    talk = Conversation()
    odd = {"type": "control_request", "request_id": "r1", "request": {"subtype": "can_use_tool"}}
    talk.process.say(init(), odd)
    refused = await talk.process.hears("control_response", request_id="r1")
    assert refused["response"]["subtype"] == "error"
    await talk.end()


async def test_tools_are_allowed_without_asking_in_auto_edit() -> None:
    talk = Conversation()
    talk.process.say(init(), hook("h1", "Bash", {"command": "x"}), asks("r1", "Bash", {"command": "x"}))
    await talk.process.hears("control_response", request_id="r1")
    assert talk.process.answer_to("h1") == {}
    assert talk.process.answer_to("r1") == {"behavior": "allow", "updatedInput": {"command": "x"}}
    assert talk.of(RequestOpened) == []
    await talk.end()


async def test_the_gate_is_asked_once_for_each_call() -> None:
    gate = Gate()
    talk = Conversation(gate=gate)
    talk.process.say(init(), hook("h1", "Bash", {"command": "x"}), asks("r1", "Bash", {"command": "x"}))
    await talk.process.hears("control_response", request_id="r1")
    talk.process.say(asks("r2", "Bash", {"command": "changed"}))
    await talk.process.hears("control_response", request_id="r2")
    assert gate.asked == [("Bash", "u1"), ("Bash", "u1")]
    await talk.end()


async def test_a_denial_of_the_gate_reaches_the_agent_through_the_hook() -> None:
    talk = Conversation(gate=Gate(Decision("deny", "over budget")))
    talk.process.say(init(), hook("h1", "Write", {"file_path": "a"}), asks("r1", "Write", {"file_path": "a"}))
    await talk.process.hears("control_response", request_id="r1")
    assert talk.process.answer_to("h1") == {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": "over budget",
        }
    }
    assert talk.process.answer_to("r1") == {"behavior": "deny", "message": "over budget"}
    talk.process.say(result(permission_denials=[{"tool_name": "Write", "tool_use_id": "u1", "tool_input": {}}]))
    assert (await talk.until(TurnEnded)).denied == ()
    await talk.end()


async def test_the_gate_can_have_a_person_asked_in_any_mode() -> None:
    talk = Conversation(gate=Gate(Decision("ask", "production")))
    talk.process.say(init(), hook("h1", "Bash", {"command": "x"}), asks("r1", "Bash", {"command": "x"}))
    assert (await talk.until(RequestOpened)).kind is RequestKind.PERMISSION
    assert talk.process.answer_to("h1")["hookSpecificOutput"]["permissionDecision"] == "ask"
    await talk.end()


async def test_an_allowance_of_the_gate_spares_the_question() -> None:
    talk = Conversation(run_of(permission_mode=PermissionMode.CONFIRM_EDIT), gate=Gate(Decision("allow")))
    talk.process.say(init(permissionMode="default"), asks("r1", "Write", {"file_path": "a"}))
    await talk.process.hears("control_response", request_id="r1")
    assert talk.process.answer_to("r1")["behavior"] == "allow"
    await talk.end()


async def test_a_question_is_a_persons_even_if_the_gate_allows_it() -> None:
    talk = Conversation(gate=Gate(Decision("allow")))
    talk.process.say(init(), hook("h1", "AskUserQuestion", QUESTION), asks("r1", "AskUserQuestion", QUESTION))
    assert (await talk.until(RequestOpened)).kind is RequestKind.QUESTION
    assert talk.process.answer_to("h1") == {}
    await talk.end()


async def test_a_gate_that_fails_denies() -> None:
    async def broken(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        raise RuntimeError("secret")

    talk = Conversation(gate=broken)
    talk.process.say(init(), hook("h1", "Bash", {}))
    await talk.process.hears("control_response", request_id="h1")
    decided = talk.process.answer_to("h1")["hookSpecificOutput"]
    assert decided["permissionDecision"] == "deny"
    assert "secret" not in decided["permissionDecisionReason"]
    await talk.end()


async def test_a_gate_that_hangs_denies() -> None:
    async def hanging(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        await asyncio.Event().wait()
        return None

    talk = Conversation(gate=hanging, settings=ClaudeSettings(gate_timeout=0.05))
    talk.process.say(init(), hook("h1", "Bash", {}))
    await talk.process.hears("control_response", request_id="h1")
    assert talk.process.answer_to("h1")["hookSpecificOutput"]["permissionDecision"] == "deny"
    await talk.end()


async def test_the_agent_is_not_idle_while_a_call_is_decided_upon() -> None:
    free = asyncio.Event()

    async def slow(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        await free.wait()
        return None

    talk = Conversation(gate=slow)
    talk.process.say(init(), hook("h1", "Bash", {}), result())
    await talk.until(TurnEnded)
    assert talk.of(Idle) == []
    free.set()
    await talk.until(Idle)
    await talk.end()


async def test_a_hook_that_the_cli_gave_up_is_not_answered() -> None:
    reached = asyncio.Event()

    async def hanging(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        reached.set()
        await asyncio.Event().wait()
        return None

    talk = Conversation(gate=hanging)
    talk.process.say(init(), hook("h1", "Bash", {}))
    await reached.wait()
    talk.process.say({"type": "control_cancel_request", "request_id": "h1"})
    await talk.told_all()
    assert talk.process.answer_to("h1") is None
    await talk.end()


async def test_after_a_change_to_confirm_edit_the_cli_is_made_to_ask() -> None:
    talk = Conversation()
    talk.process.say(init())
    change = asyncio.create_task(talk.session.set_permission_mode(PermissionMode.CONFIRM_EDIT))
    request = await talk.process.hears("control_request", subtype="set_permission_mode")
    assert request["request"]["mode"] == "default"
    response = {"subtype": "success", "request_id": request["request_id"], "response": {}}
    talk.process.say({"type": "control_response", "response": response})
    await change
    talk.process.say(hook("h1", "Write", {"file_path": "a"}), hook("h2", "Read", {"file_path": "a"}, "u2"))
    await talk.process.hears("control_response", request_id="h2")
    assert talk.process.answer_to("h1")["hookSpecificOutput"]["permissionDecision"] == "ask"
    assert talk.process.answer_to("h2") == {}
    await talk.end()


@pytest.mark.parametrize("answer", [Answer("allow", text="x"), Answer("deny", message="no")])
async def test_an_answer_after_the_exit_is_refused(answer: Answer) -> None:
    talk = Conversation()
    talk.process.say(init(), asks("r1", "AskUserQuestion", QUESTION))
    await talk.until(RequestOpened)
    talk.process.exit(1)
    await talk.until(Exited)
    assert not await talk.session.answer("r1", answer)
