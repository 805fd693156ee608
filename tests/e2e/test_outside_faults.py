"""Faults outside the server: the CLI is missing or broken, a directory vanishes. Never 5xx, always a reason."""

import shutil
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server

BROKEN = "#!/bin/sh\necho 'this program is broken' >&2\nexit 3\n"


def program(path: Path, text: str) -> Path:
    """Write an executable script."""
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("mode", ["local", "worktree"])
async def test_a_missing_cli_fails_the_thread_with_the_reason(
    server_factory: ServerFactory, tmp_path: Path, mode: str
) -> None:
    server = await server_factory(environment={"CLAUDE_BINARY_PATH": str(tmp_path / "nowhere")}).start()
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        assert page.setup["claudeCli"]["available"] is False
        assert "CLAUDE_BINARY_PATH" in page.setup["claudeCli"]["error"]
        project = await page.register(str(repository.path), "demo")
        reply = await page.act("POST", "/api/threads", {"projectId": project, "mode": mode, "prompt": "hello"})
        assert reply.status == 424
        assert reply.error == "Claude CLI not installed"
        assert reply.body["message"]
        assert "CLAUDE_BINARY_PATH" in reply.body["details"]
        await page.load_threads(project)
        (thread,) = page.screen.threads
        shown = await page.load_thread(thread)
        assert (shown.status, shown.stage) == ("failed", "review")
        assert shown.texts == [("user", "hello")]
        assert shown.row["completedAt"]
        assert page.circuit.faults == []
    await server.stop()


async def test_the_thread_of_a_missing_cli_runs_once_the_cli_is_there(
    server_factory: ServerFactory, tmp_path: Path
) -> None:
    target = tmp_path / "claude-later"
    server = server_factory(environment={"CLAUDE_BINARY_PATH": str(target)})
    await server.start()
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        assert await page.start(project, "hello", mode="local") is None
        (thread,) = page.screen.threads
        target.symlink_to(server.bin / "claude")
        await page.load_thread(thread)
        assert (await page.send("hello again")).ok
        shown = await page.until_outcome(thread, "completed")
        assert [role for role, _ in shown.texts] == ["user", "user", "assistant"]
        setup = await page.api.call("GET", "/api/setup/status")
        assert setup.body["claudeCli"]["available"] is True
    await server.stop()


async def test_a_cli_that_cannot_tell_its_version_is_broken(server_factory: ServerFactory, tmp_path: Path) -> None:
    server = await server_factory(claude=program(tmp_path / "broken", BROKEN)).start()
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        status = page.setup["claudeCli"]
        assert status["available"] is False
        assert (status["path"], status["version"]) == (None, None)
        assert "functional" in status["error"]
        project = await page.register(str(repository.path), "demo")
        reply = await page.act("POST", "/api/threads", {"projectId": project, "mode": "local", "prompt": "hello"})
        assert reply.status == 424
        assert reply.error
        await page.load_threads(project)
        (shown,) = page.screen.threads.values()
        assert (shown.status, shown.stage) == ("failed", "review")
    await server.stop()


async def test_a_cli_that_dies_at_once_fails_the_run_and_says_why(
    server_factory: ServerFactory, tmp_path: Path
) -> None:
    text = '#!/bin/sh\n[ "$1" = --version ] && { echo "2.1.42 (Claude Code)"; exit 0; }\n' + BROKEN.split("\n", 1)[1]
    server = await server_factory(claude=program(tmp_path / "dies", text)).start()
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "hello", mode="local")
        assert thread is not None, page.screen.toasts
        shown = await page.until_status(thread, "failed")
        assert shown.texts == [("user", "hello")]
        errors = page.screen.errors[thread]
        assert len(errors) == 1
        assert "this program is broken" in errors[0]
        assert "3" in errors[0]
    await server.stop()


async def test_a_vanished_project_is_an_error_of_its_own_that_goes_when_it_is_back(
    server: Server, tmp_path: Path
) -> None:
    repository = make_repository(tmp_path / "demo")
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        thread = await page.start(project, "hello", mode="local")
        assert thread is not None, page.screen.toasts
        await page.until_status(thread, "completed")
        shutil.move(repository.path, tmp_path / "away")

        reply = await page.act("POST", "/api/threads", {"projectId": project, "mode": "local", "prompt": "hello"})
        assert reply.status in (400, 424)
        worktree = await page.act("POST", "/api/threads", {"projectId": project, "mode": "worktree", "prompt": "x"})
        assert worktree.status in (400, 424)
        follow_up = await page.send("hello again")
        assert follow_up.status in (400, 404, 424)
        branches = await page.act("GET", f"/api/projects/{project}/branches")
        assert branches.status in (400, 424)
        assert all(failed.error for failed in (reply, worktree, follow_up, branches))
        await page.load_threads(project)
        assert all(shown.status in ("failed", "completed") for shown in page.screen.threads.values())

        shutil.move(tmp_path / "away", repository.path)
        await page.load_thread(thread)
        assert (await page.send("hello again")).ok
        await page.until_outcome(thread, "completed")
        assert page.circuit.faults == []
