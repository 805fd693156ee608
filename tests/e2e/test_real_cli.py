"""End to end with the real Claude CLI: only the Messages API is played."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.contract.shown import Card
from tests.e2e.real_cli import environment, require_real_cli
from tests.real_cli.messages_api import Asked, Hold, MessagesApi, Reply, tool
from tests.support.fixtures import ServerFactory
from tests.support.repository import Repository, make_repository
from tests.support.server import Server

pytestmark = [pytest.mark.real_cli, pytest.mark.timeout(180)]

QUESTION = {
    "question": "Which colour do you prefer?",
    "header": "Colour",
    "multiSelect": False,
    "options": [{"label": "Red", "description": "Warm"}, {"label": "Blue", "description": "Cool"}],
}


@pytest.fixture
async def api() -> AsyncIterator[MessagesApi]:
    async with MessagesApi() as running:
        yield running


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "demo", remote=tmp_path / "demo.git")


@pytest.fixture
async def server(server_factory: ServerFactory, api: MessagesApi, tmp_path: Path) -> AsyncIterator[Server]:
    variables = environment(require_real_cli(), api.url, tmp_path / "scratch")
    started = await server_factory(claude=None, environment=variables).start()
    yield started
    if started.process is not None:
        await started.stop()


async def start(page: Client, repository: Repository, prompt: str, **options: str) -> tuple[str, Path]:
    """Register the repository, start a worktree thread and return its id and directory."""
    project = await page.register(str(repository.path), "demo")
    thread = await page.start(project, prompt, baseBranch="main", **options)
    assert thread is not None, page.screen.toasts
    return thread, Path(page.shown(thread).row["worktreePath"])


def real_version() -> str:
    """Return what the binary says about itself."""
    shown = subprocess.run([require_real_cli(), "--version"], capture_output=True, text=True, check=True, timeout=30)
    return shown.stdout.strip()


def tool_result(asked: Asked) -> str:
    """Return the last tool result that the model was shown."""
    content = asked.tool_results()[-1]["content"]
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


async def test_text_an_edit_a_follow_up_a_stop_and_a_resume(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    api.on("Say hello", "Hello from the model.")
    async with Client(server.base_url) as page:
        assert page.setup["claudeCli"]["available"] is True
        assert page.setup["claudeCli"]["version"] == real_version()
        thread, worktree = await start(page, repository, "Say hello")
        shown = await page.until_status(thread, "completed")
        assert shown.texts == [("user", "Say hello"), ("assistant", "Hello from the model.")]
        assert shown.session is not None
        assert shown.session["cwd"] == str(worktree)

        notes = worktree / "notes.txt"
        write = tool("Write", file_path=str(notes), content="written by the agent\n")
        api.on("Write the notes", Reply.of("I will write them.", write), "They are written.")
        await page.send("Write the notes")
        shown = await page.until_outcome(thread, "completed")
        assert notes.read_text() == "written by the agent\n"
        assert not (repository.path / "notes.txt").exists()
        assert [call.name for call in shown.tools] == ["Write"]
        assert shown.tools[0].output
        assert [text for _, text in shown.texts[-2:]] == ["I will write them.", "They are written."]
        await page.until(lambda screen: screen.git.get(thread, {}).get("state") == "dirty", "the git state")

        hold = Hold()
        api.on("Count slowly", Reply.of("One, two, three, four, five, six, seven, eight.").held(hold))
        await page.send("Count slowly")
        await hold.reached.wait()
        await page.until(lambda screen: screen.threads[thread].texts[-1][1].startswith("One"), "partial text")
        assert (await page.stop()).ok
        await page.until_status(thread, "stopped")
        await server.until_leftovers(0)
        before = (await page.load_thread(thread)).texts

        await server.restart()
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        assert page.shown(thread).texts == before
        assert page.shown(thread).status == "stopped"

        api.on("Go on", "I remember everything.")
        await page.send("Go on")
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1] == ("assistant", "I remember everything.")
        said = "\n".join(api.conversation("Go on")[-1].user_texts())
        assert "Say hello" in said
        assert "Write the notes" in said
        assert page.circuit.faults == []


async def test_a_question_is_shown_and_its_answer_reaches_the_model(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    api.on("Ask me", Reply.of("One thing first.", tool("AskUserQuestion", questions=[QUESTION])), "Red it is.")
    async with Client(server.base_url) as page:
        thread, _ = await start(page, repository, "Ask me")
        shown = await page.until_status(thread, "waiting")
        assert shown.card == Card("question")
        assert (await page.load_thread(thread)).card == Card("question")
        await page.send("[Colour] Which colour do you prefer?\n→ Red — Warm")
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1] == ("assistant", "Red it is.")
        assert "Red" in tool_result(api.conversation("Ask me")[-1])
        assert shown.row["cost"] > 0


async def test_a_plan_is_revised_after_a_no_and_carried_out_after_a_yes(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        api.on(
            "Plan it",
            Reply.of("Here is my plan.", tool("ExitPlanMode", plan="1. Write it")),
            Reply.of("A better plan.", tool("ExitPlanMode", plan="1. Write it well")),
            "Carried out.",
        )
        thread, _ = await start(page, repository, "Plan it", permissionMode="plan")
        shown = await page.until_status(thread, "waiting")
        assert shown.card == Card("plan")
        await page.send("Please write it well")
        shown = await page.until_outcome(thread, "waiting")
        assert shown.card == Card("plan")
        assert "Please write it well" in tool_result(api.conversation("Plan it")[-1])
        await page.send("Plan accepted")
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1] == ("assistant", "Carried out.")
        assert "approved" in tool_result(api.conversation("Plan it")[-1])
        assert (await page.load_thread(thread)).row["permissionMode"] == "autoEdit"


@pytest.mark.parametrize("approved", [True, False])
async def test_confirm_edit_asks_before_it_writes(
    server: Server, api: MessagesApi, repository: Repository, approved: bool
) -> None:
    async with Client(server.base_url) as page:
        api.on("Say hello", "Hello.")
        thread, worktree = await start(page, repository, "Say hello", permissionMode="confirmEdit")
        await page.until_status(thread, "completed")
        target = worktree / "asked.txt"
        write = tool("Write", file_path=str(target), content="allowed\n")
        api.on("Write it", Reply.of("May I?", write), "As you say.")
        await page.send("Write it")
        shown = await page.until_outcome(thread, "waiting")
        assert shown.card == Card("permission", "Write")
        assert not target.exists()
        assert (await page.approve("Write", approved)).ok
        await page.until(lambda screen: screen.history[thread][-1] == "completed", "the end")
        assert target.exists() is approved
        assert page.shown(thread).texts[-1] == ("assistant", "As you say.")


async def test_a_message_to_a_busy_agent_reaches_it_once(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    hold = Hold()
    api.on("First job", Reply.of("Working on the first job, slowly.").held(hold))
    api.on("Second job", "Both jobs are done.")
    async with Client(server.base_url) as page:
        thread, _ = await start(page, repository, "First job")
        await hold.reached.wait()
        assert (await page.send("Second job")).ok
        assert page.shown(thread).status == "running"
        hold.let_go()
        await page.until(lambda screen: screen.threads[thread].texts[-1][1].endswith("Both jobs are done."), "both")
        shown = await page.until_status(thread, "completed")
        loaded = (await page.load_thread(thread)).texts
        assert [text for role, text in loaded if role == "user"] == ["First job", "Second job"]
        said = api.conversation("Second job")[-1].user_texts()
        assert len([text for text in said if "Second job" in text]) == 1
        assert "stopped" not in page.screen.history.get(thread, [])
        assert shown.status == "completed"


async def test_another_model_takes_over_in_a_live_run(server: Server, api: MessagesApi, repository: Repository) -> None:
    hold = Hold()
    api.on("First job", Reply.of("Working on the first job, slowly.").held(hold))
    api.on("Second job", "Done by another model.")
    async with Client(server.base_url) as page:
        thread, _ = await start(page, repository, "First job", model="haiku")
        await hold.reached.wait()
        assert (await page.send("Second job", model="opus")).ok
        hold.let_go()
        await page.until(lambda screen: "another model" in screen.threads[thread].texts[-1][1], "the second answer")
        await page.until_status(thread, "completed")
        assert "haiku" in api.conversation("First job")[0].body["model"]
        assert "opus" in api.conversation("Second job")[-1].body["model"]
        assert (await page.load_thread(thread)).row["model"] == "opus"


async def test_a_run_lasts_until_its_background_task_is_done(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        api.on("Say hello", "Hello.")
        thread, worktree = await start(page, repository, "Say hello")
        await page.until_status(thread, "completed")
        gate = worktree / "gate"
        command = f"python3 -c \"import os, time\nwhile not os.path.exists('{gate}'): time.sleep(0.05)\""
        wait = tool("Bash", command=command, description="Wait for the gate", run_in_background=True)
        api.on("Wait for it", Reply.of(wait), "It is running.", "It is finished.")
        await page.send("Wait for it")
        await page.until(lambda screen: screen.threads[thread].texts[-1][1] == "It is running.", "the first turn")
        assert page.shown(thread).status == "running"
        gate.touch()
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1][1].endswith("It is finished.")
        await server.until_leftovers(0)


async def test_stop_ends_what_the_agent_has_started(server: Server, api: MessagesApi, repository: Repository) -> None:
    async with Client(server.base_url) as page:
        command = "python3 -c \"import time; print('up', flush=True); time.sleep(600)\""
        api.on("Run it", Reply.of(tool("Bash", command=command, description="Run for long")))
        thread, _ = await start(page, repository, "Run it")
        await page.until(lambda screen: bool(screen.threads[thread].tools), "the tool call")
        await server.until_command("sleep(600)")
        assert (await page.stop()).ok
        await page.until_status(thread, "stopped")
        await server.until_leftovers(0)


async def test_interrupt_ends_the_turn_and_keeps_the_agent(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    hold = Hold()
    api.on("Count slowly", Reply.of("One, two, three, four, five, six, seven, eight.").held(hold))
    api.on("Stop counting", "I have stopped counting.")
    async with Client(server.base_url) as page:
        thread, _ = await start(page, repository, "Count slowly")
        await hold.reached.wait()
        agents = await server.until_leftovers(1)
        assert (await page.act("POST", f"/api/threads/{thread}/interrupt")).ok
        shown = await page.until_status(thread, "interrupted")
        assert shown.stage == "in_progress"
        assert server.leftovers() == agents
        await page.send("Stop counting")
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1] == ("assistant", "I have stopped counting.")
        said = "\n".join(api.conversation("Stop counting")[-1].user_texts())
        assert "Count slowly" in said


async def test_what_a_killed_server_leaves_is_ended_at_the_next_start(
    server: Server, api: MessagesApi, repository: Repository
) -> None:
    async with Client(server.base_url) as page:
        command = "python3 -c \"import time; print('up', flush=True); time.sleep(600)\""
        api.on("Run it", Reply.of("I run it.", tool("Bash", command=command, description="Run for long")))
        thread, _ = await start(page, repository, "Run it")
        await server.until_command("sleep(600)")
        await server.kill()
        assert len(server.leftovers()) >= 2, "the CLI and its child are alive"
        await server.start()
        assert not [command for command in server.leftovers().values() if "--version" not in command]
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        shown = await page.load_thread(thread)
        assert shown.status == "interrupted"
        assert ("assistant", "I run it.") in shown.texts
        api.on("Carry on", "I carry on.")
        await page.send("Carry on")
        shown = await page.until_outcome(thread, "completed")
        assert shown.texts[-1] == ("assistant", "I carry on.")
