"""Runs that end otherwise than by themselves: stop, delete, shutdown, crash."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.support.claude_log import invocations
from tests.support.database import integrity, rows
from tests.support.fixtures import ServerFactory
from tests.support.repository import Repository, make_repository
from tests.support.server import STANDIN, Server

GATED = """#!/bin/sh
while [ -e "{gate}" ]; do sleep 0.05; done
exec "{standin}" "$@"
"""


async def start_hanging(page: Client, repository: Repository, mode: str = "worktree") -> str:
    """Start a thread whose agent has edited a file and then hangs."""
    project = await page.register(str(repository.path), repository.path.name)
    thread = await page.start(project, "edit unfinished.txt then hang", mode=mode)
    assert thread is not None, page.screen.toasts
    await page.until(lambda screen: ("assistant", "Hanging.") in screen.threads[thread].texts, "the agent at work")
    return thread


async def test_stop_ends_the_agent_and_its_children(server: Server, tmp_path: Path) -> None:
    async with Client(server.base_url) as page:
        thread = await start_hanging(page, make_repository(tmp_path / "demo"))
        await server.until_leftovers(1)
        assert (await page.stop()).ok
        shown = await page.until_status(thread, "stopped")
        await server.until_leftovers(0)
        assert shown.stage == "in_progress"
        assert (await page.load_thread(thread)).row["completedAt"]
        assert "failed" not in page.screen.history.get(thread, [])


async def test_stop_of_an_agent_that_ignores_sigterm(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "stubborn", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until(lambda screen: bool(screen.threads[thread].texts[1:]), "the agent at work")
        assert (await page.stop()).ok
        await page.until_status(thread, "stopped")
        await server.until_leftovers(0)


async def test_stop_while_the_agent_is_still_starting(server_factory: ServerFactory, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    claude = tmp_path / "gated"
    claude.write_text(GATED.format(gate=gate, standin=STANDIN))
    claude.chmod(0o755)
    server = await server_factory(claude=claude).start()
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "hello", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until_status(thread, "completed")
        gate.touch()
        sending = asyncio.create_task(page.send("unread"))
        await page.until(lambda screen: screen.history[thread][-1] == "running", "the start of the run")
        stopping = asyncio.create_task(page.stop())
        gate_opener = asyncio.get_running_loop().call_later(0.5, gate.unlink)
        assert (await stopping).ok
        await sending
        gate_opener.cancel()
        gate.unlink(missing_ok=True)
        shown = await page.until_status(thread, "stopped")
        await server.until_leftovers(0)
        assert ("user", "unread") in shown.texts
        assert (await page.load_thread(thread)).status == "stopped"
        assert (await page.send("hello again")).ok
        await page.until(lambda screen: "hello again" in screen.threads[thread].texts[-1][1], "the second answer")
        await page.until_status(thread, "completed")
        answers = [text for role, text in (await page.load_thread(thread)).texts if role == "assistant"]
        assert "\n".join(answers).count("I received: unread") == 1, "what was never started is sent again, once"
        assert "\n".join(answers).count("I received: hello again") == 1
    await server.stop()


async def test_a_stop_where_nothing_runs_changes_nothing(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "hello", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until_status(thread, "completed")
        before = (await page.load_thread(thread)).row
        assert (await page.stop()).ok
        assert (await page.load_thread(thread)).row == before
        unknown = await page.api.call("POST", "/api/threads/nope/stop")
        assert (unknown.status, unknown.error) == (404, "Thread not found")


@pytest.mark.parametrize("mode", ["local", "worktree"])
async def test_delete_during_a_run_ends_it_and_keeps_the_work(server: Server, tmp_path: Path, mode: str) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        thread = await start_hanging(page, repository, mode)
        worktree = page.shown(thread).row["worktreePath"]
        assert (await page.act("DELETE", f"/api/threads/{thread}")).ok
        seen = list(page.screen.history.get(thread, []))
        await server.until_leftovers(0)
        gone = await page.api.call("GET", f"/api/threads/{thread}")
        assert (gone.status, gone.error) == (404, "Thread not found")
        await page.register(str(make_repository(tmp_path / "other").path), "other")
        assert page.screen.history.get(thread, []) == seen, "no events after the deletion"
        assert "failed" not in seen
        for table, column in (("threads", "id"), ("messages", "thread_id"), ("stage_history", "thread_id")):
            assert rows(server.data_directory, f"SELECT 1 FROM {table} WHERE {column} = ?", thread) == []
        if mode == "worktree":
            assert not Path(worktree).exists()
            assert repository.worktrees() == [repository.path]
            saved = repository.git("for-each-ref", "--format=%(refname)", "refs/a-parallel").splitlines()
            assert len(saved) == 1
            assert "Hello from the fake agent" in repository.git("show", f"{saved[0]}:unfinished.txt")
        else:
            assert (repository.path / "unfinished.txt").exists()


async def test_sigterm_during_runs_interrupts_them_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    async with Client(server.base_url) as page:
        threads = [await start_hanging(page, make_repository(tmp_path / f"demo{n}")) for n in range(3)]
        await server.until_leftovers(3)
        await server.stop(signal.SIGTERM)
        assert integrity(server.data_directory) == []
        for row in rows(server.data_directory, "SELECT status, completed_at FROM threads"):
            assert row["status"] == "interrupted"
            assert row["completed_at"]
        for thread in threads:
            assert "failed" not in page.screen.history.get(thread, [])
        assert page.screen.toasts == []

        await server.start()
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        for thread in threads:
            shown = await page.load_thread(thread)
            assert shown.status == "interrupted"
            assert shown.texts[-1] == ("assistant", "Hanging.")
        assert (await page.send("echo")).ok
        await page.until_outcome(threads[-1], "completed")
        last = invocations(server.claude_log)[-1]
        assert last.option("--resume") == page.shown(threads[-1]).row["sessionId"]
        assert last.prompts[0].endswith("echo")
        assert last.prompts[0] != "echo", "an interrupted run is resumed with a note"


async def test_sigint_is_as_good_as_sigterm(server: Server, tmp_path: Path) -> None:
    async with Client(server.base_url) as page:
        await start_hanging(page, make_repository(tmp_path / "demo"))
        await server.stop(signal.SIGINT)
    assert [row["status"] for row in rows(server.data_directory, "SELECT status FROM threads")] == ["interrupted"]


async def test_sigterm_ends_an_agent_that_ignores_it(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "stubborn", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until(lambda screen: bool(screen.threads[thread].texts[1:]), "the agent at work")
        await server.stop()
    assert [row["status"] for row in rows(server.data_directory, "SELECT status FROM threads")] == ["interrupted"]


async def test_a_second_signal_ends_the_server_at_once(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "stubborn", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until(lambda screen: bool(screen.threads[thread].texts[1:]), "the agent at work")
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        await server.until_logged("is stopping")
        server.process.send_signal(signal.SIGTERM)
        await server.exited(timeout=2.0)
        assert "Traceback" not in server.log.text
        await server.start()
        await server.until_leftovers(0)
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        assert (await page.load_thread(thread)).status == "interrupted"


async def test_sigkill_during_runs_loses_nothing_acknowledged(server: Server, tmp_path: Path) -> None:
    async with Client(server.base_url) as page:
        threads = [await start_hanging(page, make_repository(tmp_path / f"demo{n}")) for n in range(2)]
        busy = await page.start(page.screen.projects[0]["id"], "tools 200 then hang", mode="local")
        assert busy is not None, page.screen.toasts
        await page.until(lambda screen: len(screen.threads[busy].tools) >= 20, "twenty tool calls")
        await server.kill()
        promised = page.screen.threads[busy]
        texts = [(message.id, message.content) for message in promised.messages if message.id]
        calls = {tool.id: tool.output for tool in promised.tools}
        assert len(server.leftovers()) >= 2

        await server.start()
        await server.until_leftovers(0)
        assert integrity(server.data_directory) == []
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        for thread in [*threads, busy]:
            shown = await page.load_thread(thread)
            assert shown.status == "interrupted"
            assert shown.texts[0][0] == "user"
        stored = {message.id: message.content for message in page.shown(busy).messages}
        assert all(stored[id].startswith(content) for id, content in texts)
        outputs = {tool.id: tool.output for tool in page.shown(busy).tools}
        assert all(id in outputs for id in calls)
        assert all(outputs[id] == output for id, output in calls.items() if output is not None)

        assert (await page.send("hello")).ok
        await page.until_outcome(busy, "completed")


async def test_every_acknowledged_message_survives_a_kill(server: Server, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        created = []
        for number in range(8):
            body = {"projectId": project, "mode": "local", "prompt": f"slow 20 number {number}"}
            reply = await page.api.call("POST", "/api/threads", body)
            assert reply.ok
            created.append((reply.body["id"], body["prompt"]))
        await server.kill()
        await server.start()
        await server.until_leftovers(0)
        await page.until(lambda screen: page.connections >= 2, "the reconnect")
        for thread, prompt in created:
            shown = await page.load_thread(thread)
            assert shown.texts[0] == ("user", prompt)
            assert shown.status == "interrupted"
