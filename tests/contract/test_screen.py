"""The client's state by itself: what it accepts, what it draws, what it derives."""

import json
from typing import Any

import pytest

from tests.contract.circuit import Circuit
from tests.contract.golden import load
from tests.contract.screen import ACCEPTED, Screen
from tests.contract.shown import STATUSES, Breach, Card

ROW: dict[str, Any] = {
    "id": "t1",
    "projectId": "p1",
    "title": "Do it",
    "mode": "local",
    "status": "running",
    "stage": "in_progress",
    "archived": False,
    "pinned": False,
    "cost": 0,
}


def screen_with(status: str = "running", messages: list[dict[str, Any]] | None = None) -> Screen:
    screen = Screen()
    screen.show_threads("p1", [{**ROW, "status": status}])
    screen.begin_loading("t1")
    screen.show_thread({**ROW, "status": status, "messages": messages or []})
    return screen


def frame(kind: str, thread: str = "t1", **data: Any) -> str:
    return json.dumps({"type": kind, "threadId": thread, "data": data})


def assistant(content: str, *tools: dict[str, Any]) -> dict[str, Any]:
    return {"id": "m1", "role": "assistant", "content": content, "toolCalls": list(tools)}


def tool(name: str, output: str | None = None) -> dict[str, Any]:
    return {"id": "c1", "name": name, "input": "{}", "output": output}


@pytest.mark.parametrize("before", sorted(STATUSES))
@pytest.mark.parametrize("event", sorted(STATUSES - {"idle", "pending"}))
def test_a_status_event_is_accepted_only_from_some_states(before: str, event: str) -> None:
    screen = screen_with(before)
    screen.receive(frame("agent:status", status=event))
    assert screen.threads["t1"].status == (event if event in ACCEPTED[before] else before)


def test_a_settled_thread_reacts_to_running_alone() -> None:
    screen = screen_with("waiting")
    screen.receive(frame("agent:status", status="stopped"))
    assert screen.threads["t1"].status == "waiting"
    screen.receive(frame("agent:status", status="running"))
    screen.receive(frame("agent:status", status="stopped"))
    assert screen.threads["t1"].status == "stopped"


@pytest.mark.parametrize("before", sorted(STATUSES))
def test_a_result_wins_in_every_state(before: str) -> None:
    screen = screen_with(before)
    screen.receive(frame("agent:result", status="failed", cost=1.5, duration=10, stage="review", errorReason="boom"))
    shown = screen.threads["t1"]
    assert (shown.status, shown.stage) == ("failed", "review")
    assert screen.toasts == ["Do it: failed: boom"]
    assert shown.final == {"cost": 1.5, "duration": 10}


def test_of_two_messages_in_one_animation_frame_only_the_last_is_drawn() -> None:
    screen = screen_with()
    screen.receive(frame("agent:message", messageId="m1", role="assistant", content="first"))
    screen.receive(frame("agent:message", messageId="m2", role="assistant", content="second"))
    assert screen.threads["t1"].texts == []
    screen.animation_frame()
    assert screen.threads["t1"].texts == [("assistant", "second")]


def test_a_tool_call_draws_the_pending_message_first() -> None:
    screen = screen_with()
    screen.receive(frame("agent:message", messageId="m1", role="assistant", content="first"))
    screen.receive(frame("agent:tool_call", toolCallId="c1", messageId="m1", name="Edit", input={"a": 1}))
    screen.receive(frame("agent:message", messageId="m2", role="assistant", content="second"))
    screen.animation_frame()
    assert screen.threads["t1"].texts == [("assistant", "first"), ("assistant", "second")]
    assert [tool.name for tool in screen.threads["t1"].tools] == ["Edit"]
    assert "diff:t1" in screen.wants


def test_a_tool_call_twice_is_shown_once() -> None:
    screen = screen_with()
    for _ in range(2):
        screen.receive(frame("agent:tool_call", toolCallId="c1", messageId="m1", name="Read", input={}))
    assert len(screen.threads["t1"].tools) == 1


def test_messages_of_another_thread_are_not_shown_but_its_status_is() -> None:
    screen = screen_with()
    screen.show_threads("p1", [ROW, {**ROW, "id": "t2"}])
    screen.receive(frame("agent:message", thread="t2", messageId="m", role="assistant", content="x"))
    screen.receive(frame("agent:status", thread="t2", status="failed"))
    screen.animation_frame()
    assert screen.threads["t2"].texts == []
    assert screen.threads["t2"].status == "failed"


def test_messages_that_arrive_while_a_thread_is_loaded_are_replayed_on_it() -> None:
    screen = screen_with()
    screen.begin_loading("t1")
    screen.receive(frame("agent:message", messageId="m1", role="assistant", content="whole text"))
    screen.animation_frame()
    screen.show_thread({**ROW, "messages": [assistant("whole")]})
    assert screen.threads["t1"].texts == [("assistant", "whole text")]


def test_the_own_message_is_shown_before_the_server_knows_and_replaced_by_a_load() -> None:
    screen = screen_with()
    screen.say("hello")
    assert screen.threads["t1"].texts == [("user", "hello")]
    screen.show_thread({**ROW, "messages": []})
    assert screen.threads["t1"].texts == []


@pytest.mark.parametrize(
    ("stored", "card"),
    [
        (tool("AskUserQuestion"), Card("question")),
        (tool("ExitPlanMode"), Card("plan")),
        (tool("Bash", "Claude requested PERMISSIONS to use Bash"), Card("permission", "Bash")),
        (tool("Bash", "it hasn't been granted"), Card("permission", "Bash")),
        (tool("Bash", "not in the allowed tools"), Card("permission", "Bash")),
        (tool("Bash", "fine"), Card("generic")),
        (tool("Bash"), Card("generic")),
    ],
)
def test_the_card_of_a_waiting_thread_is_derived_from_its_last_tool_call(stored: dict[str, Any], card: Card) -> None:
    assert screen_with("waiting", [assistant("text", stored)]).threads["t1"].card == card


def test_an_announced_card_names_the_tool_and_goes_when_the_run_goes_on() -> None:
    screen = screen_with()
    screen.receive(
        frame("agent:status", status="waiting", waitingReason="permission", permissionRequest={"toolName": "Bash"})
    )
    assert screen.threads["t1"].card == Card("permission", "Bash")
    screen.receive(frame("agent:status", status="running", stage="in_progress"))
    assert screen.threads["t1"].card is None


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '"text"',
        '{"type": "agent:status", "threadId": null, "data": {}}',
        '{"type": "agent:status", "data": {"status": "running"}}',
        frame("agent:status", status="sleeping"),
        frame("agent:result", status="stopped", cost=0, duration=0, stage="review"),
        frame("agent:init", tools="Bash", cwd="/", model=""),
        frame("agent:tool_call", toolCallId="c", messageId="m", name="Bash", input="{}"),
    ],
)
def test_what_the_client_cannot_digest_is_a_breach(text: str) -> None:
    with pytest.raises(Breach):
        screen_with().receive(text)


def test_unknown_types_are_ignored() -> None:
    screen_with().receive(frame("notes:added", text="x"))


def test_every_recorded_frame_can_be_digested() -> None:
    for scenario in ("s04_threads_basic", "s08_git", "s12_automations"):
        screen = screen_with()
        for event in load(scenario).events:
            screen.receive(json.dumps(event.event))
        screen.animation_frame()


def test_three_failures_without_a_success_cover_the_ui_for_15_seconds() -> None:
    now = [0.0]
    circuit = Circuit(lambda: now[0])
    for status in (500, None, 404, 503, 502):
        circuit.note(status)
    assert not circuit.overlay
    circuit.note(500)
    assert circuit.overlay
    now[0] = 14.9
    assert not circuit.probe_due
    now[0] = 15.0
    assert circuit.probe_due
    circuit.probed(healthy=False)
    assert circuit.overlay
    assert not circuit.probe_due
    circuit.probed(healthy=True)
    assert not circuit.overlay
