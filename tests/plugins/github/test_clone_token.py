"""Where the token goes when a repository is cloned, and above all where it does not."""

import asyncio
import logging
import os
import shutil
from pathlib import Path

import pytest

from a_parallel_kernel.testkit import Client
from tests.plugins.github.cloning import clone, command_lines, texts_below, until_packing
from tests.plugins.github.conftest import TOKEN, Starter
from tests.plugins.github.standin import StandInGithub


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
