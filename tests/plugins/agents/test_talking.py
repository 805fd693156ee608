"""Messages to an agent that is alive: further ones, answers, leave to use tools."""

import asyncio
from typing import Any

import pytest

from a_parallel_contracts.agents import (
    Idle,
    Prompt,
    PromptProgress,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    ToolFinished,
    TurnEnded,
)
from tests.plugins.agents.conftest import Desk

QUESTION = {
    "questions": [
        {"question": "Which database?", "header": "Database", "options": [{"label": "SQLite"}, {"label": "Postgres"}]},
        {"question": "Which extras?", "header": "Extras", "multiSelect": True, "options": [{"label": "Docs"}]},
    ]
}
ANSWER = "\n\n".join(
    ["[Database] Which database?\n→ SQLite — small and fast", "[Extras] Which extras?\n→ Docs — pages\n→ Tests — fine"]
)


async def ask_permission(desk: Desk, tool: str = "Bash", use: str = "tu1", **tool_input: Any) -> str:
    """Let the agent ask for leave and wait until the client knows."""
    request = desk.session.ask(RequestKind.PERMISSION, tool, tool_input or {"command": "make"}, use)
    await desk.receive("agent:status", status="waiting")
    return request


async def test_a_message_to_a_busy_thread_reaches_the_running_agent(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    desk.session.say("Working")
    await desk.receive("agent:message")
    await desk.message(thread, "second")
    await desk.message(thread, "third")

    assert [prompt.text for prompt in desk.session.sent] == ["first", "second", "third"]
    assert not desk.session.stopped
    assert len(desk.provider.sessions) == 1
    desk.session.begin()
    desk.session.say("Done", message_id="m2")
    desk.session.finish()
    await desk.receive("agent:result")
    assert desk.statuses(thread) == ["running", "completed"]
    assert [text for _, text in await desk.said(thread)] == ["first", "Working", "second", "third", "Done"]
    assert await desk.rows("SELECT * FROM agents_outbox") == []


async def test_a_run_does_not_end_before_the_agent_has_begun_with_every_message(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.message(thread, "second")
    desk.session.finish()
    desk.session.begin()
    desk.session.say("Both done")
    desk.session.finish()
    await desk.receive("agent:result")
    await desk.running.settled()

    assert len(desk.events(thread, "result")) == 1
    assert desk.events(thread)[-1][0] == "result"


async def test_a_message_that_the_agent_cannot_take_is_sent_at_the_end_of_its_turn(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    desk.session.takes = False
    await desk.message(thread, "second")
    await desk.message(thread, "third")
    assert len(desk.session.sent) == 1
    desk.session.takes = True
    desk.session.emit(TurnEnded("success"), Idle())
    await desk.session.has_taken(3)

    assert [prompt.text for prompt in desk.session.sent] == ["first", "second", "third"]
    desk.session.turn("Done")
    await desk.receive("agent:result")
    assert desk.statuses(thread) == ["running", "completed"]


async def test_a_message_that_an_agent_never_takes_reaches_its_successor(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    desk.session.takes = False
    await desk.message(thread, "second")
    desk.session.emit(TurnEnded("success"), Idle())
    successor = await desk.nth_session(2)

    assert successor.run.session_id == "session-1"
    assert [prompt.text for prompt in successor.sent] == ["second"]
    successor.turn("Done")
    await desk.receive("agent:result")
    assert desk.statuses(thread) == ["running", "completed"]


async def test_messages_that_were_taken_but_not_begun_with_are_sent_again_in_order(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.message(thread, "second")
    await desk.message(thread, "third")
    ended = desk.session
    ended.emit(TurnEnded("success"))
    ended.exit()
    successor = await desk.nth_session(2)
    successor.begin()
    successor.say("Done")
    successor.finish()
    await desk.receive("agent:result")

    assert [prompt.text for prompt in successor.sent] == ["second", "third"]
    assert desk.statuses(thread) == ["running", "completed"]
    assert [text for role, text in await desk.said(thread) if role == "user"] == ["first", "second", "third"]


async def test_messages_that_a_crash_cost_reach_the_next_run_before_the_new_one(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.message(thread, "second")
    desk.session.exit(1, "crash")
    await desk.receive("agent:status", status="failed")
    assert len(desk.provider.sessions) == 1
    await desk.message(thread, "third")

    texts = [prompt.text for prompt in (await desk.nth_session(2)).sent]
    assert texts[0].endswith("\n\nsecond")
    assert texts[1:] == ["third"]


async def test_an_agent_that_never_tells_what_became_of_a_message_does_not_hang_the_thread(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.message(thread, "second")
    seen = desk.session.sent[1]
    desk.session.finish()
    desk.session._started.add(seen.id)  # it had begun with the message but did not say so
    result = await desk.receive("agent:result")

    assert result["status"] == "completed"
    assert len(desk.provider.sessions) == 1
    assert (await desk.show(thread))["status"] == "completed"


async def test_another_model_and_mode_reach_the_live_agent(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.message(thread, "second", model="opus", permissionMode="confirmEdit")
    await desk.message(thread, "third", model="opus", permissionMode="confirmEdit")

    assert (desk.session.models, desk.session.modes) == (["opus"], ["confirmEdit"])
    shown = await desk.show(thread)
    assert (shown["model"], shown["permissionMode"]) == ("opus", "confirmEdit")
    assert [(m["model"], m["permissionMode"]) for m in shown["messages"]] == [
        ("sonnet", "autoEdit"),
        ("opus", "confirmEdit"),
        ("opus", "confirmEdit"),
    ]


async def test_a_question_is_held_and_answered(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    request = desk.session.ask(RequestKind.QUESTION, "AskUserQuestion", QUESTION)
    status = await desk.receive("agent:status", status="waiting")
    assert status == {"status": "waiting", "stage": "in_progress", "waitingReason": "question"}
    assert (await desk.show(thread))["status"] == "waiting"

    await desk.message(thread, ANSWER)
    answer = desk.session.answers[request]
    assert answer.behavior == "allow"
    assert answer.answers == {"Which database?": "SQLite", "Which extras?": "Docs, Tests"}
    assert answer.text == ANSWER
    assert (await desk.show(thread))["status"] == "running"
    desk.session.emit(ToolFinished("tu1", "answered"))
    desk.session.say("Thanks", message_id="m2")
    desk.session.finish()
    await desk.receive("agent:result")
    assert desk.statuses(thread) == ["running", "waiting", "running", "completed"]
    running = [data for _, data in desk.events(thread, "status") if data["status"] == "running"]
    assert all(data["stage"] == "in_progress" for data in running)
    assert [text for role, text in await desk.said(thread) if role == "user"] == ["Do it", ANSWER]
    assert len(desk.session.sent) == 1
    assert await desk.rows("SELECT * FROM agents_outbox") == []


async def test_an_answer_waits_for_a_request_that_is_on_its_way(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.call("AskUserQuestion", QUESTION)
    await desk.receive("agent:status", status="waiting")
    sending = asyncio.create_task(desk.message(thread, "Anything"))
    await asyncio.sleep(0)
    desk.session.emit(RequestOpened("late", RequestKind.QUESTION, "AskUserQuestion", QUESTION, "tu1"))
    await sending

    assert desk.session.answers["late"].answers == {"Which database?": "Anything", "Which extras?": "Anything"}
    assert desk.statuses(thread) == ["running", "waiting"]


async def test_a_request_may_come_before_its_call(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.emit(RequestOpened("early", RequestKind.PLAN, "ExitPlanMode", {}, "tu1"))
    await desk.receive("agent:status", status="waiting")
    await desk.message(thread, "Plan accepted")
    desk.session.call("ExitPlanMode", {}, use="tu1")
    desk.session.emit(ToolFinished("tu1", "approved"))
    desk.session.finish()
    await desk.receive("agent:result")
    assert desk.statuses(thread) == ["running", "waiting", "running", "completed"]


@pytest.mark.parametrize("text", ["Plan accepted", "Accepted", "Continue"])
async def test_an_accepted_plan_goes_on_with_edits(desk: Desk, text: str) -> None:
    thread = await desk.create(permissionMode="plan")
    desk.session.begin()
    request = desk.session.ask(RequestKind.PLAN, "ExitPlanMode", {"plan": "1. Do it"})
    await desk.receive("agent:status", waitingReason="plan")
    await desk.message(thread, text)

    answer = desk.session.answers[request]
    assert (answer.behavior, answer.accept_edits) == ("allow", True)
    assert (await desk.show(thread))["permissionMode"] == "autoEdit"


@pytest.mark.parametrize("text", ["Plan rejected. Do not proceed with this plan.", "Use fewer steps"])
async def test_any_other_answer_to_a_plan_refuses_it_with_that_text(desk: Desk, text: str) -> None:
    thread = await desk.create(permissionMode="plan")
    desk.session.begin()
    request = desk.session.ask(RequestKind.PLAN, "ExitPlanMode", {"plan": "1. Do it"})
    await desk.receive("agent:status", waitingReason="plan")
    await desk.message(thread, text)

    answer = desk.session.answers[request]
    assert (answer.behavior, answer.message) == ("deny", text)
    assert (await desk.show(thread))["permissionMode"] == "plan"


async def test_leave_for_a_tool_answers_the_held_request(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    request = await ask_permission(desk)
    told = desk.events(thread, "status")[-1][1]
    assert (told["waitingReason"], told["permissionRequest"]) == ("permission", {"toolName": "Bash"})
    await desk.client.post(f"/api/threads/{thread}/approve-tool", json={"toolName": "Bash", "approved": True})

    assert desk.session.answers[request].behavior == "allow"
    assert len(desk.provider.sessions) == 1
    assert len(desk.session.sent) == 1
    role, text = (await desk.said(thread))[-1]
    assert (role, "approved" in text, "Bash" in text) == ("user", True, True)


async def test_a_refused_tool_is_no_reason_to_wait_again(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    request = await ask_permission(desk)
    await desk.client.post(f"/api/threads/{thread}/approve-tool", json={"toolName": "Bash", "approved": False})
    answer = desk.session.answers[request]
    assert answer.behavior == "deny"
    desk.session.emit(ToolFinished("tu1", f"permission denied: {answer.message}", is_error=True))
    desk.session.finish(denied=("Bash",))
    assert (await desk.receive("agent:result"))["status"] == "completed"


@pytest.mark.parametrize(
    ("text", "behavior"), [("Continue", "allow"), ("No, do not proceed with that action.", "deny"), ("why?", "deny")]
)
async def test_a_plain_message_answers_a_permission_too(desk: Desk, text: str, behavior: str) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    request = await ask_permission(desk)
    await desk.message(thread, text)

    answer = desk.session.answers[request]
    assert answer.behavior == behavior
    assert answer.message == ("" if behavior == "allow" else text)


async def test_a_withdrawn_request_is_not_answered_any_more(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    request = await ask_permission(desk)
    desk.session.open_requests.discard(request)
    desk.session.emit(RequestWithdrawn(request))
    await desk.receive("agent:status", status="running")
    await desk.message(thread, "Continue")

    assert desk.session.answers == {}
    assert [prompt.text for prompt in desk.session.sent] == ["Do it", "Continue"]


async def test_an_answer_that_comes_too_late_is_delivered_as_a_message(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    request = await ask_permission(desk)
    desk.session.open_requests.discard(request)  # withdrawn, but nobody has heard of it yet
    await desk.message(thread, "Use make test instead")

    assert [prompt.text for prompt in desk.session.sent] == ["Do it", "Use make test instead"]
    assert [text for role, text in await desk.said(thread) if role == "user"] == ["Do it", "Use make test instead"]


async def test_images_of_an_answer_reach_the_agent(desk: Desk) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    thread = await desk.create()
    desk.session.begin()
    request = desk.session.ask(RequestKind.QUESTION, "AskUserQuestion", QUESTION)
    await desk.receive("agent:status", status="waiting")
    await desk.message(thread, "Like this", images=[image])

    assert desk.session.answers[request].text == "Like this"
    assert [(prompt.text, len(prompt.images)) for prompt in desk.session.sent] == [("Do it", 0), ("", 1)]
    assert len(await desk.said(thread)) == 3


async def test_an_agent_that_dies_while_it_waits_fails_the_thread_visibly(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    await ask_permission(desk)
    desk.session.exit(1, "crash")
    await desk.receive("agent:status", status="failed")

    told = [(name, data.get("status")) for name, data in desk.events(thread, "status", "error")]
    assert told == [
        ("status", "running"),
        ("status", "waiting"),
        ("status", "running"),
        ("error", None),
        ("status", "failed"),
    ]
    await desk.message(thread, "Continue")
    assert len(desk.provider.sessions) == 2


async def test_a_call_that_a_policy_refused_waits_for_nobody(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.call("AskUserQuestion", QUESTION)
    desk.session.emit(ToolFinished("tu1", "questions are not allowed", is_error=True))
    desk.session.finish()
    assert (await desk.receive("agent:result"))["status"] == "completed"
    assert desk.statuses(thread) == ["running", "waiting", "running", "completed"]


async def test_an_interrupt_ends_the_turn_and_keeps_the_agent(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.client.post(f"/api/threads/{thread}/interrupt")
    await desk.receive("agent:status", status="interrupted")
    shown = await desk.show(thread)
    assert (shown["status"], shown["stage"]) == ("interrupted", "in_progress")
    assert shown["completedAt"]
    await desk.message(thread, "Something else")
    desk.session.turn("Else done")
    await desk.receive("agent:result")

    assert len(desk.provider.sessions) == 1
    assert [prompt.text for prompt in desk.session.sent] == ["Do it", "Something else"]
    assert desk.statuses(thread) == ["running", "interrupted", "running", "completed"]


async def test_an_interrupted_agent_that_takes_nothing_is_replaced(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.client.post(f"/api/threads/{thread}/interrupt")
    await desk.receive("agent:status", status="interrupted")
    desk.session.takes = False
    await desk.message(thread, "Something else")

    assert [prompt.text for prompt in (await desk.nth_session(2)).sent] == ["Something else"]
    desk.session.turn("Else done")
    await desk.receive("agent:result")
    assert desk.statuses(thread) == ["running", "interrupted", "running", "completed"]


async def test_an_interrupt_without_an_agent_does_nothing(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.turn("one")
    await desk.receive("agent:result")
    assert await desk.client.post(f"/api/threads/{thread}/interrupt") == {"ok": True}
    assert (await desk.show(thread))["status"] == "completed"


async def test_messages_at_the_same_moment_start_one_agent(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.turn("one")
    await desk.receive("agent:result")
    await asyncio.gather(*(desk.message(thread, f"message {index}") for index in range(6)))

    assert len(desk.provider.sessions) == 2
    texts = [prompt.text for prompt in desk.session.sent]
    assert sorted(texts) == [f"message {index}" for index in range(6)]
    assert [text for role, text in await desk.said(thread) if role == "user"] == ["first", *texts]


async def test_a_message_to_an_agent_that_is_leaving_waits_for_its_end(desk: Desk) -> None:
    desk.provider.exits_when_closed = False
    thread = await desk.create("first")
    desk.session.turn("one")
    await desk.receive("agent:result")
    leaving = desk.session
    await desk.message(thread, "second")

    assert leaving.gone
    assert [prompt.text for prompt in desk.session.sent] == ["second"]
    assert len(desk.provider.sessions) == 2


async def test_progress_may_be_told_before_the_agent_said_that_it_took_the_message(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    session, take = desk.session, desk.session.send

    async def send(prompt: Prompt) -> bool:
        session.emit(PromptProgress(prompt.id, "started"))
        session.say(f"I have got {prompt.text}", message_id="m2")
        await desk.receive("agent:message", content="I have got second")
        return await take(prompt)

    session.send = send  # type: ignore[method-assign]
    await desk.message(thread, "second")
    desk.session.finish()
    await desk.receive("agent:result")
    assert await desk.rows("SELECT * FROM agents_outbox") == []
    assert len(desk.provider.sessions) == 1
