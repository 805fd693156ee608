"""What the scripted agent reports for each directive."""

import asyncio
from pathlib import Path

import orjson
import pytest

from a_parallel_contracts.agents import (
    Answer,
    Decision,
    Exited,
    Idle,
    ModeChanged,
    Prompt,
    PromptProgress,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    SessionStarted,
    TextProduced,
    ThinkingProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import Model, PermissionMode
from tests.plugins.scripted.conftest import Play, Played


def outputs(played: Played) -> list[tuple[str, bool]]:
    return [(event.output, event.is_error) for event in played.of(ToolFinished)]


async def test_a_turn_is_reported_in_order(play: Play) -> None:
    played = await (await play("!say Hello\\nthere")).finished()
    kinds = [type(event) for event in played.events]
    assert kinds == [PromptProgress, SessionStarted, TextProduced, TurnEnded, Idle, Exited]
    assert played.of(TextProduced)[0].text == "Hello\nthere"
    (ended,) = played.of(TurnEnded)
    assert (ended.outcome, ended.result, ended.session_cost, ended.session_id) == (
        "success",
        "Hello\nthere",
        0.001,
        "s1",
    )
    assert played.events[-1] == Exited(0)


async def test_streaming_and_thinking_grow(play: Play) -> None:
    played = await (await play("!think a b\n!stream one two three")).finished()
    assert [(e.text, e.partial) for e in played.of(ThinkingProduced)] == [("a", True), ("a b", False)]
    said = played.of(TextProduced)
    assert [(e.text, e.partial) for e in said] == [("one", True), ("one two", True), ("one two three", False)]
    assert len({event.message_id for event in said}) == 1


async def test_files_are_really_edited(play: Play, tmp_path: Path) -> None:
    script = "!write sub/a.txt one\\ntwo\n!edit sub/a.txt two => 2\n!edit sub/a.txt three\n!read sub/a.txt"
    played = await (await play(script)).finished()
    assert (tmp_path / "sub" / "a.txt").read_text() == "one\n2\nthree\n"
    assert [event.name for event in played.of(ToolCalled)] == ["Write", "Edit", "Edit", "Read"]
    assert outputs(played)[-1] == ("one\n2\nthree\n", False)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "link/x.txt", "."])
async def test_nothing_outside_the_directory_is_touched(play: Play, tmp_path: Path, name: str) -> None:
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (tmp_path / "link").symlink_to(outside)
    played = await (await play(f"!write {name} x\n!read {name}")).finished()
    assert played.of(ToolCalled) == []
    assert all("lies outside" in event.text for event in played.of(TextProduced))
    assert list(outside.iterdir()) == []


async def test_a_change_that_does_not_fit_is_a_tool_error(play: Play, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    played = await (await play("!edit a.txt y => z\n!read missing.txt")).finished()
    assert [failed for _, failed in outputs(played)] == [True, True]
    assert (tmp_path / "a.txt").read_text() == "x"


async def test_a_wrong_directive_says_how_it_is_written(play: Play) -> None:
    played = await (await play("!juggle\n!tool\n!tool Grep [1]\n!tool Grep {\n!sleep long\n!mode fast")).finished()
    said = [event.text for event in played.of(TextProduced)]
    assert said[0].startswith("!juggle: there is no such directive")
    assert len(said) == 6
    assert played.of(TurnEnded)[0].succeeded


async def test_a_tool_call_gives_its_output(play: Play) -> None:
    played = await (await play('!tool Grep {"pattern": "x"} => two\\nlines\n!tool Grep')).finished()
    assert [event.input for event in played.of(ToolCalled)] == [{"pattern": "x"}, {}]
    assert outputs(played) == [("two\nlines", False), ("ok", False)]


@pytest.mark.parametrize(
    ("mode", "options", "asked"),
    [
        (PermissionMode.AUTO_EDIT, {}, False),
        (PermissionMode.AUTO_EDIT, {"allowed_tools": ("Read",)}, True),
        (PermissionMode.CONFIRM_EDIT, {}, True),
        (PermissionMode.CONFIRM_EDIT, {"allowed_tools": ("Write",)}, True),
        (PermissionMode.PLAN, {}, True),
    ],
)
async def test_writing_is_asked_about_where_the_rules_say_so(
    play: Play, tmp_path: Path, mode: PermissionMode, options: dict[str, tuple[str, ...]], asked: bool
) -> None:
    played = await play("!write a.txt x", mode=mode, answers={"Write": Answer("deny", "rather not")}, **options)
    await played.finished()
    assert bool(played.of(RequestOpened)) is asked
    assert (tmp_path / "a.txt").exists() is not asked
    assert outputs(played)[0][1] is asked


async def test_a_disallowed_tool_is_refused(play: Play) -> None:
    played = await (await play("!tool Grep", disallowed_tools=("Grep",))).finished()
    assert outputs(played) == [("The tool Grep is not in the allowed tools list", True)]
    assert played.of(RequestOpened) == []


async def test_a_policy_decides_before_the_rules(play: Play, tmp_path: Path) -> None:
    decisions = {"Write": Decision("deny", "no files today"), "Grep": Decision("ask"), "Edit": Decision("allow")}
    played = await play(
        "!write a.txt x\n!edit b.txt y\n!tool Grep",
        decide=lambda tool, tool_input: decisions.get(tool),
        mode=PermissionMode.CONFIRM_EDIT,
        answers={"Grep": Answer("allow")},
    )
    await played.finished()
    assert outputs(played)[0] == ("no files today", True)
    assert (tmp_path / "b.txt").exists()
    assert [request.tool for request in played.of(RequestOpened)] == ["Grep"]
    assert [tool for tool, _ in played.gated] == ["Write", "Edit", "Grep"]


async def test_a_question_is_asked_and_the_answer_said(play: Play) -> None:
    answer = Answer("allow", answers={"Which?": "Red"}, text="[Colour] Which?\n→ Red")
    played = await (await play("!ask Colour: Which? | Red | Blue", answers={"AskUserQuestion": answer})).finished()
    (request,) = played.of(RequestOpened)
    assert request.kind is RequestKind.QUESTION
    (question,) = request.input["questions"]
    assert (question["header"], question["question"]) == ("Colour", "Which?")
    assert [option["label"] for option in question["options"]] == ["Red", "Blue"]
    assert played.of(TextProduced)[-1].text == "Answer: Red"


async def test_questions_are_asked_as_the_tool_takes_them(play: Play) -> None:
    options = '"options": [{"label": "A", "description": "a"}]'
    asked = (
        f'[{{"question": "One?", "header": "1", {options}}}, {{"question": "Two?", "multiSelect": true, {options}}}]'
    )
    answers = {"AskUserQuestion": Answer("allow", answers={"One?": "A", "Two?": "B, C"}, text="t")}
    played = await (await play(f"!ask {asked}", answers=answers)).finished()
    (request,) = played.of(RequestOpened)
    assert [question["question"] for question in request.input["questions"]] == ["One?", "Two?"]
    assert [event.text for event in played.of(TextProduced)] == ["Answer: A", "Answer: B, C"]


@pytest.mark.parametrize("asked", ["[{]", '["One?"]', '[{"header": "1"}]'])
async def test_questions_that_make_no_sense_are_told(play: Play, asked: str) -> None:
    played = await (await play(f"!ask {asked}")).finished()
    assert played.of(TextProduced)[-1].text.startswith("!ask: ")


@pytest.mark.parametrize(
    ("answer", "changed", "said"),
    [
        (Answer("allow", accept_edits=True), [ModeChanged(PermissionMode.AUTO_EDIT)], ["On it"]),
        (Answer("deny", "shorter"), [], ["The plan was not accepted: shorter"]),
    ],
)
async def test_a_plan_is_shown(play: Play, answer: Answer, changed: list[ModeChanged], said: list[str]) -> None:
    played = await play("!plan 1. Do it\n!say On it", mode=PermissionMode.PLAN, answers={"ExitPlanMode": answer})
    await played.finished()
    assert played.of(RequestOpened)[0].input == {"plan": "1. Do it"}
    assert played.of(ModeChanged) == changed
    assert [event.text for event in played.of(TextProduced)] == said
    assert played.of(TurnEnded)[0].succeeded


async def test_messages_become_turns_in_order(play: Play) -> None:
    played = await play("!say one")
    assert await played.session.send(Prompt("p2", "!say two"))
    assert await played.session.send(Prompt("p3", "!say three\n!cost 0.5"))
    await played.finished()
    assert [event.text for event in played.of(TextProduced)] == ["one", "two", "three"]
    assert [event.prompt_id for event in played.of(PromptProgress)] == ["p1", "p2", "p3"]
    assert [event.session_cost for event in played.of(TurnEnded)] == [0.001, 0.002, pytest.approx(0.502)]
    assert len(played.of(Idle)) == 1
    assert not await played.session.send(Prompt("p4", "late"))


async def test_an_interrupt_ends_the_turn_and_withdraws_what_was_asked(play: Play) -> None:
    played = await play("!permission Bash")
    request = await played.until(RequestOpened)
    assert await played.session.interrupt()
    ended = await played.until(TurnEnded)
    assert ended.interrupted
    assert played.of(RequestWithdrawn) == [RequestWithdrawn(request.request_id)]
    assert not await played.session.answer(request.request_id, Answer("allow"))
    assert await played.session.send(Prompt("p2", "!say still here"))
    await played.finished()
    assert played.of(TextProduced)[-1].text == "still here"


async def test_stop_ends_a_turn_that_hangs_and_gives_back_what_was_not_begun(play: Play) -> None:
    played = await play("!say Begun\n!hang")
    await played.until(TextProduced)
    await played.session.send(Prompt("p2", "!say never"))
    await played.session.stop()
    assert await played.until(Exited) == Exited(-15, undelivered=("p2",))


@pytest.mark.parametrize(
    ("script", "exited"),
    [("!exit", Exited(0)), ("!crash 7 out of ideas", Exited(7, "out of ideas")), ("!crash", Exited(1))],
)
async def test_it_dies_as_told(play: Play, script: str, exited: Exited) -> None:
    played = await play(script)
    assert await played.until(Exited) == exited
    assert played.of(TurnEnded) == []


async def test_it_fails_as_told(play: Play) -> None:
    played = await (await play("!fail error_max_turns\n!say never")).finished()
    assert played.of(TurnEnded)[0].outcome == "error_max_turns"
    assert played.of(TextProduced) == []


async def test_background_work_ends_in_a_turn_of_its_own(play: Play) -> None:
    played = await play("!background 0 I am back\n!say Away")
    await played.finished()
    kinds = [type(event) for event in played.events]
    assert kinds.count(TurnEnded) == 2
    assert kinds.count(Idle) == 1
    assert [event.text for event in played.of(TextProduced)] == ["Away", "I am back"]


async def test_a_flood_waits_for_its_reader(play: Play) -> None:
    played = await play("!flood 2000 10")
    await played.until(SessionStarted)
    for _ in range(50):
        await asyncio.sleep(0)
    assert played.session._events.qsize() <= 256
    await played.finished()
    assert len(played.of(ToolFinished)) == 2000


async def test_it_tells_what_it_was_started_with(play: Play) -> None:
    played = await play("!echo", system_prompt="Be kind", allowed_tools=("Read",))
    await played.session.set_model(Model.HAIKU)
    await played.session.set_permission_mode(PermissionMode.PLAN)
    await played.finished()
    told = orjson.loads(played.of(TextProduced)[0].text)
    assert (told["model"], told["mode"], told["systemPrompt"]) == ("haiku", "plan", "Be kind")
    assert (told["prompt"], told["resumed"], told["allowedTools"]) == ("!echo", False, ["Read"])


async def test_the_scene_asks_in_plan_mode_and_respects_a_refusal(play: Play, tmp_path: Path) -> None:
    played = await play("Look", mode=PermissionMode.PLAN, answers={"ExitPlanMode": Answer("deny", "no")})
    await played.finished()
    assert list(tmp_path.iterdir()) == []
    assert [event.name for event in played.of(ToolCalled)] == ["ExitPlanMode"]

    played = await play("Look", mode=PermissionMode.CONFIRM_EDIT, answers={"Write": Answer("deny", "no")})
    await played.finished()
    assert list(tmp_path.iterdir()) == []
    assert "not allowed to write" in played.of(TextProduced)[-1].text


@pytest.mark.parametrize("steps", range(8))
async def test_an_agent_that_is_stopped_twice_tells_its_end(play: Play, steps: int) -> None:
    played = await play("!ask Which one?")
    await played.until(RequestOpened)
    first = asyncio.create_task(played.session.stop())
    for _ in range(steps):
        await asyncio.sleep(0)  # the second comes at each point of its way out
    await asyncio.gather(first, played.session.stop())
    assert (await played.until(Exited)).returncode == -15
