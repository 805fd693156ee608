"""The scripted agent on a server: commands, resumed conversations, and the sample repository."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.scripted.sample import COMMITS, make_sample
from tests.support.processes import alive
from tests.support.repository import git

INSTALLED = ("hosts", "git", "projects", "threads", "agents", "scripted")
SETTINGS = {"plugins.agents.provider": "scripted", "plugins.scripted.pace": 0}


class Desk:
    """A server with the sample repository."""

    def __init__(self, running: Any, socket: Any, project: str) -> None:
        self.running = running
        self.socket = socket
        self.project = project

    async def run(self, script: str) -> tuple[str, dict[str, Any]]:
        body = {"projectId": self.project, "mode": "local", "prompt": script}
        thread = await self.running.client.post("/api/threads", json=body)
        return thread["id"], await self.result()

    async def again(self, thread: str, script: str) -> dict[str, Any]:
        await self.running.client.post(f"/api/threads/{thread}/message", json={"content": script})
        return await self.result()

    async def result(self) -> dict[str, Any]:
        return dict((await self.socket.receive("agent:result"))["data"])

    async def calls(self, thread: str) -> list[tuple[str, str]]:
        shown = await self.running.client.get(f"/api/threads/{thread}")
        return [(call["name"], call["output"]) for message in shown["messages"] for call in message["toolCalls"]]


OpenDesk = Callable[[], Awaitable[Desk]]


@pytest.fixture
async def open_desk(kernel: KernelFactory, sample: Path, tmp_path: Path) -> AsyncIterator[OpenDesk]:
    """Start a server, again on the same data if it was stopped."""
    async with AsyncExitStack() as stack:

        async def start() -> Desk:
            running = await kernel(installed=INSTALLED, settings=SETTINGS, data_directory=tmp_path / "data")
            running.expect_running("scripted")
            socket = await stack.enter_async_context(running.client.websocket())
            projects = await running.client.get("/api/projects")
            if not projects:
                body = {"name": "sample", "path": str(sample)}
                projects = [await running.client.post("/api/projects", json=body)]
            return Desk(running, socket, projects[0]["id"])

        yield start


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return make_sample(tmp_path / "sample")


async def test_commands_really_run_in_the_directory(open_desk: OpenDesk, sample: Path, tmp_path: Path) -> None:
    desk = await open_desk()
    script = "!bash echo made > made.txt; cat made.txt\n!bash echo no >&2; exit 3\n!bash git status --short"
    thread, result = await desk.run(script)

    assert result["status"] == "completed"
    assert (sample / "made.txt").read_text() == "made\n"
    assert await desk.calls(thread) == [
        ("Bash", "made"),
        ("Bash", "Exit status 3\nno"),
        ("Bash", "?? made.txt"),
    ]


async def test_a_stopped_command_leaves_no_process(open_desk: OpenDesk, sample: Path) -> None:
    desk = await open_desk()
    fifo = sample / "fifo"
    os.mkfifo(fifo)
    body = {"projectId": desk.project, "mode": "local", "prompt": "!bash echo $$ > fifo; exec sleep 300"}
    thread = await desk.running.client.post("/api/threads", json=body)
    pid = int(await asyncio.to_thread(fifo.read_text))
    assert alive(pid)
    await desk.running.client.post(f"/api/threads/{thread['id']}/stop")

    assert not alive(pid)
    assert (await desk.running.client.get(f"/api/threads/{thread['id']}"))["status"] == "stopped"


async def test_a_conversation_is_resumed_by_the_next_server(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread, first = await desk.run("!say one\n!cost 0.25")
    assert first["cost"] == 0.25
    await desk.running.stop()

    later = await open_desk()
    second = await later.again(thread, "!echo\n!cost 0.5")
    told = orjson.loads(second["result"])
    assert (told["resumed"], told["turn"]) == (True, 2)
    assert second["cost"] == pytest.approx(0.75)


async def test_a_forgotten_conversation_begins_afresh_with_what_was_said(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    thread, _ = await desk.run("!say The boat is built")
    await desk.running.kernel.db.write(lambda tx: tx.execute("DELETE FROM scripted_sessions"))
    second = await desk.again(thread, "!echo")
    told = orjson.loads(second["result"])
    assert told["resumed"] is False
    assert "Assistant: The boat is built" in told["prompt"]


async def test_a_directory_that_is_gone_is_a_failed_start(open_desk: OpenDesk, sample: Path, tmp_path: Path) -> None:
    desk = await open_desk()
    sample.rename(tmp_path / "moved")
    answer = await desk.running.client.answer(
        "POST", "/api/threads", json={"projectId": desk.project, "mode": "local", "prompt": "!say x"}
    )
    assert answer.status == 424
    assert "does not exist" in answer.json["message"]


def test_the_sample_repository_is_clean_and_its_tests_pass(sample: Path) -> None:
    assert git(sample, "status", "--short") == ""
    assert git(sample, "branch", "--show-current") == "main"
    assert git(sample, "log", "--format=%s").splitlines() == [message for message, _ in reversed(COMMITS)]
    done = subprocess.run([sys.executable, "-m", "unittest", "-q"], cwd=sample, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_sample_repository_is_always_the_same(tmp_path: Path) -> None:
    heads = {git(make_sample(tmp_path / name), "rev-parse", "HEAD") for name in ("a", "b")}
    assert len(heads) == 1
