"""The real CLI: interrupted, stopped, killed, failing, working in the background."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from a_parallel_contracts.agents import Idle, SessionStarted, TextProduced, ToolCalled, TurnEnded
from a_parallel_plugins.claude.provider import ClaudeProvider
from tests.plugins.claude.driving import Drive
from tests.plugins.claude.fake import run_of
from tests.plugins.claude.test_session_turns import another
from tests.real_cli.isolation import IsolatedHost
from tests.real_cli.messages_api import Hold, MessagesApi, Reply, tool
from tests.support.processes import processes_with

pytestmark = pytest.mark.real_cli


def waiting_for(gate: Path) -> str:
    """Return a command that runs until `gate` exists."""
    return f"python3 -c \"import os, time\nwhile not os.path.exists('{gate}'): time.sleep(0.02)\""


async def appears(path: Path) -> None:
    """Return when a tool has made `path`."""
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)


async def test_an_interrupt_ends_the_turn_and_the_next_message_works(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    api.on("Talk", Reply.of("Words that are cut off somewhere in the middle of it all.").held(Hold()))
    drive = await Drive.of(provider, run_of("Talk", directory=str(directory)), closes=False)
    await drive.until(TextProduced)
    assert await drive.session.interrupt()
    ended = await drive.until(TurnEnded)
    assert ended.interrupted
    await drive.until(Idle)
    assert "Words that".startswith(drive.of_kind(TextProduced)[-1].text[:10])
    assert not drive.of_kind(TextProduced)[-1].partial
    api.on("Go on", "Here I am.")
    await drive.session.send(another("Go on"))
    again = await drive.until(TurnEnded, 2)
    assert (again.result, again.interrupted) == ("Here I am.", False)
    await drive.session.close()
    await drive.exited()


async def test_stopping_ends_the_tools_too(
    provider: ClaudeProvider, directory: Path, api: MessagesApi, host: IsolatedHost
) -> None:
    command = waiting_for(directory / "never")
    api.on("Wait", Reply.of(tool("Bash", command=command, description="Wait")))
    drive = await Drive.of(provider, run_of("Wait", directory=str(directory)))
    await drive.until(ToolCalled)
    home = f"HOME={host.environment['HOME']}"
    await drive.session.stop()
    assert (await drive.exited()).returncode in (143, -15)
    assert processes_with(home) == {}
    assert drive.of_kind(TurnEnded) == []


async def test_a_killed_cli_leaves_nothing_running(
    provider: ClaudeProvider, directory: Path, api: MessagesApi, host: IsolatedHost
) -> None:
    marker = directory / "up"
    command = f"touch {marker}; {waiting_for(directory / 'never')}"
    api.on("Wait", Reply.of(tool("Bash", command=command, description="Wait")))
    drive = await Drive.of(provider, run_of("Wait", directory=str(directory)))
    await appears(marker)  # the CLI has written the conversation down by then, which it does with a delay
    os.kill(drive.session._process.pid, signal.SIGKILL)
    exited = await drive.exited()
    assert exited.returncode == -9
    assert exited.undelivered == ()
    assert processes_with(f"HOME={host.environment['HOME']}") == {}
    session = drive.of_kind(SessionStarted)[0].session_id
    api.on("Go on", "Here I am.")
    resumed = await Drive.of(provider, run_of("Go on", directory=str(directory), session_id=session))
    await resumed.exited()
    assert resumed.of_kind(TurnEnded)[0].result == "Here I am."


async def test_background_work_keeps_the_run_open_until_its_own_turn(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    gate = directory / "gate"
    background = tool("Bash", command=waiting_for(gate), description="Wait", run_in_background=True)
    api.on("Start it", Reply.of(background), "It is running.", "It is finished.")
    drive = await Drive.of(provider, run_of("Start it", directory=str(directory)))
    first = await drive.until(TurnEnded)
    assert first.result == "It is running."
    assert drive.of_kind(Idle) == []
    gate.touch()
    await drive.exited()
    assert [event.result for event in drive.of_kind(TurnEnded)] == ["It is running.", "It is finished."]
    assert len(drive.of_kind(Idle)) == 1


async def test_a_failing_api_is_a_failed_turn(provider: ClaudeProvider, directory: Path, api: MessagesApi) -> None:
    api.on("Try", Reply.failing(500), Reply.failing(500))
    drive = await Drive.of(provider, run_of("Try", directory=str(directory)))
    await drive.exited()
    [ended] = drive.of_kind(TurnEnded)
    assert ended.outcome == "error_during_execution"
    assert "500" in str(ended.result)
    assert "500" in drive.of_kind(TextProduced)[-1].text


async def test_a_stream_that_breaks_off_leaves_no_half_text(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    broken = Reply.of("A whole block.", "Half of a block that never comes to its end.").slow(0.05, 8).cut_after(5)
    api.on("Talk", broken, "And on.")
    drive = await Drive.of(provider, run_of("Talk", directory=str(directory)))
    await drive.exited()
    final = {event.message_id: event for event in drive.of_kind(TextProduced)}
    assert [event.text for event in final.values()] == ["A whole block.", "And on."]
    assert not any(event.partial for event in final.values())


async def test_too_many_turns_is_an_outcome_of_its_own(
    provider: ClaudeProvider, directory: Path, api: MessagesApi
) -> None:
    replies = [Reply.of(tool("Bash", command="true", description="Nothing")) for _ in range(3)]
    api.on("Loop", *replies)
    drive = await Drive.of(provider, run_of("Loop", directory=str(directory), max_turns=2))
    await drive.exited()
    assert drive.of_kind(TurnEnded)[0].outcome == "error_max_turns"
