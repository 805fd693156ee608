"""Agents and terminals that outlive a server which is killed, with ``survive = true``."""

import asyncio
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from a_parallel_plugins.hosts.listing import held_in
from tests.contract.client import Client
from tests.contract.shown import Shown
from tests.support.claude_log import invocations
from tests.support.database import integrity
from tests.support.fixtures import ServerFactory
from tests.support.processes import alive
from tests.support.repository import Repository, make_repository
from tests.support.server import Server

SURVIVE = "[plugins.agents]\nsurvive = true\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "demo")


@pytest.fixture
async def server(server_factory: ServerFactory) -> Any:
    """A server whose agents survive it; it must leave nothing behind in the end."""
    started = await server_factory(config=SURVIVE, environment={"FAKE_CLAUDE_DELAY": "0.002"}).start()
    yield started
    if started.process is not None:
        await started.stop()


async def start(page: Client, repository: Repository, prompt: str) -> str:
    """Start a thread and return its id."""
    project = await page.register(str(repository.path), repository.path.name)
    thread = await page.start(project, prompt, mode="local")
    assert thread is not None, page.screen.toasts
    return thread


async def again(server: Server, page: Client) -> None:
    """Start the server that was killed, and wait for the page."""
    before = page.connections
    await server.start()
    await page.until(lambda screen: page.connections > before, "the reconnect")


def steps(shown: Shown) -> list[str]:
    """Return the assistant's texts."""
    return [text for role, text in shown.texts if role == "assistant"]


async def none_held(server: Server) -> None:
    """Return when no holder is left."""
    async with asyncio.timeout(10):
        while held_in(server.data_directory / "holders"):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)


async def test_a_run_goes_on_after_each_of_several_kills_and_says_everything_once(
    server: Server, repository: Repository
) -> None:
    counts = range(60, 64)
    prompt = " then ".join(f"tools {count} then stream then bash" for count in counts)  # bash asks the server
    async with Client(server.base_url) as page:
        thread = await start(page, repository, prompt)
        chance = random.Random(7)
        for seen in (5, 90, 170):
            await page.until(lambda screen, seen=seen: len(screen.threads[thread].tools) >= seen, "calls")  # type: ignore[misc]
            await asyncio.sleep(chance.random() * 0.1)
            await server.kill()
            await again(server, page)
            await page.load_thread(thread)
        await page.until_status(thread, "completed")
        shown = await page.load_thread(thread)
        wanted = [f"{number}\n" for count in counts for number in range(1, count + 1)]
        assert [tool.output for tool in shown.tools if tool.name == "Bash" and "ls" not in str(tool.input)] == wanted
        said = Counter(steps(shown))
        assert {said[f"Step {number} of {count}"] for count in counts for number in range(1, count + 1)} == {1}
        assert "\n".join(steps(shown)).count("Streaming a sentence one word at a time.") == len(counts)
        assert len(invocations(server.claude_log)) == 1
        assert len(invocations(server.claude_log)[0].prompts) == 1
        assert shown.row["cost"] == pytest.approx(0.0123)
        assert integrity(server.data_directory) == []
        await none_held(server)


async def test_a_question_comes_up_again_and_can_be_answered(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "ask then edit made.txt")
        await page.until_status(thread, "waiting")
        await server.kill()
        await again(server, page)
        shown = await page.load_thread(thread)
        assert shown.status == "waiting"
        assert (await page.send("[Colour] Which colour do you prefer?\n→ Blue — Cool")).ok
        await page.until_outcome(thread, "completed")
        said = steps(await page.load_thread(thread))
        assert len([text for text in said if text.startswith("You answered:")]) == 1
        assert "Blue" in next(text for text in said if text.startswith("You answered:"))
        assert (repository.path / "made.txt").exists()


async def test_a_run_that_ends_while_there_is_no_server_is_completed_by_the_next(
    server: Server, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "slow 1 then tools 3")
        await page.until(lambda screen: len(screen.threads[thread].texts) > 1, "the agent at work")
        await server.kill()
        (held,) = held_in(server.data_directory / "holders")
        async with asyncio.timeout(20):
            while alive(held.pid):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        await again(server, page)
        await page.until_status(thread, "completed")
        await page.send("hello")  # it is resumed as if nothing had happened
        await page.until_outcome(thread, "completed")
        assert not any("SYSTEM NOTE" in text for one in invocations(server.claude_log) for text in one.prompts)


async def test_stop_ends_an_agent_that_came_from_an_earlier_server(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "hang")
        await page.until(lambda screen: len(screen.threads[thread].texts) > 1, "the agent at work")
        await server.kill()
        await again(server, page)
        await page.load_thread(thread)
        assert (await page.stop()).ok
        await page.until_status(thread, "stopped")
        await none_held(server)
        await server.until_leftovers(0)


async def test_sigterm_ends_everything_all_the_same(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "hang")
        await page.until(lambda screen: len(screen.threads[thread].texts) > 1, "the agent at work")
        listed = (await page.api.call("GET", "/api/hosts/holders")).body["holders"]
        assert [(one["kind"], one["key"], one["attached"]) for one in listed] == [("agent", thread, True)]
        await server.stop()  # which checks that no process is left
        await again(server, page)
        assert (await page.load_thread(thread)).status == "interrupted"


async def test_agents_whose_holder_is_killed_fail_and_leave_nothing(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "hang")
        await page.until(lambda screen: len(screen.threads[thread].texts) > 1, "the agent at work")
        (held,) = held_in(server.data_directory / "holders")
        os.kill(held.holder, signal.SIGKILL)
        await page.until_status(thread, "failed")
        await server.until_leftovers(0)


async def test_without_the_setting_nothing_is_held(server_factory: ServerFactory, repository: Repository) -> None:
    server = await server_factory().start()
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "hang")
        await page.until(lambda screen: len(screen.threads[thread].texts) > 1, "the agent at work")
        assert held_in(server.data_directory / "holders") == []
        await server.kill()
        await again(server, page)
        assert (await page.load_thread(thread)).status == "interrupted"
        await server.until_leftovers(0)
    await server.stop()


async def test_what_was_acknowledged_reaches_the_agent_once_although_the_server_dies_at_once(
    server: Server, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "ask then slow 1 then tools 5 linger")
        await page.until_status(thread, "waiting")
        assert (await page.send("[Colour] Which colour do you prefer?\n→ Blue — Cool")).ok
        await server.kill()
        await again(server, page)
        await page.load_thread(thread)
        assert (await page.send("tools 7")).ok
        await server.kill()
        await again(server, page)
        await page.until(lambda screen: "Step 7 of 7" in str(screen.threads[thread].texts), "the second message")
        await page.until_status(thread, "completed")
        shown = await page.load_thread(thread)
        said = "\n".join(steps(shown))
        assert said.count("You answered:") == 1
        assert "Blue" in said
        assert said.count("Step 5 of 5") == 1
        assert said.count("Step 7 of 7") == 1
        prompts = [prompt for one in invocations(server.claude_log) for prompt in one.prompts]
        assert len([prompt for prompt in prompts if prompt.endswith("tools 7")]) == 1
        assert [text for role, text in shown.texts if role == "user"][1:] == [
            "[Colour] Which colour do you prefer?\n→ Blue — Cool",
            "tools 7",
        ]


async def test_a_scripted_agent_goes_on_as_well(server_factory: ServerFactory, repository: Repository) -> None:
    config = "[plugins.agents]\nsurvive = true\nprovider = 'scripted'\n[plugins.scripted]\npace = 0.01\n"
    server = await server_factory(config=config, claude=None).start()
    words = " ".join(f"word{number}" for number in range(150))
    script = [
        "!flood 30",
        f"!stream {words}",
        "!bash sleep 1; echo done",
        "!ask Colour: Which? | Red | Blue",
        "!many 5",
    ]
    async with Client(server.base_url) as page:
        thread = await start(page, repository, "\n".join(script))
        await page.until(lambda screen: "word20" in str(screen.threads[thread].texts), "the text")
        await server.kill()
        await again(server, page)
        await page.load_thread(thread)
        await page.until_status(thread, "waiting")
        assert (await page.send("[Colour] Which?\n→ Blue")).ok
        await server.kill()
        await again(server, page)
        await page.load_thread(thread)
        await page.until_status(thread, "completed")
        shown = await page.load_thread(thread)
        said = "\n".join(steps(shown))
        assert said.count(words) == said.count("Answer: Blue") == said.count("Message 5") == 1
        assert [tool.name for tool in shown.tools] == ["Flood"] * 30 + ["Bash", "AskUserQuestion"]
        assert shown.tools[30].output == "done"
        await none_held(server)
        await page.send("!echo")
        await page.until_outcome(thread, "completed")
        assert '"resumed":true' in steps(await page.load_thread(thread))[-1]
        running = await page.start(page.screen.projects[0]["id"], "!bash sleep 600", mode="local")
        assert running is not None
        await server.until_command("sleep 600")
    await server.stop()
