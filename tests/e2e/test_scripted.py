"""Runs of the scripted provider, as a person without any account sees them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.contract.shown import Card, Shown
from tests.support.fixtures import ServerFactory
from tests.support.repository import Repository, make_repository
from tests.support.server import Server

CONFIG = '[plugins.agents]\nprovider = "scripted"\n'


@pytest.fixture
async def server(server_factory: ServerFactory) -> AsyncIterator[Server]:
    started = await server_factory(claude=None, config=CONFIG).start()
    yield started
    if started.process is not None:
        await started.stop()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "demo")


def read(shown: Shown) -> list[tuple[str, str, list[tuple[str, str | None]]]]:
    """Return what a person reads: roles, texts and tool calls."""
    return [
        (message.role, message.content, [(tool.name, tool.output) for tool in message.tools])
        for message in shown.messages
    ]


async def test_a_newcomer_without_the_cli_sees_the_whole_flow(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        assert page.setup["claudeCli"]["available"] is True
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "Look around", baseBranch="main")
        assert thread is not None, page.screen.toasts
        shown = await page.until_status(thread, "completed")
        worktree = Path(shown.row["worktreePath"])
        assert (worktree / "AGENT_NOTES.md").exists()
        assert "Write" in [tool.name for tool in shown.tools]
        await page.until(lambda screen: screen.git.get(thread, {}).get("state") == "dirty", "the git state")
        assert page.circuit.faults == []


SCRIPTS = [
    "!say One\n!say Two",
    "!stream A sentence that comes one word at a time",
    "!write a.txt first\n!edit a.txt first => second\n!read a.txt\n!bash cat a.txt",
    "!many 5\n!tool Grep => nothing\n!many 5",
    "!flood 100 2000",
    "!think About it\n!say Thought",
    "!background 0.2 Finished later\n!say First",
    "!fail error_max_turns",
    "!exit",
    "!crash 3 boom",
]


async def test_what_is_shown_live_is_what_a_reload_shows(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        for script in SCRIPTS:
            thread = await page.start(project, script, mode="local")
            assert thread is not None, page.screen.toasts
            live = await page.until_status(thread, "completed", "failed")
            await page.until(lambda screen: screen.drawn, "the last frame")
            if "background" in script:
                await page.until(lambda screen: "later" in screen.shown.texts[-1][1], "the later turn")
                live = await page.until_status(thread, "completed")
            seen, outcome = read(live), (live.status, live.stage)
            loaded = await page.load_thread(thread)
            assert read(loaded) == seen, script
            assert (loaded.status, loaded.stage) == outcome, script
        assert page.circuit.faults == []


async def test_a_question_a_plan_and_a_permission_are_shown_answered_and_gone(
    server: Server, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        script = '!ask Colour: Which? | Red | Blue\n!plan Write it\n!permission Bash {"command": "ls"}\n!say The end'
        thread = await page.start(project, script, mode="local")
        assert thread is not None, page.screen.toasts
        shown = await page.until_status(thread, "waiting")
        assert shown.card == Card("question")
        assert (await page.load_thread(thread)).card == Card("question")
        await page.send("[Colour] Which?\n→ Red")
        shown = await page.until_outcome(thread, "waiting")
        assert shown.card == Card("plan")
        assert (await page.load_thread(thread)).card == Card("plan")
        await page.send("Plan accepted")
        shown = await page.until_outcome(thread, "waiting")
        assert shown.card == Card("permission", "Bash")
        assert (await page.load_thread(thread)).status == "waiting"
        assert (await page.approve("Bash")).ok
        await page.until(lambda screen: screen.history[thread][-1] == "completed", "the end")
        assert page.shown(thread).texts[-1][1].endswith("The end")
        assert page.shown(thread).card is None
        users = [text for role, text in (await page.load_thread(thread)).texts if role == "user"]
        assert len(users) == len(set(users)), "nothing is stored twice"


async def test_a_waiting_thread_after_a_crash_goes_on_with_a_message(server: Server, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "!ask Which? | Red | Blue\n!say Done", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until_status(thread, "waiting")
        await server.kill()
        await server.start()
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        shown = await page.load_thread(thread)
        assert shown.status == "interrupted"
        assert shown.card is None
        await page.send("!say Here again")
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1] == ("assistant", "Here again")


async def test_a_message_to_a_busy_agent_is_obeyed_once_and_nothing_is_killed(
    server: Server, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "!say Begun\n!sleep 0.5\n!say First done", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until(lambda screen: ("assistant", "Begun") in screen.threads[thread].texts, "the first words")
        assert (await page.send("!say Second done")).ok
        await page.until(lambda screen: "Second done" in screen.threads[thread].texts[-1][1], "the second answer")
        await page.until_status(thread, "completed")
        texts = (await page.load_thread(thread)).texts
        said = "\n".join(text for role, text in texts if role == "assistant")
        assert said.count("First done") == 1
        assert said.count("Second done") == 1
        assert "stopped" not in page.screen.history[thread]


async def test_the_demo_shows_everything_and_leaves_nothing(server_factory: ServerFactory, tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    demo = server_factory(claude=None, command=["demo", "--once"], environment={"TMPDIR": str(scratch)})
    demo.spawn()
    assert await demo.exited(timeout=60) == 0, demo.log.text
    assert "A server of its own runs at http://127.0.0.1:" in demo.log.text
    assert "Traceback" not in demo.log.text
    assert list(scratch.iterdir()) == []
    assert not (demo.home / ".a-parallel").exists()
    await demo.until_leftovers(0)
