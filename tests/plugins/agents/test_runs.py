"""A run from its start to its end, as a browser sees it."""

from typing import Any

import pytest

from a_parallel_contracts import Conflict, FailedDependency
from a_parallel_contracts.agents import RequestKind, ToolFinished, TurnEnded
from tests.plugins.agents.conftest import INSTALLED, Desk, OpenDesk


async def test_a_run_is_told_in_order_and_stored(desk: Desk) -> None:
    thread = await desk.create("Say hello")
    session = desk.session
    session.begin()
    session.say("Hello")
    session.call("Read", {"file_path": "README.md"})
    session.emit(ToolFinished("tu1", "# Sample"))
    session.say("Done", message_id="m2")
    session.finish(cost=0.25)
    result = await desk.receive("agent:result")

    assert result == {"status": "completed", "cost": 0.25, "duration": 100, "stage": "review", "result": "done"}
    names = [name for name, _ in desk.events(thread)]
    assert names == ["status", "init", "message", "tool_call", "tool_output", "message", "result"]
    assert desk.events(thread, "status")[0][1] == {"status": "running", "stage": "in_progress"}
    assert desk.events(thread, "tool_call")[0][1]["input"] == {"file_path": "README.md"}
    shown = await desk.show(thread)
    assert shown["status"] == "completed"
    assert shown["stage"] == "review"
    assert shown["sessionId"] == "session-1"
    assert shown["cost"] == 0.25
    assert shown["completedAt"]
    assert [m["content"] for m in shown["messages"]] == ["Say hello", "Hello", "Done"]
    call = shown["messages"][1]["toolCalls"][0]
    assert (call["name"], call["input"], call["output"]) == ("Read", '{"file_path":"README.md"}', "# Sample")


async def test_the_answer_to_a_creation_is_what_the_request_fixed(desk: Desk) -> None:
    body = {"projectId": desk.project, "mode": "local", "prompt": "x" * 300, "model": "opus", "permissionMode": "plan"}
    created = await desk.client.post("/api/threads", json=body)

    assert created["status"] == "pending"
    assert created["title"] == "x" * 200
    assert (created["model"], created["permissionMode"]) == ("opus", "plan")
    assert not {"stage", "archived", "pinned", "sessionId", "initialPrompt", "completedAt"} & created.keys()
    assert (desk.session.run.model, desk.session.run.permission_mode) == ("opus", "plan")
    assert (await desk.show(created["id"]))["status"] == "running"


WRONG_REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"prompt": ""}, "prompt is required"),
    ({"prompt": "   "}, "blank"),
    ({"mode": "cloud"}, "mode"),
    ({"model": "gpt"}, "model"),
    ({"title": None}, "title"),
    ({"images": [{"type": "image", "source": {"type": "url"}}]}, "images"),
    ({"fileReferences": [{"path": "a"}] * 21}, "20"),
    ({"fileReferences": [{"path": ""}]}, "path"),
    ({"provider": "nobody"}, "Unknown agent provider nobody"),
]


async def test_a_wrong_request_is_refused_and_changes_nothing(desk: Desk) -> None:
    for body, error in WRONG_REQUESTS:
        wrong = {"projectId": desk.project, "mode": "local", "prompt": "x", **body}
        answer = await desk.client.answer("POST", "/api/threads", json=wrong)

        assert answer.status == 400
        assert error in answer.json["error"]
        assert await desk.client.get("/api/threads") == []


async def test_an_image_needs_no_text(desk: Desk) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    thread = await desk.create("", images=[image])

    shown = await desk.show(thread)
    assert shown["title"] == "Image"
    assert shown["messages"][0]["content"] == ""
    assert shown["messages"][0]["images"] == [image]
    assert desk.session.run.prompt.images[0].source.media_type == "image/png"


async def test_a_start_that_fails_is_told_and_leaves_the_message(desk: Desk) -> None:
    extra = {"message": "install it", "details": "Could not find the claude CLI binary"}
    desk.provider.failure = FailedDependency("Claude CLI not installed", extra=extra)
    body = {"projectId": desk.project, "mode": "local", "prompt": "Do it"}
    answer = await desk.client.answer("POST", "/api/threads", json=body)

    assert answer.status == 424
    assert answer.json == {"error": "Claude CLI not installed", **extra}
    (thread,) = await desk.client.get("/api/threads")
    assert (thread["status"], thread["stage"]) == ("failed", "review")
    assert thread["completedAt"]
    await desk.receive("agent:status", status="failed")
    told = [(name, data.get("status") or data.get("error")) for name, data in desk.events(thread["id"])]
    assert told == [("status", "running"), ("error", extra["details"]), ("status", "failed")]
    assert await desk.said(thread["id"]) == [("user", "Do it")]


async def test_a_failure_of_another_kind_is_a_failed_start(desk: Desk) -> None:
    desk.provider.failure = RuntimeError("boom")
    answer = await desk.client.answer(
        "POST", "/api/threads", json={"projectId": desk.project, "mode": "local", "prompt": "Do it"}
    )
    assert (answer.status, answer.json) == (424, {"error": "Failed to start agent", "message": "boom"})


async def test_after_a_failed_start_the_agent_is_given_the_conversation(desk: Desk) -> None:
    desk.provider.failure = FailedDependency("Failed to start agent", extra={"message": "no"})
    await desk.client.answer(
        "POST", "/api/threads", json={"projectId": desk.project, "mode": "local", "prompt": "Build a boat"}
    )
    (thread,) = await desk.client.get("/api/threads")
    desk.provider.failure = None
    await desk.message(thread["id"], "Continue")

    text = desk.session.run.prompt.text
    assert "User: Build a boat" in text
    assert text.endswith("\n\nContinue")
    assert [prompt.text for prompt in desk.session.sent] == [text]


async def test_the_thread_fails_once_when_the_agent_dies(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.exit(3, "out of memory")
    await desk.receive("agent:status", status="failed")
    await desk.running.settled()

    assert desk.statuses(thread) == ["running", "failed"]
    ((_, error),) = desk.events(thread, "error")
    assert "out of memory" in error["error"]
    assert "3" in error["error"]
    shown = await desk.show(thread)
    assert (shown["status"], shown["stage"]) == ("failed", "in_progress")


async def test_an_exit_after_the_result_changes_nothing(desk: Desk) -> None:
    desk.provider.exits_when_closed = False
    thread = await desk.create()
    desk.session.turn("Hello")
    await desk.receive("agent:result")
    desk.session.exit(1, "crashed late")
    await desk.gone(thread)

    assert (await desk.show(thread))["status"] == "completed"
    assert desk.statuses(thread) == ["running", "completed"]


async def test_a_failed_turn_tells_why(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.finish("error_max_turns")
    result = await desk.receive("agent:result")

    assert (result["status"], result["errorReason"]) == ("failed", "error_max_turns")
    assert (await desk.show(thread))["stage"] == "review"


async def test_a_run_is_over_when_the_agent_is_idle_and_not_before(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.emit(TurnEnded("success", "first", 0.1, "session-1", 10))
    desk.session.say("And the background task", message_id="m2")
    desk.session.finish(cost=0.3)
    result = await desk.receive("agent:result")

    assert (result["cost"], result["duration"]) == (0.3, 110)
    assert len(desk.events(thread, "result")) == 1


async def test_cost_grows_by_what_the_session_grew(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread = await desk.create()
    desk.session.turn("one", cost=0.2)
    assert (await desk.receive("agent:result"))["cost"] == 0.2
    await desk.message(thread, "again")
    (await desk.nth_session(2)).turn("two", cost=0.5)
    assert (await desk.receive("agent:result"))["cost"] == 0.5
    await desk.running.stop()

    later = await open_desk(data_directory=desk.running.kernel.config.server.data_directory)
    await later.message(thread, "and again")
    later.session.turn("three", cost=0.6)
    assert (await later.receive("agent:result"))["cost"] == pytest.approx(0.6)
    await later.message(thread, "after a kill that lost the unsaved part")
    (await later.nth_session(2)).turn("four", cost=0.4)
    assert (await later.receive("agent:result"))["cost"] == pytest.approx(0.6)


async def test_completed_at_is_cleared_while_a_thread_runs_again(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.message(thread, "again")

    shown = await desk.show(thread)
    assert (shown["status"], shown["completedAt"], shown["stage"]) == ("running", None, "in_progress")


async def test_a_follow_up_resumes_the_session(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.message(thread, "second", model="haiku", permissionMode="confirmEdit")

    run = (await desk.nth_session(2)).run
    assert run.session_id == "session-1"
    assert run.prompt.text == "second"
    assert (run.model, run.permission_mode) == ("haiku", "confirmEdit")
    shown = await desk.show(thread)
    assert (shown["model"], shown["permissionMode"]) == ("haiku", "confirmEdit")


async def test_plan_mode_stays_plan_mode_on_resume(desk: Desk) -> None:
    thread = await desk.create("first", permissionMode="plan")
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.message(thread, "second")
    assert (await desk.nth_session(2)).run.permission_mode == "plan"


async def test_a_resumed_agent_is_told_when_it_was_cut_short(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.begin()
    await desk.receive("agent:init")
    await desk.client.post(f"/api/threads/{thread}/stop")
    await desk.message(thread, "go on")

    text = (await desk.nth_session(2)).run.prompt.text
    assert text.startswith("[SYSTEM NOTE: ")
    assert text.endswith("\n\ngo on")
    assert (await desk.said(thread))[-1] == ("user", "go on")


async def test_tool_lists_reach_the_agent_as_they_were_sent(desk: Desk) -> None:
    await desk.create("first", allowedTools=["Read"], disallowedTools=["Bash"])
    assert (desk.session.run.allowed_tools, desk.session.run.disallowed_tools) == (("Read",), ("Bash",))
    await desk.create("second", allowedTools=[])
    assert desk.session.run.allowed_tools == ()
    await desk.create("third")
    assert desk.session.run.allowed_tools is None


async def test_files_are_put_before_the_text_but_not_stored(desk: Desk) -> None:
    thread = await desk.create("Look", fileReferences=[{"path": "README.md"}, {"path": "../outside"}, {"path": "no"}])

    text = desk.session.run.prompt.text
    assert text.startswith('<referenced-files>\n<file path="README.md">\n# Sample\n\n</file>\n<file path="no" note=')
    assert text.endswith("</referenced-files>\n\nLook")
    assert "outside" not in text
    assert await desk.said(thread) == [("user", "Look")]


async def test_a_lost_session_falls_back_once_to_a_fresh_one_with_the_conversation(desk: Desk) -> None:
    thread = await desk.create("Build a boat")
    desk.session.turn("The boat is built")
    await desk.receive("agent:result")
    await desk.message(thread, "Paint it")
    lost = await desk.nth_session(2)
    lost.emit(TurnEnded("error_during_execution"))
    lost.exit(1, "No conversation found", session_lost=True)

    fresh = await desk.nth_session(3)
    assert fresh.run.session_id is None
    assert "User: Build a boat" in fresh.run.prompt.text
    assert "Assistant: The boat is built" in fresh.run.prompt.text
    assert fresh.run.prompt.text.endswith("\n\nPaint it")
    fresh.turn("Painted")
    await desk.receive("agent:result", status="completed")
    assert desk.statuses(thread) == ["running", "completed", "running", "completed"]
    assert [text for _, text in await desk.said(thread)] == [
        "Build a boat",
        "The boat is built",
        "Paint it",
        "Painted",
    ]


async def test_a_session_that_is_lost_and_fails_afresh_fails_the_thread(desk: Desk) -> None:
    thread = await desk.create("first")
    desk.session.turn("one")
    await desk.receive("agent:result")
    await desk.message(thread, "second")
    (await desk.nth_session(2)).exit(1, "lost", session_lost=True)
    (await desk.nth_session(3)).exit(1, "lost again", session_lost=True)

    await desk.receive("agent:status", status="failed")
    assert (await desk.show(thread))["status"] == "failed"
    assert len(desk.provider.sessions) == 3


async def test_a_turn_that_nobody_asked_for_is_a_run_of_its_own(desk: Desk) -> None:
    desk.provider.exits_when_closed = False
    thread = await desk.create()
    desk.session.turn("one")
    await desk.receive("agent:result")
    desk.session.turn("by myself")
    await desk.receive("agent:result")

    assert desk.statuses(thread) == ["running", "completed", "running", "completed"]
    assert [text for _, text in await desk.said(thread)] == ["Do it", "one", "by myself"]


async def test_nothing_of_a_run_follows_its_result(desk: Desk) -> None:
    desk.provider.exits_when_closed = False
    thread = await desk.create()
    desk.session.turn("one")
    await desk.receive("agent:result")
    desk.session.say("late words", message_id="m9")
    desk.session.call("Read", {}, use="late")
    desk.session.emit(ToolFinished("late", "late output"))
    desk.session.finish()
    desk.session.exit()
    await desk.gone(thread)

    assert desk.events(thread)[-1][0] == "result"
    shown = await desk.show(thread)
    assert shown["status"] == "completed"
    assert shown["messages"][-1]["content"] == "late words"
    assert shown["messages"][-1]["toolCalls"][0]["output"] == "late output"


async def test_thinking_is_kept_apart(desk: Desk) -> None:
    from a_parallel_contracts.agents import ThinkingProduced

    thread = await desk.create()
    desk.session.begin()
    desk.session.emit(ThinkingProduced("m1", "Let me", partial=True), ThinkingProduced("m1", "Let me see"))
    desk.session.say("I see")
    desk.session.finish()
    await desk.receive("agent:result")

    shown = await desk.show(thread)
    thinking = await desk.client.get(f"/api/threads/{thread}/thinking")
    assert thinking == {shown["messages"][1]["id"]: "Let me see"}
    question, answer = (message["id"] for message in shown["messages"][:2])
    route = f"/api/threads/{thread}/thinking"
    assert await desk.client.get(route, params={"messages": f"{question},{answer}"}) == thinking
    assert await desk.client.get(route, params={"messages": question}) == {}
    assert await desk.client.get(route, params={"messages": ""}) == {}
    assert "Let me see" not in str(shown)
    told = await desk.client.get(f"/api/threads/{thread}", params={"include": "thinking"})
    assert [message["thinking"] for message in told["messages"]] == [None, "Let me see"]
    cut = await desk.client.get(f"/api/threads/{thread}", params={"include": "thinking", "clip": 3, "limit": 1})
    assert cut["messages"][0]["thinking"] == "Let"
    answer = await desk.client.answer("GET", f"/api/threads/{thread}", params={"include": "feelings"})
    assert (answer.status, answer.json["error"]) == (400, "include: feelings is unknown; there is thinking")


async def test_a_missing_permission_makes_the_thread_wait(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.call("Bash", {"command": "make"})
    refusal = "Claude requested permissions to use Bash, but you haven't granted it yet."
    desk.session.emit(ToolFinished("tu1", refusal, is_error=True))
    desk.session.finish()
    result = await desk.receive("agent:result")

    assert (result["status"], result["waitingReason"]) == ("waiting", "permission")
    assert result["permissionRequest"] == {"toolName": "Bash"}
    shown = await desk.show(thread)
    assert (shown["status"], shown["stage"], shown["completedAt"]) == ("waiting", "in_progress", None)

    approval = {"toolName": "Bash", "approved": True, "disallowedTools": ["Bash", "Write"]}
    await desk.client.post(f"/api/threads/{thread}/approve-tool", json=approval)
    run = (await desk.nth_session(2)).run
    assert run.allowed_tools is not None
    assert run.allowed_tools[-1] in {"NotebookEdit", "Bash"}
    assert "Bash" in run.allowed_tools
    assert run.disallowed_tools == ("Write",)
    assert "approved" in run.prompt.text


async def test_output_that_only_mentions_permissions_is_no_reason_to_wait(desk: Desk) -> None:
    await desk.create()
    desk.session.begin()
    desk.session.call("Bash", {"command": "cat log"})
    desk.session.emit(ToolFinished("tu1", "permission denied"))
    desk.session.finish()
    assert (await desk.receive("agent:result"))["status"] == "completed"


async def test_a_question_without_a_request_waits_after_the_result(desk: Desk) -> None:
    thread = await desk.create()
    desk.session.begin()
    desk.session.call("AskUserQuestion", {"questions": []})
    desk.session.finish()
    result = await desk.receive("agent:result")

    assert (result["status"], result["waitingReason"]) == ("waiting", "question")
    assert desk.statuses(thread) == ["running", "waiting", "waiting"]
    await desk.message(thread, "Blue")
    assert (await desk.nth_session(2)).run.prompt.text == "Blue"


async def test_an_accepted_plan_ends_plan_mode_although_its_agent_is_gone(desk: Desk) -> None:
    thread = await desk.create("first", permissionMode="plan")
    desk.session.begin()
    desk.session.call("ExitPlanMode", {"plan": "1. Do it"})
    desk.session.finish()
    assert (await desk.receive("agent:result"))["waitingReason"] == "plan"
    await desk.message(thread, "Plan accepted")

    assert (await desk.nth_session(2)).run.permission_mode == "autoEdit"
    assert (await desk.show(thread))["permissionMode"] == "autoEdit"


async def test_a_refused_plan_stays_in_plan_mode(desk: Desk) -> None:
    thread = await desk.create("first", permissionMode="plan")
    desk.session.begin()
    desk.session.call("ExitPlanMode", {"plan": "1. Do it"})
    desk.session.finish()
    await desk.receive("agent:result")
    await desk.message(thread, "Make it shorter")
    assert (await desk.nth_session(2)).run.permission_mode == "plan"


async def test_a_hook_may_refuse_a_run(open_desk: OpenDesk) -> None:
    from a_parallel_contracts import Manifest, Plugin, PluginContext, hookimpl
    from a_parallel_contracts.agents import AgentHooks, Run

    class Budget(Plugin, AgentHooks):
        manifest = Manifest(api="1.0")

        @hookimpl
        async def prepare_run(self, ctx: PluginContext, run: Run) -> Run:
            if run.prompt.text == "expensive":
                raise Conflict("The budget is spent")
            return run.with_environment(BUDGET="low")

    desk = await open_desk(plugins={"budget": Budget})
    await desk.create("cheap")
    assert desk.session.run.environment == {"BUDGET": "low"}
    body = {"projectId": desk.project, "mode": "local", "prompt": "expensive"}
    answer = await desk.client.answer("POST", "/api/threads", json=body)
    assert (answer.status, answer.json["error"]) == (409, "The budget is spent")
    assert [t["status"] for t in await desk.client.get("/api/threads") if t["title"] == "expensive"] == ["failed"]


async def test_setup_status_asks_the_default_provider(desk: Desk) -> None:
    status = await desk.client.get("/api/setup/status")
    assert status == {"claudeCli": {"available": True, "path": "/bin/fake", "error": None, "version": "1.0"}}
    (info,) = await desk.client.get("/api/agents/providers")
    assert (info["name"], info["default"], info["available"]) == ("fake", True, True)


async def test_a_single_question_goes_to_the_default_provider(desk: Desk) -> None:
    assert await desk.agents.ask("why", directory=str(desk.repository)) == "answer to why"


async def test_a_second_request_is_shown_once_the_first_is_answered(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    desk.session.ask(RequestKind.PERMISSION, "Bash", {"command": "a"}, use="tu1")
    desk.session.ask(RequestKind.PERMISSION, "Write", {"file_path": "b"}, use="tu2")
    await desk.receive("agent:tool_call", input={"file_path": "b"})
    await desk.client.post(f"/api/threads/{thread}/approve-tool", json={"toolName": "Bash", "approved": True})
    second = await desk.receive("agent:status", status="waiting")

    assert second["permissionRequest"] == {"toolName": "Write"}
    assert desk.statuses(thread) == ["running", "waiting", "running", "waiting"]
    assert desk.session.answers["r-tu1"].behavior == "allow"
    assert "r-tu2" not in desk.session.answers


async def test_a_thread_keeps_the_provider_that_it_was_made_for(open_desk: OpenDesk) -> None:
    desk = await open_desk(installed=(*INSTALLED, "scripted"), settings={"plugins.scripted.pace": 0})
    thread = await desk.create("!say Hello", provider="scripted")
    assert (await desk.receive("agent:result"))["result"] == "Hello"
    await desk.message(thread, "!say Hello again")
    assert (await desk.receive("agent:result"))["result"] == "Hello again"
    assert desk.provider.sessions == []
    names = [info["name"] for info in await desk.client.get("/api/agents/providers")]
    assert sorted(names) == ["fake", "scripted"]
