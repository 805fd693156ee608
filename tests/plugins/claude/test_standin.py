"""The provider against the stand-in, which speaks as older CLIs do, on real processes."""

import time
from pathlib import Path

import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.agents import (
    Answer,
    Exited,
    Idle,
    PromptProgress,
    RequestKind,
    RequestOpened,
    SessionStarted,
    TextProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.claude.provider import ClaudeProvider
from tests.plugins.claude.driving import Drive
from tests.plugins.claude.fake import no_opinion, run_of
from tests.plugins.claude.test_session_turns import another
from tests.support.claude_log import invocations
from tests.support.processes import alive, processes_with


async def play(provider: ClaudeProvider, directory: Path, prompt: str, **changes: object) -> Drive:
    """Run a prompt to its end."""
    drive = await Drive.of(provider, run_of(prompt, directory=str(directory), **changes))
    await drive.exited()
    return drive


def texts(drive: Drive) -> list[str]:
    """Return the final text of each message, in order."""
    final: dict[str, str] = {event.message_id: event.text for event in drive.of_kind(TextProduced)}
    return list(final.values())


async def test_a_tool_that_edits_a_file(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "edit hello.txt")
    assert "fake agent" in (directory / "hello.txt").read_text()
    [call] = drive.of_kind(ToolCalled)
    [finished] = drive.of_kind(ToolFinished)
    assert (call.name, call.input["file_path"]) == ("Write", str(directory / "hello.txt"))
    assert finished.tool_use_id == call.tool_use_id
    [ended] = drive.of_kind(TurnEnded)
    assert (ended.outcome, ended.result, ended.session_cost, ended.duration_ms) == ("success", "Done.", 0.0123, 1234)
    kinds = [type(event) for event in drive.events]
    assert kinds[:2] == [PromptProgress, SessionStarted]
    assert kinds[-3:] == [TurnEnded, Idle, Exited]


async def test_a_question_is_asked_and_answered(provider: ClaudeProvider, directory: Path) -> None:
    drive = await Drive.of(provider, run_of("ask", directory=str(directory)))
    opened = await drive.until(RequestOpened)
    assert opened.kind is RequestKind.QUESTION
    assert opened.tool_use_id == drive.of_kind(ToolCalled)[0].tool_use_id
    assert await drive.session.answer(
        opened.request_id, Answer("allow", text="Blue", answers={"Which colour?": "Blue"})
    )
    await drive.exited()
    assert "You answered: Blue" in texts(drive)


@pytest.mark.parametrize("prompt", ["plan", "plan-empty"])
async def test_a_plan_is_shown_and_accepted(provider: ClaudeProvider, directory: Path, prompt: str) -> None:
    run = run_of(prompt, directory=str(directory), permission_mode=PermissionMode.PLAN)
    drive = await Drive.of(provider, run)
    opened = await drive.until(RequestOpened)
    assert opened.kind is RequestKind.PLAN
    await drive.session.answer(opened.request_id, Answer("allow", text="Plan accepted", accept_edits=True))
    await drive.exited()
    assert "Plan answer: Plan accepted" in texts(drive)


async def test_the_same_session_goes_on_in_another_process(provider: ClaudeProvider, directory: Path) -> None:
    first = await play(provider, directory, "hello")
    session = first.of_kind(SessionStarted)[0].session_id
    second = await play(provider, directory, "argv", session_id=session, model=Model.HAIKU)
    assert second.of_kind(SessionStarted)[0].session_id == session
    assert f'"--resume={session}"' in texts(second)[0]
    assert '"haiku"' in texts(second)[0]


async def test_messages_many_and_growing(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "stream then many 5")
    assert texts(drive) == [
        "Streaming a sentence one word at a time.",
        *(f"Message {number} of 5" for number in range(1, 6)),
        "All steps are finished.",
    ]


async def test_a_flood_of_messages_loses_nothing(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "many 3000")
    assert texts(drive) == [*(f"Message {n} of 3000" for n in range(1, 3001)), "All steps are finished."]


async def test_a_line_of_twenty_megabytes(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "bigline 20480")
    assert len(texts(drive)[0]) == 20480 * 1024


async def test_bad_lines_and_a_last_line_without_newline(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "badjson then partial")
    assert "Still alive after bad lines." in texts(drive)
    assert len(drive.of_kind(TurnEnded)) == 1


async def test_several_blocks_in_a_line_and_a_call_that_is_repeated(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "multiblock then duptool")
    assert texts(drive)[:2] == ["First part.\n\nSecond part.", "Once."]
    assert len({call.tool_use_id for call in drive.of_kind(ToolCalled)}) == 3


async def test_text_is_taken_as_it_is(provider: ClaudeProvider, directory: Path) -> None:
    drive = await play(provider, directory, "unicode")
    assert "caf\\u00e9" in texts(drive)[0]
    assert "caf\u00e9 \u2713 \U0001f600" in texts(drive)[0]


@pytest.mark.parametrize(("word", "code", "reason"), [("crash", 1, "simulated crash"), ("crash0", 0, "")])
async def test_an_exit_without_a_result(
    provider: ClaudeProvider, directory: Path, word: str, code: int, reason: str
) -> None:
    drive = await play(provider, directory, word)
    exited = drive.events[-1]
    assert isinstance(exited, Exited)
    assert exited.returncode == code
    assert reason in exited.detail
    assert drive.of_kind(TurnEnded, Idle) == []
    assert exited.undelivered == ()


@pytest.mark.parametrize("word", ["crashafter", "fastexit", "tworesults", "partial"])
async def test_the_result_comes_before_the_exit(provider: ClaudeProvider, directory: Path, word: str) -> None:
    drive = await play(provider, directory, word)
    assert drive.of_kind(TurnEnded)[0].outcome == "success"
    assert isinstance(drive.events[-1], Exited)


@pytest.mark.parametrize(
    ("word", "outcome"), [("maxturns", "error_max_turns"), ("execerror", "error_during_execution")]
)
async def test_failures_are_named(provider: ClaudeProvider, directory: Path, word: str, outcome: str) -> None:
    drive = await play(provider, directory, word)
    assert drive.of_kind(TurnEnded)[0].outcome == outcome


async def test_a_lingering_cli_is_closed_when_idle(provider: ClaudeProvider, directory: Path) -> None:
    began = time.monotonic()
    drive = await play(provider, directory, "linger")
    assert drive.events[-1] == Exited(0)
    assert time.monotonic() - began < 10


async def test_a_follow_up_on_the_open_input(provider: ClaudeProvider, directory: Path) -> None:
    drive = await Drive.of(provider, run_of("linger", directory=str(directory)), closes=False)
    await drive.until(Idle)
    second = another("edit again.txt")
    assert await drive.session.send(second)
    await drive.until(TurnEnded, 2)
    assert (directory / "again.txt").exists()
    assert PromptProgress(second.id, "started") in drive.events
    await drive.session.close()
    assert (await drive.exited()).undelivered == ()


async def test_a_message_that_the_cli_left_unread_is_undelivered(provider: ClaudeProvider, directory: Path) -> None:
    drive = await Drive.of(provider, run_of("slow 1", directory=str(directory)))
    await drive.until(TextProduced)
    second = another()
    assert await drive.session.send(second)
    assert (await drive.exited()).undelivered == (second.id,)


async def test_stopping_one_that_ignores_the_polite_way(
    provider: ClaudeProvider, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_CLAUDE_LOG", str(log))
    drive = await Drive.of(provider, run_of("stubborn", directory=str(directory)))
    await drive.until(TextProduced)
    await drive.session.stop(grace=0.3)
    assert (await drive.exited(timeout=5)).returncode == -9
    assert not alive(invocations(log)[0].pid)


async def test_an_interrupt_that_is_not_obeyed_is_told(
    host: object, provider: ClaudeProvider, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider._settings, "control_timeout", 0.2)
    drive = await Drive.of(provider, run_of("slow 30", directory=str(directory)))
    await drive.until(TextProduced)
    assert not await drive.session.interrupt()
    await drive.session.stop()
    await drive.exited()


async def test_a_silent_cli_is_ended(
    provider: ClaudeProvider, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider._settings, "silence_limit", 1.0)
    drive = await play(provider, directory, "hang")
    last = drive.events[-1]
    assert isinstance(last, Exited)
    assert "said nothing" in last.detail


async def test_a_question_without_a_thread(provider: ClaudeProvider, directory: Path) -> None:
    assert await provider.ask("hello", directory=str(directory)) == "Hello!"


@pytest.mark.parametrize("word", ["linger", "ask", "edit x.txt"])
async def test_a_question_answers_whatever_the_cli_asks_and_ends_it(
    provider: ClaudeProvider, directory: Path, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_CLAUDE_LOG", str(log))
    assert await provider.ask(word, directory=str(directory)) in ("Hello!", "Done.")
    [asked] = invocations(log)
    assert not alive(asked.pid)
    assert asked.option("--max-turns") == "1"
    assert asked.option("--model") is None


@pytest.mark.parametrize(
    ("word", "reason"),
    [("crash", "simulated crash"), ("execerror", "error_during_execution"), ("slow 30", "within 1 s")],
)
async def test_a_question_without_an_answer_is_a_failure(
    provider: ClaudeProvider, directory: Path, word: str, reason: str
) -> None:
    with pytest.raises(FailedDependency, match=reason):
        await provider.ask(word, directory=str(directory), timeout=1)


async def test_stopping_the_provider_ends_its_agents(provider: ClaudeProvider, directory: Path) -> None:
    drives = [await Drive.of(provider, run_of("hang", directory=str(directory))) for _ in range(3)]
    for drive in drives:
        await drive.until(TextProduced)
    await provider.close()
    assert {(await drive.exited()).returncode for drive in drives} == {-15}


async def test_a_child_does_not_outlive_a_failure_of_ours(
    provider: ClaudeProvider, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr("a_parallel_plugins.claude.session.ClaudeSession", fail)
    run = run_of("hang", directory=str(directory)).with_environment(ORPHAN=str(directory))
    with pytest.raises(RuntimeError, match="oops"):
        await provider.start(run, no_opinion)
    assert processes_with(f"ORPHAN={directory}") == {}


async def test_the_cli_sees_the_environment_of_the_run(
    provider: ClaudeProvider, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("CLAUDECODE", "1")
    run = run_of("linger", directory=str(directory)).with_environment(FAKE_CLAUDE_LOG=str(log), COLOUR="blue")
    drive = await Drive.of(provider, run, closes=False)
    await drive.until(Idle)
    [child] = invocations(log)
    assert child.pid in processes_with("COLOUR=blue")
    assert child.pid in processes_with("CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS=1")
    assert child.pid not in processes_with("CLAUDECODE=1")
    await drive.session.close()
    await drive.exited()
