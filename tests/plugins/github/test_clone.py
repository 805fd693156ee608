"""Cloning: what is made, told, cancelled, and what is left when it fails."""

import asyncio
import stat
from pathlib import Path

import pytest

from a_parallel_contracts import Conflict
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel
from tests.plugins.github.cloning import clone, command_lines, until_packing
from tests.plugins.github.conftest import Starter
from tests.plugins.github.standin import StandInGithub
from tests.plugins.secrets.test_rotation import execute
from tests.support.database import rows
from tests.support.repository import git


async def test_a_public_repository_becomes_a_project(client: Client, github: StandInGithub, work: Path) -> None:
    url = f"{github.url}/octo/demo.git"
    answer = await clone(client, url, work)
    assert answer.status == 201, answer.body
    project = answer.json
    assert (project["name"], project["path"]) == ("demo", str(work / "demo"))
    assert [one["id"] for one in await client.get("/api/projects")] == [project["id"]]
    assert (work / "demo" / "README.md").read_text() == "# demo\n"
    assert git(work / "demo", "remote", "get-url", "origin") == url
    assert git(work / "demo", "status", "--porcelain") == ""
    assert [path.name for path in work.iterdir()] == ["demo"]
    assert stat.S_IMODE((work / "demo").stat().st_mode) & 0o500 == 0o500
    assert all("authorization" not in one.headers for one in github.seen)


@pytest.mark.parametrize(("name", "directory"), [("", "demo"), ("My Demo ü", "My Demo ü")])
async def test_the_user_may_name_the_directory(
    client: Client, github: StandInGithub, work: Path, name: str, directory: str
) -> None:
    answer = await clone(client, f"{github.url}/octo/demo.git", work, name=name)
    assert answer.status == 201, answer.body
    assert answer.json["name"] == directory
    assert (work / directory / ".git").is_dir()


async def test_progress_and_the_end_are_told_to_the_user_s_pages(
    client: Client, github: StandInGithub, work: Path
) -> None:
    async with client.websocket() as socket, client.acting_as("u2").websocket() as foreign:
        answer = await clone(client, f"{github.url}/octo/demo.git", work, cloneId="mine-1")
        ended = await socket.receive("github:clone_ended")
        assert ended["threadId"] == "mine-1"
        assert ended["data"] == {"outcome": "completed", "projectId": answer.json["id"]}
        told = [frame for frame in socket.frames if frame["type"] == "github:clone_progress"]
        assert {frame["threadId"] for frame in told} == {"mine-1"}
        assert "Receiving objects" in {frame["data"]["phase"] for frame in told}
        assert all(0 <= frame["data"]["percent"] <= 100 for frame in told)
        await client.kernel.settled()
        assert not [frame for frame in foreign.frames if frame["type"].startswith("github:")]


async def test_a_clone_is_shown_and_cancelled_by_its_user_alone(
    client: Client, github: StandInGithub, work: Path
) -> None:
    github.packs.clear()
    one, other = client.acting_as("u1"), client.acting_as("u2")
    async with one.websocket() as socket:
        task = asyncio.create_task(clone(one, f"{github.url}/octo/demo.git", work, cloneId="mine"))
        await until_packing(github)
        (shown,) = await one.get("/api/github/clones")
        assert (shown["id"], shown["name"], shown["destinationPath"]) == ("mine", "demo", str(work))
        assert await other.get("/api/github/clones") == []
        foreign, unknown = [await other.answer("DELETE", f"/api/github/clones/{id}") for id in ("mine", "none")]
        assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, b'{"error":"Clone not found"}')

        assert await one.delete("/api/github/clones/mine") == {"ok": True}
        answer = await task
        assert (answer.status, answer.json) == (409, {"error": "The clone was cancelled"})
        assert (await socket.receive("github:clone_ended"))["data"] == {"outcome": "cancelled"}
    assert list(work.iterdir()) == []
    assert await one.get("/api/github/clones") == []
    assert await one.get("/api/projects") == []
    assert f"{github.url}/octo/demo.git" not in command_lines()


@pytest.mark.parametrize("what", ["server", "plugin"])
async def test_stopping_ends_clones_at_once(start: Starter, github: StandInGithub, work: Path, what: str) -> None:
    running = await start()
    github.packs.clear()
    task = asyncio.create_task(clone(running.client, f"{github.url}/octo/demo.git", work))
    await until_packing(github)
    began = asyncio.get_running_loop().time()
    if what == "server":
        await running.kernel.stop()
    else:
        await running.client.post("/api/kernel/plugins/github/disable")
    assert asyncio.get_running_loop().time() - began < 4.5, "requests have 5 s, or 10 s"
    assert (await task).status == 409
    assert list(work.iterdir()) == []
    if what == "plugin":
        assert (await clone(running.client, f"{github.url}/octo/demo.git", work)).status == 404
        await running.client.post("/api/kernel/plugins/github/enable")
        github.packs.set()
        assert (await clone(running.client, f"{github.url}/octo/demo.git", work)).status == 201


async def test_a_clone_that_takes_too_long_is_ended(start: Starter, github: StandInGithub, work: Path) -> None:
    client = (await start(clone_timeout=1)).client
    github.packs.clear()
    answer = await clone(client, f"{github.url}/octo/demo.git", work)
    assert answer.status == 424
    assert "did not finish within 1 s" in answer.json["error"]
    assert list(work.iterdir()) == []


async def test_only_so_many_run_at_once_and_never_two_into_one_place(
    start: Starter, github: StandInGithub, work: Path
) -> None:
    client = (await start(clones=1)).client
    github.packs.clear()
    url = f"{github.url}/octo/demo.git"
    task = asyncio.create_task(clone(client, url, work, cloneId="a"))
    await until_packing(github)
    assert (await clone(client, url, work, name="other")).status == 429
    assert (await clone(client, url, work)).status == 409
    assert (await clone(client, url, work, name="other", cloneId="a")).status == 409
    github.packs.set()
    assert (await task).status == 201
    assert (await clone(client, url, work, name="other")).status == 201


class FullProjects:
    """A project store in which somebody else is always faster."""

    async def visible(self, actor: object) -> list[Project]:
        return []

    async def create(self, actor: object, name: str, path: str) -> Project:
        assert (Path(path) / ".git").is_dir()
        raise Conflict(f"A project with this name already exists: {name}")


async def test_a_clone_that_cannot_become_a_project_is_removed(
    kernel: KernelFactory, github: StandInGithub, work: Path
) -> None:
    running: RunningKernel = await kernel(
        installed=("hosts", "secrets", "profile", "github"),
        services={PROJECTS: FullProjects()},
        settings={"plugins.github.api": f"{github.url}/api/v3"},
    )
    answer = await clone(running.client, f"{github.url}/octo/demo.git", work)
    assert (answer.status, answer.json["error"]) == (409, "A project with this name already exists: demo")
    assert list(work.iterdir()) == []


async def test_what_a_killed_server_left_is_removed_and_nothing_else(
    start: Starter, tmp_path: Path, work: Path
) -> None:
    data = tmp_path / "data"
    running = await start(data_directory=data)
    await running.stop()
    left = work / ".a-parallel-clone-left"
    (left / "repository").mkdir(parents=True)
    (left / "repository" / "pack").write_text("half")
    kept = work / "kept"
    kept.mkdir()
    (kept / "file").write_text("mine")
    for id, path in (("left", left), ("kept", kept), ("gone", work / ".a-parallel-clone-gone")):
        execute(data, "INSERT INTO github_clones VALUES (?, ?, '2026-01-01T00:00:00.000Z')", id, str(path))
    await start(data_directory=data)
    async with asyncio.timeout(10):
        while left.exists() or len(rows(data, "SELECT id FROM github_clones")) > 1:  # noqa: ASYNC110 - on disk
            await asyncio.sleep(0.01)
    assert (kept / "file").read_text() == "mine"
