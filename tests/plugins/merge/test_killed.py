"""A server that is killed while an agent resolves conflicts (``merge-agent.md`` §8)."""

from pathlib import Path

from tests.contract.client import Client
from tests.plugins.merge.conftest import state_of
from tests.plugins.merge.test_living import until
from tests.support.fixtures import ServerFactory, server_factory
from tests.support.repository import Repository, make_repository
from tests.support.server import Server

__all__ = ["server_factory"]

CONFIG = """
[plugins.agents]
provider = "scripted"

[plugins.scripted]
pace = 1.0
"""
"""The agent's first words take longer than the test."""


def _conflicts(server: Server) -> list[str]:
    """Return what the file has become in temporary working trees."""
    return [path.read_text() for path in server.data_directory.glob("merges/*/demo/shared.txt")]


async def test_a_kill_in_the_middle_leaves_the_project_as_it_was(server_factory: ServerFactory, tmp_path: Path) -> None:
    server = await server_factory(config=CONFIG).start()
    repository = make_repository(tmp_path / "demo", {"shared.txt": "base\n"})
    async with Client(server.base_url) as page:
        project = await page.register(str(repository.path), "demo")
        idle = {"projectId": project, "mode": "worktree", "title": "Ours", "prompt": "x", "baseBranch": "main"}
        thread = (await page.act("POST", "/api/threads/idle", idle)).body
        Repository(Path(thread["worktreePath"])).commit("Ours", {"shared.txt": "ours\n"})
        repository.commit("Theirs", {"shared.txt": "theirs\n"})
        before = state_of(repository)
        answer = await page.act("POST", f"/api/git/{thread['id']}/merge", {"resolve": True})
        assert answer.ok, answer.body
        await until(lambda: any("<<<<<<<" in text for text in _conflicts(server)))
    await server.kill()
    assert len(repository.worktrees()) == 3
    await server.start()
    async with Client(server.base_url) as page:
        shown = await page.act("GET", f"/api/threads/{answer.body['threadId']}")
        assert shown.body["status"] == "interrupted"
        assert list((server.data_directory / "merges").iterdir()) == []
        assert state_of(repository) == before
        (kept,) = repository.git("for-each-ref", "--format=%(refname)", "refs/a-parallel").splitlines()
        assert "<<<<<<<" in repository.git("show", f"{kept}:shared.txt")
    await server.stop()
