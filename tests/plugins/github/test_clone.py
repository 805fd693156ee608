"""Cloning: what is made, what is left when it fails, and where the token never goes."""

import asyncio
import logging
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Conflict
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Answer, Client, RunningKernel
from a_parallel_plugins.github.address import directory_name
from tests.plugins.github.conftest import TOKEN, Starter
from tests.plugins.github.standin import StandInGithub
from tests.plugins.secrets.test_rotation import execute
from tests.support.database import rows
from tests.support.repository import git


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where clones go."""
    directory = tmp_path / "work"
    directory.mkdir()
    return directory


async def clone(client: Client, url: str, work: Path, **more: Any) -> Answer:
    body = {"cloneUrl": url, "destinationPath": str(work), **more}
    return await client.answer("POST", "/api/github/clone", json=body)


async def until_packing(github: StandInGithub) -> None:
    async with asyncio.timeout(20):
        await github.packing.wait()


def command_lines() -> str:
    """Return the command lines of every process of this machine, as anybody may see them."""
    shown = subprocess.run(["ps", "-axww", "-o", "command="], capture_output=True, check=True, timeout=20)
    return shown.stdout.decode("utf-8", "replace")


def texts_below(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


# --- what is made -----------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/octo/demo", "demo"),
        ("/octo/demo.git", "demo"),
        ("/octo/demo.git/", "demo"),
        ("/octo/demo%20two.git", "demo two"),
        ("/octo/demo?x=/y", "demo"),
        ("/octo/..git", "repo"),
        ("/octo/%2e%2e", "repo"),
        ("/octo/a%2fb", "repo"),
        ("/octo/.git", "repo"),
        ("/", "repo"),
        ("", "repo"),
    ],
)
def test_without_a_name_the_address_gives_one(path: str, name: str) -> None:
    assert directory_name(f"https://github.com{path}", None) == name


# --- the token --------------------------------------------------------------------------------------


async def test_the_token_reaches_github_and_nothing_else(
    connected: Client, github: StandInGithub, work: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    github.packs.clear()
    caplog.set_level(logging.DEBUG)
    task = asyncio.create_task(clone(connected, f"{github.url}/octo/secret.git", work))
    await until_packing(github)
    shown = command_lines()
    github.packs.set()
    answer = await task
    assert answer.status == 201, answer.body
    assert (work / "secret" / "KEY").read_text() == "hidden\n"

    assert "clone --progress" in shown, "git was looked at while it ran"
    assert TOKEN not in shown
    assert TOKEN.encode() not in texts_below(work)
    assert TOKEN.encode() not in texts_below(home), "no credential helper of the user's was given it to store"
    assert TOKEN.encode() not in texts_below(connected.kernel.kernel.config.server.data_directory)
    assert TOKEN not in caplog.text
    assert TOKEN.encode() not in answer.body


async def test_tracing_is_off_for_a_command_that_carries_a_token(
    connected: Client, github: StandInGithub, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "trace"
    for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_TRACE2_EVENT", "GIT_TRACE_PACKET"):
        monkeypatch.setenv(name, str(log))
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")
    answer = await clone(connected, f"{github.url}/octo/secret.git", work)
    assert answer.status == 201, answer.body
    assert not log.exists()


async def test_the_credential_helper_shows_no_token_to_who_lists_processes(
    connected: Client, github: StandInGithub, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git in front of the real one writes down its arguments, and those of what the helper runs."""
    log, directory = tmp_path / "arguments", tmp_path / "bin"
    directory.mkdir()
    for name in ("git", "echo", "test", "sh"):
        real = shutil.which(name)
        (directory / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >> {log}\nexec {real} "$@"\n')
        (directory / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    answer = await clone(connected, f"{github.url}/octo/secret.git", work)
    assert answer.status == 201, answer.body
    assert "clone --progress" in log.read_text()
    assert TOKEN not in log.read_text()


async def test_the_token_does_not_follow_a_redirect(
    connected: Client, github: StandInGithub, work: Path, tmp_path: Path
) -> None:
    async with StandInGithub(github.root) as other:
        other.private.add("octo/secret")
        github.moved["octo/moved"] = f"{other.url}/octo/secret.git"
        answer = await clone(connected, f"{github.url}/octo/moved.git", work)
        assert answer.status == 400
        assert other.seen, "git followed the redirect"
        assert all("authorization" not in one.headers for one in other.seen)


async def test_a_private_repository_without_a_token_is_refused_and_leaves_nothing(
    client: Client, github: StandInGithub, work: Path
) -> None:
    answer = await clone(client, f"{github.url}/octo/secret.git", work)
    assert answer.status == 400
    assert answer.json["error"].startswith("Clone failed: fatal: could not read Username")
    assert list(work.iterdir()) == []
    assert await client.get("/api/projects") == []


async def test_a_wrong_token_is_not_told_in_the_error(connected: Client, github: StandInGithub, work: Path) -> None:
    github.tokens.clear()
    answer = await clone(connected, f"{github.url}/octo/secret.git", work)
    assert answer.status == 400
    assert "Authentication failed" in answer.json["error"]
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize("source", ["helper", "netrc"])
async def test_the_passwords_of_the_server_s_account_are_for_its_owner_alone(
    start: Starter, github: StandInGithub, home: Path, source: str
) -> None:
    host = github.url.removeprefix("http://")
    if source == "helper":
        (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
        (home / ".git-credentials").write_text(f"http://x-access-token:{TOKEN}@{host}\n")
    else:
        (home / ".netrc").write_text(f"machine 127.0.0.1 login x-access-token password {TOKEN}\n")
        (home / ".netrc").chmod(0o600)
    url = f"{github.url}/octo/secret.git"
    shared = (await start(server={"server.auth_mode": "multi"})).client.acting_as("u1")
    answer = await clone(shared, url, home)
    assert answer.status == 400, "another user"
    own = (await start()).client
    answer = await clone(own, url, home)
    assert answer.status == 201, answer.body


# --- following and cancelling -----------------------------------------------------------------------


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


# --- checks before, and nothing left after ----------------------------------------------------------


async def test_what_is_taken_is_found_before_anything_is_fetched(
    client: Client, github: StandInGithub, work: Path
) -> None:
    url = f"{github.url}/octo/demo.git"
    (project,) = [(await clone(client, url, work)).json]
    seen = len(github.seen)
    answer = await clone(client, url, work)
    assert (answer.status, answer.json["error"]) == (400, f"Directory already exists: {work / 'demo'}")
    (work / "elsewhere").mkdir()
    answer = await clone(client, url, work / "elsewhere")
    assert (answer.status, answer.json["error"]) == (409, "A project with this name already exists: demo")
    await client.patch(f"/api/projects/{project['id']}", json={"name": "renamed"})
    (work / "demo").rename(work / "moved")
    answer = await clone(client, url, work)
    assert (answer.status, answer.json["error"]) == (
        409,
        f"A project with this path already exists: {work / 'demo'}",
    )
    (work / "file").write_text("")
    (work / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        assert (await clone(client, url, work, name=name)).status == 400
    assert len(github.seen) == seen
    assert list((work / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "octo/demo",
        "/srv/repositories/demo.git",
        "git@github.com:octo/demo.git",
        "ext::sh -c touch% pwned",
        "ext::sh",
        "--upload-pack=touch pwned",
        "-u",
        "https://",
        "https:///octo/demo",
        "https://github.com/octo/demo\n.git",
        "https://github.com\\@evil.example/octo/demo",
        "https://github.com/octo/de mo",
        "file:///srv/demo.git",
        "ssh://git@github.com/octo/demo.git",
        "git://github.com/octo/demo.git",
        "http://github.com/octo/demo.git",
        "ftp://github.com/octo/demo.git",
        "https://token@github.com/octo/demo.git",
        "https://user:password@github.com/octo/demo.git",
        "https://github.com:99999/octo/demo.git",
        "STANDIN.evil.example/octo/demo.git",
    ],
)
async def test_other_addresses_are_refused(client: Client, github: StandInGithub, work: Path, url: str) -> None:
    answer = await clone(client, url.replace("STANDIN", github.url), work)
    assert answer.status == 400, answer.body
    assert list(work.iterdir()) == []
    assert github.seen == []


@pytest.mark.parametrize(
    "name", ["..", ".", ".git", ".GIT", "a/b", "../x", "/tmp/x", "-x", "a\nb", "a\0b", " ", "x ", "é" * 200]
)
async def test_names_that_are_no_directory_are_refused(
    client: Client, github: StandInGithub, work: Path, name: str
) -> None:
    answer = await clone(client, f"{github.url}/octo/demo.git", work, name=name)
    assert answer.status == 400, answer.body
    assert list(work.iterdir()) == []
    assert github.seen == []


@pytest.mark.parametrize(
    ("destination", "text"),
    [
        ("", "destinationPath"),
        ("work", "must be absolute"),
        ("~/work", "must be absolute"),
        ("/does/not/exist", "does not exist"),
        ("/dev/null", "does not exist"),
        ("/tmp\0/x", "does not exist"),
        ("/" + "x" * 5000, "does not exist"),
        pytest.param(
            "/proc", "Cannot write to /proc", marks=pytest.mark.skipif(not Path("/proc").is_dir(), reason="Linux")
        ),
        ("DATA", "server's own directory"),
        ("LINK", "server's own directory"),
    ],
)
async def test_destinations_that_cannot_be_used_are_refused(
    client: Client, github: StandInGithub, work: Path, destination: str, text: str
) -> None:
    data = client.kernel.kernel.config.server.data_directory
    (work / "link").symlink_to(data)
    place = {"DATA": str(data), "LINK": str(work / "link")}.get(destination, destination)
    body = {"cloneUrl": f"{github.url}/octo/demo.git", "destinationPath": place}
    answer = await client.answer("POST", "/api/github/clone", json=body)
    assert answer.status == 400, answer.body
    assert text in answer.json["error"]
    assert github.seen == []


async def test_several_users_clone_below_their_roots_only(
    start: Starter, github: StandInGithub, work: Path, home: Path
) -> None:
    url = f"{github.url}/octo/demo.git"
    client = (await start(server={"server.auth_mode": "multi"})).client.acting_as("u1")
    (home / "out").symlink_to(work)
    for place in (work, home / "out", home / ".." / "work"):
        answer = await clone(client, url, place)
        assert answer.status == 400
        assert "only be cloned into directories below" in answer.json["error"]
    (home / "code").mkdir()
    assert (await clone(client, url, home / "code")).status == 201

    client = (await start(server={"server.auth_mode": "multi"}, clone_roots=[str(work)])).client.acting_as("u1")
    assert (await clone(client, url, work)).status == 201
    assert (await clone(client, url, home)).status == 400


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
