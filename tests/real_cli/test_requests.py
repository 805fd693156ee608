"""The real CLI asks: questions, plans, permissions, and the gate before each tool call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.agents import (
    Answer,
    Decision,
    ModeChanged,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.claude.provider import ClaudeProvider
from tests.plugins.claude.driving import Drive
from tests.plugins.claude.fake import run_of
from tests.plugins.claude.test_session_turns import another
from tests.real_cli.messages_api import Hold, MessagesApi, Reply, tool

pytestmark = pytest.mark.real_cli

QUESTION = {
    "question": "Which colour?",
    "header": "Colour",
    "multiSelect": False,
    "options": [{"label": "Red", "description": "Warm"}, {"label": "Blue", "description": "Cool"}],
}


async def test_a_question_waits_and_its_answer_reaches_the_model(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("Ask me", Reply.of(tool("AskUserQuestion", questions=[QUESTION])), "Red it is.")
    drive = await Drive.of(provider, run_of("Ask me", directory=str(directory)))
    opened = await drive.until(RequestOpened)
    assert opened.kind is RequestKind.QUESTION
    assert opened.tool_use_id == drive.of_kind(ToolCalled)[0].tool_use_id
    answers = {"Which colour?": "Red"}
    assert await drive.session.answer(opened.request_id, Answer("allow", text="[Colour] \u2192 Red", answers=answers))
    await drive.exited()
    assert '"Which colour?"="Red"' in drive.of_kind(ToolFinished)[0].output
    assert drive.of_kind(TurnEnded)[0].result == "Red it is."


async def test_a_plan_is_revised_after_a_no_and_carried_out_after_a_yes(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    target = directory / "planned.txt"
    api.on(
        "Plan it",
        Reply.of(tool("ExitPlanMode", plan="1. Write")),
        Reply.of(tool("ExitPlanMode", plan="1. Write well")),
        Reply.of(tool("Write", file_path=str(target), content="x"), tool("Bash", command="touch also.txt")),
        "Carried out.",
    )
    run = run_of("Plan it", directory=str(directory), permission_mode=PermissionMode.PLAN)
    drive = await Drive.of(provider, run)
    first = await drive.until(RequestOpened)
    assert first.kind is RequestKind.PLAN
    await drive.session.answer(first.request_id, Answer("deny", message="Please write well"))
    second = await drive.until(RequestOpened, 2)
    await drive.session.answer(second.request_id, Answer("allow", text="Plan accepted", accept_edits=True))
    await drive.exited()
    assert drive.of_kind(ToolFinished)[0].output == "Please write well"
    assert target.exists()
    assert (directory / "also.txt").exists()
    [ended] = drive.of_kind(TurnEnded)
    assert (ended.outcome, ended.denied) == ("success", ())
    assert drive.of_kind(ModeChanged) == [], "the change was asked for"


async def test_a_plan_accepted_as_it_is_leaves_the_plan_mode(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("Plan it", Reply.of(tool("ExitPlanMode", plan="1. Write")), "Carried out.")
    run = run_of("Plan it", directory=str(directory), permission_mode=PermissionMode.PLAN)
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    await drive.session.answer(opened.request_id, Answer("allow"))
    await drive.exited()
    assert drive.of_kind(ModeChanged) == [ModeChanged(PermissionMode.CONFIRM_EDIT)]


async def test_plan_mode_does_not_write_without_asking(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    target = directory / "early.txt"
    api.on("Plan it", Reply.of(tool("Write", file_path=str(target), content="x")), "I should not.")
    run = run_of("Plan it", directory=str(directory), permission_mode=PermissionMode.PLAN)
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    assert (opened.kind, opened.tool) == (RequestKind.PERMISSION, "Write")
    await drive.session.answer(opened.request_id, Answer("deny", message="Not yet"))
    await drive.exited()
    assert not target.exists()


@pytest.mark.parametrize("behavior", ["allow", "deny"])
async def test_confirm_edit_holds_an_edit_for_a_person(
    provider: ClaudeProvider, directory: Path, api: MessagesApi, behavior: str
) -> None:
    target = directory / "asked.txt"
    api.on("Write it", Reply.of(tool("Write", file_path=str(target), content="x")), "As you say.")
    run = run_of("Write it", directory=str(directory), permission_mode=PermissionMode.CONFIRM_EDIT)
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    assert (opened.kind, opened.tool, opened.input["file_path"]) == (RequestKind.PERMISSION, "Write", str(target))
    assert not target.exists()
    answer = Answer("allow") if behavior == "allow" else Answer("deny", message="Rather not")
    await drive.session.answer(opened.request_id, answer)
    await drive.exited()
    assert target.exists() is (behavior == "allow")
    [finished] = drive.of_kind(ToolFinished)
    assert finished.is_error is (behavior == "deny")
    assert drive.of_kind(TurnEnded)[0].denied == ()


async def test_a_permission_that_is_remembered_is_not_asked_for_again(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    bash = "python3 -c 'print(1)'"
    api.on("Run it", Reply.of(tool("Bash", command=bash)), Reply.of(tool("Bash", command=bash)), "Ran twice.")
    run = run_of("Run it", directory=str(directory), permission_mode=PermissionMode.CONFIRM_EDIT)
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    rules = tuple(one for one in opened.suggestions if one["type"] == "addRules")
    assert rules
    await drive.session.answer(opened.request_id, Answer("allow", remember=rules))
    await drive.exited()
    assert len(drive.of_kind(RequestOpened)) == 1
    assert [result.output for result in drive.of_kind(ToolFinished)] == ["1", "1"]


async def test_tools_in_none_of_the_lists_are_asked_for(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("Run it", Reply.of(tool("Bash", command="touch made.txt; python3 -c 1")), "Ran.")
    run = run_of("Run it", directory=str(directory), allowed_tools=("Read", "Write"))
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    assert opened.tool == "Bash"
    await drive.session.answer(opened.request_id, Answer("allow"))
    await drive.exited()
    assert (directory / "made.txt").exists()


async def test_the_gate_denies_a_call_that_the_cli_would_not_even_ask_about(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    asked: list[str] = []

    async def gate(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        asked.append(tool)
        return Decision("deny", "the budget is spent") if tool == "Write" else None

    target = directory / "denied.txt"
    write = tool("Write", file_path=str(target), content="x")
    api.on("Write it", Reply.of(write, tool("Bash", command="touch allowed.txt")), "I see.")
    drive = await Drive.of(provider, run_of("Write it", directory=str(directory)), gate)
    await drive.exited()
    assert not target.exists()
    assert (directory / "allowed.txt").exists()
    assert asked == ["Write", "Bash"]
    results = {result.tool_use_id: result for result in drive.of_kind(ToolFinished)}
    assert "the budget is spent" in results[write["id"]].output
    assert drive.of_kind(TurnEnded)[0].denied == ()


async def test_a_gate_that_fails_lets_nothing_through(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    async def gate(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        raise RuntimeError("broken policy")

    api.on("Run it", Reply.of(tool("Bash", command="touch made.txt")), "I see.")
    drive = await Drive.of(provider, run_of("Run it", directory=str(directory)), gate)
    await drive.exited()
    assert not (directory / "made.txt").exists()


async def test_the_gate_can_have_a_person_asked_about_an_allowed_tool(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    async def gate(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        return Decision("ask", "production")

    api.on("Run it", Reply.of(tool("Bash", command="touch made.txt")), "Ran.")
    drive = await Drive.of(provider, run_of("Run it", directory=str(directory)), gate)
    opened = await drive.until(RequestOpened)
    assert not (directory / "made.txt").exists()
    await drive.session.answer(opened.request_id, Answer("allow"))
    await drive.exited()
    assert (directory / "made.txt").exists()


async def test_a_change_to_confirm_edit_in_a_live_session_is_heeded(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("Hello", "Hello.")
    drive = await Drive.of(provider, run_of("Hello", directory=str(directory)), closes=False)
    await drive.until(TurnEnded)
    await drive.session.set_permission_mode(PermissionMode.CONFIRM_EDIT)
    target = directory / "asked.txt"
    api.on("Write it", Reply.of(tool("Write", file_path=str(target), content="x")), "As you say.")
    await drive.session.send(another("Write it"))
    opened = await drive.until(RequestOpened)
    assert not target.exists()
    await drive.session.answer(opened.request_id, Answer("deny"))
    await drive.until(TurnEnded, 2)
    assert drive.of_kind(ModeChanged) == []
    await drive.session.close()
    await drive.exited()


async def test_an_interrupt_withdraws_what_is_open(provider: ClaudeProvider, directory: Path, api: MessagesApi) -> None:
    api.on("Ask me", Reply.of(tool("AskUserQuestion", questions=[QUESTION])))
    drive = await Drive.of(provider, run_of("Ask me", directory=str(directory)))
    opened = await drive.until(RequestOpened)
    assert await drive.session.interrupt()
    assert await drive.until(RequestWithdrawn) == RequestWithdrawn(opened.request_id)
    assert not await drive.session.answer(opened.request_id, Answer("allow"))
    ended = await drive.until(TurnEnded)
    assert ended.interrupted
    assert ended.denied == ()
    await drive.exited()


async def test_sub_agents_work_and_ask_under_their_parent(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    delegate = tool(
        "Agent", description="Look", prompt="Inner job", subagent_type="general-purpose", run_in_background=False
    )
    inner = tool("Write", file_path=str(directory / "inner.txt"), content="x")
    api.on("Delegate", Reply.of(delegate), "It is delegated.")
    api.on("Inner job", Reply.of("Inner words.", inner), "Inner report.", agent=True)
    run = run_of("Delegate", directory=str(directory), permission_mode=PermissionMode.CONFIRM_EDIT)
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    assert opened.tool == "Write"
    await drive.session.answer(opened.request_id, Answer("allow"))
    await drive.exited()
    assert (directory / "inner.txt").exists()
    calls = {call.tool_use_id: call for call in drive.of_kind(ToolCalled)}
    assert calls[inner["id"]].parent == delegate["id"]
    assert calls[delegate["id"]].parent is None


async def test_two_requests_are_open_at_once(provider: ClaudeProvider, directory: Path, api: MessagesApi) -> None:
    """A background sub-agent asks while the main conversation does."""
    hold = Hold()
    delegate = tool("Agent", description="Look", prompt="Inner job", subagent_type="general-purpose")
    inner = tool("Write", file_path=str(directory / "inner.txt"), content="x")
    outer = tool("Write", file_path=str(directory / "outer.txt"), content="x")
    api.on("Delegate", Reply.of(delegate), Reply.of("Now mine.", outer).held(hold), "Both.", "Noted.", "Noted.")
    api.on("Inner job", Reply.of(inner), "Inner report.", agent=True)
    run = run_of("Delegate", directory=str(directory), permission_mode=PermissionMode.CONFIRM_EDIT)
    drive = await Drive.of(provider, run)
    first = await drive.until(RequestOpened)
    hold.let_go()
    second = await drive.until(RequestOpened, 2)
    assert {first.tool_use_id, second.tool_use_id} == {inner["id"], outer["id"]}
    assert await drive.session.answer(second.request_id, Answer("allow"))
    assert await drive.session.answer(first.request_id, Answer("allow"))
    await drive.exited()
    assert (directory / "inner.txt").exists()
    assert (directory / "outer.txt").exists()
