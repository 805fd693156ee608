"""Where several users may open terminals (``websocket.md`` §8)."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.plugins.hosts.conditions import alive
from tests.plugins.pty.conftest import House, Opening, Page
from tests.plugins.pty.test_terminals import pid_of
from tests.support.repository import make_repository

INSTALLED = ("git", "projects", "worktrees", "threads")


@pytest.fixture
async def shared(open_house: Opening, tmp_path: Path) -> House:
    """A server where everybody may open terminals, and Anna has a project."""
    house = await open_house(admins_only=False, installed=INSTALLED)
    work = tmp_path / "work"
    make_repository(work / "shop")
    make_repository(work / "shop-2")
    (work / ".a-parallel-worktrees" / "shop" / "branch").mkdir(parents=True)
    (work / "shop" / "src").mkdir()
    (work / "shop" / "out").symlink_to("/")
    (work / "link").symlink_to(work / "shop")
    anna = house.running.client.acting_as("anna")
    await anna.post("/api/projects", json={"name": "shop", "path": str(work / "shop")})
    return house


@pytest.fixture
async def anna(shared: House) -> AsyncIterator[Page]:
    async with shared.page("anna") as page:
        yield page


@pytest.mark.parametrize("cwd", ["shop", "shop/src", ".a-parallel-worktrees/shop/branch", "link", "shop/../shop/src"])
async def test_own_projects_and_their_working_trees(anna: Page, tmp_path: Path, cwd: str) -> None:
    await anna.spawn("a", f"{tmp_path}/work/{cwd}")
    assert await anna.ask("a", "pwd") == os.path.realpath(f"{tmp_path}/work/{cwd}")


@pytest.mark.parametrize("cwd", ["", "shop-2", "shop/..", "shop/out", "shop/out/tmp", ".a-parallel-worktrees"])
async def test_nowhere_else(anna: Page, tmp_path: Path, cwd: str) -> None:
    await anna.spawn("a", f"{tmp_path}/work/{cwd}")
    assert await anna.exit("a") == 1
    assert "none of your projects" in anna.shown["a"]


async def test_another_users_project_is_no_place(shared: House, tmp_path: Path) -> None:
    async with shared.page("bert", "admin") as bert:
        await bert.spawn("a", tmp_path / "work" / "shop")
        assert await bert.exit("a") == 1


async def test_two_users_may_use_the_same_id(shared: House, tmp_path: Path) -> None:
    async with shared.page("anna") as anna, shared.page("bert", "admin") as bert:
        await anna.spawn("a", tmp_path / "work" / "shop")
        pid = await pid_of(anna, "a")
        await bert.spawn("a", "/")
        await bert.exit("a")
        await bert.type("a", "echo intruder\r")
        await bert.say("kill", id="a")
        assert await bert.list() == []
        assert await pid_of(anna, "a") == pid
        assert "intruder" not in anna.shown["a"]
        assert anna.exits == {}


async def test_terminals_are_for_admins_unless_set_otherwise(open_house: Opening, tmp_path: Path) -> None:
    house = await open_house(installed=INSTALLED)
    make_repository(tmp_path / "work" / "shop")
    for user, role in (("anna", "user"), ("bert", "admin")):
        client = house.running.client.acting_as(user, role)
        await client.post("/api/projects", json={"name": "shop", "path": str(tmp_path / "work" / "shop")})
    async with house.page("anna") as anna, house.page("bert", "admin") as bert:
        await anna.spawn("a", tmp_path / "work" / "shop")
        assert await anna.exit("a") == 1
        assert "admins" in anna.shown["a"]
        await bert.spawn("a", tmp_path / "work" / "shop")
        assert await bert.ask("a", "pwd") == str(tmp_path / "work" / "shop")


async def test_the_terminals_in_a_threads_working_tree_end_with_it(shared: House, tmp_path: Path) -> None:
    client = shared.running.client.acting_as("anna")
    (project,) = await client.get("/api/projects")
    body = {"projectId": project["id"], "title": "x", "mode": "worktree"}
    thread = await client.post("/api/threads/idle", json=body)
    async with shared.page("anna") as anna:
        await anna.spawn("there", thread["worktreePath"])
        await anna.spawn("elsewhere", project["path"])
        there, elsewhere = await pid_of(anna, "there"), await pid_of(anna, "elsewhere")
        await client.delete(f"/api/threads/{thread['id']}")
        assert not alive(there)
        assert await anna.exit("there") == 0
        assert alive(elsewhere)
        assert [one["ptyId"] for one in await anna.list()] == ["elsewhere"]
