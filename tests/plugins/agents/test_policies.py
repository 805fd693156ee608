"""Who decides about tool calls: policies of plugins, and rules that a person made."""

from typing import Any

import pytest

from a_parallel_contracts import Conflict, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.agents import AgentHooks, Decision, RequestKind, ToolFinished, ToolRequest
from tests.plugins.agents.conftest import Desk, OpenDesk


class Policy(Plugin, AgentHooks):
    """Decides by the command of a call."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def decide_tool(self, ctx: PluginContext, request: ToolRequest) -> Decision | None:
        command = request.input.get("command")
        if command == "rm -rf /":
            return Decision("deny", "not on my watch")
        if command == "deploy":
            return Decision("ask", "deployments are asked about")
        if command == "cost":
            return Decision("deny", f"{request.cost:.2f} spent by {request.thread.title}")
        if command == "conflict":
            raise Conflict("refused as an answer")
        if command == "boom":
            raise RuntimeError("the policy is broken")
        return None


async def test_the_first_answer_of_a_policy_counts(open_desk: OpenDesk) -> None:
    desk = await open_desk(plugins={"policy": Policy})
    await desk.create()
    gate = desk.session.gate

    assert await gate("Bash", {"command": "rm -rf /"}, "tu1") == Decision("deny", "not on my watch")
    assert await gate("Bash", {"command": "ls"}, "tu2") is None
    assert await gate("Bash", {"command": "deploy"}, "tu3") == Decision("ask", "deployments are asked about")
    assert await gate("Bash", {"command": "conflict"}, "tu4") == Decision("deny", "refused as an answer")


async def test_a_policy_that_fails_denies(open_desk: OpenDesk) -> None:
    desk = await open_desk(plugins={"policy": Policy})
    await desk.create()
    decision = await desk.session.gate("Bash", {"command": "boom"}, "tu1")

    assert decision is not None
    assert decision.behavior == "deny"
    assert "policy" in decision.reason


async def test_a_policy_sees_thread_and_cost(open_desk: OpenDesk) -> None:
    desk = await open_desk(plugins={"policy": Policy})
    thread = await desk.create("Spend")
    desk.session.turn("one", cost=0.5)
    await desk.receive("agent:result")
    await desk.message(thread, "again")
    decision = await (await desk.nth_session(2)).gate("Bash", {"command": "cost"}, "tu1")
    assert decision == Decision("deny", "0.50 spent by Spend")


async def test_what_a_policy_denied_is_no_missing_permission(open_desk: OpenDesk) -> None:
    desk = await open_desk(plugins={"policy": Policy})
    await desk.create()
    desk.session.begin()
    desk.session.call("Bash", {"command": "rm -rf /"})
    await desk.session.gate("Bash", {"command": "rm -rf /"}, "tu1")
    desk.session.emit(ToolFinished("tu1", "permission denied: not on my watch", is_error=True))
    desk.session.finish(denied=("Bash",))
    assert (await desk.receive("agent:result"))["status"] == "completed"


async def approve(desk: Desk, thread: str, **body: Any) -> None:
    await desk.client.post(f"/api/threads/{thread}/approve-tool", json={"toolName": "Bash", "approved": True, **body})


async def held(desk: Desk, use: str, command: str) -> str:
    request = desk.session.ask(RequestKind.PERMISSION, "Bash", {"command": command}, use)
    await desk.receive("agent:status", status="waiting")
    return request


async def test_a_remembered_call_is_not_asked_about_again_until_the_rule_is_removed(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    await held(desk, "tu1", "make")
    await approve(desk, thread, remember="call")
    (rule,) = await desk.client.get("/api/agents/permission-rules", params={"projectId": desk.project})
    assert (rule["tool"], rule["argument"], rule["projectId"]) == ("Bash", "make", desk.project)

    desk.session.ask(RequestKind.PERMISSION, "Bash", {"command": "make", "description": "again"}, "tu2")
    await held(desk, "tu3", "make install")
    assert desk.session.answers["r-tu2"].behavior == "allow"
    assert "r-tu3" not in desk.session.answers

    assert await desk.client.delete(f"/api/agents/permission-rules/{rule['id']}") == {"ok": True}
    assert await desk.client.get("/api/agents/permission-rules") == []
    await approve(desk, thread)
    request = await held(desk, "tu4", "make")
    assert request not in desk.session.answers


async def test_a_remembered_tool_is_allowed_in_other_threads_of_the_project_too(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    await held(desk, "tu1", "make")
    await approve(desk, thread, remember="tool")
    await desk.running.stop()

    later = await open_desk(data_directory=desk.running.kernel.config.server.data_directory)
    other = await later.create("second", permissionMode="confirmEdit")
    later.session.begin()
    later.session.ask(RequestKind.PERMISSION, "Bash", {"command": "anything"}, "tu1")
    later.session.emit(ToolFinished("tu1", "done"))
    later.session.finish()
    await later.receive("agent:result")
    assert later.session.answers["r-tu1"].behavior == "allow"
    assert "waiting" not in later.statuses(other)


async def test_a_rule_does_not_answer_what_a_policy_wants_asked(open_desk: OpenDesk) -> None:
    desk = await open_desk(plugins={"policy": Policy})
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    await held(desk, "tu1", "make")
    await approve(desk, thread, remember="tool")
    await desk.session.gate("Bash", {"command": "deploy"}, "tu2")
    request = await held(desk, "tu2", "deploy")
    assert request not in desk.session.answers


async def test_rules_belong_to_their_user(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    await held(desk, "tu1", "make")
    await approve(desk, thread, remember="tool")
    (rule,) = await desk.client.get("/api/agents/permission-rules")
    stranger = desk.client.acting_as("somebody")

    assert await stranger.get("/api/agents/permission-rules") == []
    answer = await stranger.answer("DELETE", f"/api/agents/permission-rules/{rule['id']}")
    unknown = await stranger.answer("DELETE", "/api/agents/permission-rules/unknown")
    assert (answer.status, answer.body) == (404, unknown.body)
    assert len(await desk.client.get("/api/agents/permission-rules")) == 1


@pytest.mark.parametrize("body", [{}, {"toolName": ""}, {"toolName": "Bash"}, {"toolName": "Bash", "approved": "yes"}])
async def test_an_approval_is_checked(desk: Desk, body: dict[str, Any]) -> None:
    thread = await desk.create()
    answer = await desk.client.answer("POST", f"/api/threads/{thread}/approve-tool", json=body)
    assert answer.status == 400


async def test_rules_go_with_their_project(desk: Desk) -> None:
    thread = await desk.create(permissionMode="confirmEdit")
    desk.session.begin()
    await held(desk, "tu1", "make")
    await approve(desk, thread, remember="tool")
    await desk.client.delete(f"/api/projects/{desk.project}")
    await desk.running.settled()
    assert await desk.client.get("/api/agents/permission-rules") == []
