"""The real CLI: text, tools, follow-ups, sessions."""

import subprocess
from pathlib import Path

import pytest

from a_parallel_contracts import replace
from a_parallel_contracts.agents import (
    Exited,
    Idle,
    PromptProgress,
    SessionStarted,
    TextProduced,
    ThinkingProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_contracts.threads import Model
from a_parallel_plugins.claude.provider import ClaudeProvider
from tests.plugins.claude.driving import Drive
from tests.plugins.claude.fake import run_of
from tests.plugins.claude.test_session_turns import another
from tests.real_cli.messages_api import Hold, MessagesApi, Reply, thinking, tool

pytestmark = pytest.mark.real_cli


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


async def test_text_streams_and_the_run_ends(provider: ClaudeProvider, directory: Path, api: MessagesApi) -> None:
    words = "One two three four five six seven eight nine ten eleven twelve."
    hold = Hold()
    api.on("Count", Reply.of(thinking("They want numbers."), words).held(hold))
    run = run_of("Count", directory=str(directory))
    drive = await Drive.of(provider, run)
    await hold.reached.wait()
    partial = await drive.until(TextProduced)
    assert partial.partial
    assert words.startswith(partial.text)
    hold.let_go()
    exited = await drive.exited()
    assert (exited.returncode, exited.undelivered) == (0, ())
    [ended] = drive.of_kind(TurnEnded)
    assert (ended.outcome, ended.result, ended.denied) == ("success", words, ())
    assert ended.session_cost > 0
    assert drive.of_kind(TextProduced)[-1] == TextProduced(partial.message_id, words)
    assert drive.of_kind(ThinkingProduced)[-1] == ThinkingProduced(partial.message_id, "They want numbers.")
    [started] = drive.of_kind(SessionStarted)
    assert (started.cwd, started.session_id) == (str(directory), ended.session_id)
    assert "sonnet" in started.model
    assert {"AskUserQuestion", "ExitPlanMode", "Bash"} <= set(started.tools)
    assert [event.state for event in drive.of_kind(PromptProgress)] == ["queued", "started", "completed"]
    assert [type(event) for event in drive.events[-2:]] == [Idle, Exited]


async def test_a_file_is_written_in_a_worktree(
    provider: ClaudeProvider, directory: Path, api: MessagesApi, tmp_path: Path
) -> None:
    git(directory, "init", "-q", "-b", "main")
    git(directory, "commit", "-q", "--allow-empty", "-m", "Begin")
    worktree = tmp_path / "worktree"
    git(directory, "worktree", "add", "-q", "-b", "topic", str(worktree))
    target = worktree / "made.txt"
    write = tool("Write", file_path=str(target), content="by the agent\n")
    list_it = tool("Bash", command="git status --porcelain", description="Look")
    api.on("Make it", Reply.of("Writing.", write), Reply.of(list_it), "Made.")
    drive = await Drive.of(provider, run_of("Make it", directory=str(worktree)))
    await drive.exited()
    assert target.read_text() == "by the agent\n"
    assert git(directory, "status", "--porcelain") == ""
    calls = {call.name: call for call in drive.of_kind(ToolCalled)}
    results = {result.tool_use_id: result for result in drive.of_kind(ToolFinished)}
    assert calls["Write"].tool_use_id == write["id"]
    assert "made.txt" in results[list_it["id"]].output
    assert not results[write["id"]].is_error
    kinds = [type(event) for event in drive.events]
    assert kinds.index(ToolCalled) < kinds.index(ToolFinished) < kinds.index(TurnEnded)


async def test_messages_to_a_busy_agent_are_delivered_once_and_in_order(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    hold = Hold()
    api.on("First job", Reply.of("Working on the first job for a while.").held(hold))
    api.on("Third job", "All done.")
    drive = await Drive.of(provider, run_of("First job", directory=str(directory)))
    await hold.reached.wait()
    second, third = another("Second job"), another("Third job")
    assert await drive.session.send(second)
    assert await drive.session.send(third)
    await drive.until_that(lambda event: event == PromptProgress(third.id, "queued"))
    assert drive.of_kind(Idle) == []
    hold.let_go()
    exited = await drive.exited()
    assert exited.undelivered == ()
    said = "\n".join(api.conversation("Third job")[-1].user_texts())
    assert said.count("Second job") == said.count("Third job") == 1
    assert said.index("First job") < said.index("Second job") < said.index("Third job")
    assert len(drive.of_kind(Idle)) == 1


async def test_a_message_while_a_tool_runs_joins_the_turn(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    gate = directory / "gate"
    wait = f"python3 -c \"import os, time\nwhile not os.path.exists('{gate}'): time.sleep(0.02)\""
    api.on("Wait", Reply.of(tool("Bash", command=wait, description="Wait")), "Both.")
    api.on("Meanwhile", "Both.")
    drive = await Drive.of(provider, run_of("Wait", directory=str(directory)))
    await drive.until(ToolCalled)
    second = another("Meanwhile")
    await drive.session.send(second)
    await drive.until_that(lambda event: event == PromptProgress(second.id, "queued"))
    gate.touch()
    await drive.exited()
    assert len(drive.of_kind(TurnEnded)) == 1
    assert PromptProgress(second.id, "completed") in drive.events


async def test_a_session_goes_on_in_a_new_process(provider: ClaudeProvider, directory: Path, api: MessagesApi) -> None:
    api.on("Remember blue", "Noted.")
    first = await Drive.of(provider, run_of("Remember blue", directory=str(directory)))
    await first.exited()
    session, cost = first.of_kind(TurnEnded)[0].session_id, first.of_kind(TurnEnded)[0].session_cost
    api.on("Which colour", "Blue.")
    resumed = await Drive.of(provider, run_of("Which colour", directory=str(directory), session_id=session))
    await resumed.exited()
    assert any("Remember blue" in text for text in api.conversation("Which colour")[-1].user_texts())
    [ended] = resumed.of_kind(TurnEnded)
    assert (ended.session_id, ended.result) == (session, "Blue.")
    assert ended.session_cost > cost, "the CLI's cost is the session's total"


async def test_a_session_that_is_gone_is_told_as_lost(provider: ClaudeProvider, directory: Path) -> None:
    for session in ("11111111-1111-4111-8111-111111111111", "-not-a-uuid"):
        run = run_of("Hello", directory=str(directory), session_id=session)
        drive = await Drive.of(provider, run)
        exited = await drive.exited()
        assert exited.session_lost
        assert exited.undelivered == (run.prompt.id,)
        assert drive.of_kind(TurnEnded) == []


async def test_a_message_sent_again_after_a_stop_is_delivered_once(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    hold = Hold()
    api.on("First job", Reply.of("Working on the first job for a while.").held(hold))
    drive = await Drive.of(provider, run_of("First job", directory=str(directory)))
    await hold.reached.wait()
    second = another("Second job")
    await drive.session.send(second)
    await drive.until_that(lambda event: event == PromptProgress(second.id, "queued"))
    await drive.session.stop()
    exited = await drive.exited()
    assert exited.undelivered == (second.id,)
    session = drive.of_kind(SessionStarted)[0].session_id
    api.on("Second job", "Done.")
    again = await Drive.of(provider, replace(run_of(directory=str(directory), session_id=session), prompt=second))
    await again.exited()
    said = "\n".join(api.conversation("Second job")[-1].user_texts())
    assert said.count("Second job") == 1
    assert "First job" in said


async def test_another_model_answers_from_the_next_turn_on(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("First", "One.")
    api.on("Second", "Two.")
    drive = await Drive.of(provider, run_of("First", directory=str(directory), model=Model.HAIKU), closes=False)
    await drive.until(Idle)
    await drive.session.set_model(Model.OPUS)
    await drive.session.send(another("Second"))
    await drive.until(TurnEnded, 2)
    assert "haiku" in api.conversation("First")[0].body["model"]
    assert "opus" in api.conversation("Second")[-1].body["model"]
    await drive.session.close()
    await drive.exited()


async def test_a_cleared_conversation_is_another_session(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("Remember blue", "Noted.")
    drive = await Drive.of(provider, run_of("Remember blue", directory=str(directory)), closes=False)
    await drive.until(Idle)
    await drive.session.send(another("/clear"))
    await drive.until(TurnEnded, 2)
    await drive.session.send(another("Which colour"))
    await drive.until(TurnEnded, 3)
    await drive.session.close()
    await drive.exited()
    sessions = [event.session_id for event in drive.of_kind(SessionStarted)]
    assert sessions[0] != sessions[-1]
    assert drive.of_kind(TurnEnded)[-1].session_id == sessions[-1]
    resumed = await Drive.of(provider, run_of("Go on", directory=str(directory), session_id=sessions[-1]))
    assert not (await resumed.exited()).session_lost
    assert not any("Remember blue" in text for text in api.conversation("Go on")[-1].user_texts())


async def test_a_single_question_is_answered(provider: ClaudeProvider, directory: Path, api: MessagesApi) -> None:
    api.on("Describe the change", "TITLE: chore: update\nBODY: Nothing more.")
    answer = await provider.ask("Describe the change", directory=str(directory))
    assert answer == "TITLE: chore: update\nBODY: Nothing more."


async def test_the_status_shows_the_version(provider: ClaudeProvider) -> None:
    status = await provider.status()
    assert status.available
    assert "Claude Code" in str(status.version)
