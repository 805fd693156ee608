"""Profiles over HTTP, as the client uses them (``http-features.md`` §5)."""

from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.git import GitHooks, Identity
from a_parallel_contracts.profile import PROFILES
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel
from a_parallel_plugins.secrets.cipher import decrypt
from a_parallel_plugins.secrets.keyfile import KeyFile
from tests.plugins.secrets.test_rotation import execute
from tests.support.database import rows

NOTHING = {"gitName": None, "gitEmail": None, "hasGithubToken": False}
TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The data directory."""
    return tmp_path / "data"


@pytest.fixture
async def running(kernel: KernelFactory, directory: Path) -> RunningKernel:
    """A server in multi-user mode."""
    running = await kernel(
        installed=("secrets", "profile"), data_directory=directory, settings={"server.auth_mode": "multi"}
    )
    running.expect_running("profile")
    return running


def table(directory: Path) -> list[dict[str, Any]]:
    return rows(directory, "SELECT * FROM user_profiles ORDER BY created_at, id")


async def test_without_a_row_there_are_three_keys_and_none_is_made(running: RunningKernel, directory: Path) -> None:
    assert await running.client.get("/api/profile") == NOTHING
    assert await running.client.put("/api/profile", json={}) == NOTHING
    assert await running.client.put("/api/profile", json={"gitName": "", "githubToken": None}) == NOTHING
    assert table(directory) == []


async def test_what_is_sent_is_stored_and_the_token_never_told(running: RunningKernel, directory: Path) -> None:
    put = await running.client.put(
        "/api/profile", json={"gitName": "Ada", "gitEmail": "ada@example.org", "githubToken": TOKEN}
    )
    assert set(put) == {"id", "userId", "gitName", "gitEmail", "hasGithubToken", "createdAt", "updatedAt"}
    assert (put["userId"], put["gitName"], put["gitEmail"]) == ("__local__", "Ada", "ada@example.org")
    assert put["hasGithubToken"] is True
    answer = await running.client.answer("GET", "/api/profile")
    assert answer.json == put
    assert TOKEN.encode() not in answer.body
    (row,) = table(directory)
    key = KeyFile(directory).load()
    assert key is not None and decrypt(key, row["github_token"]) == TOKEN
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in directory.glob("data.db*"))


async def test_absent_keys_stay_and_empty_ones_clear(running: RunningKernel) -> None:
    put = running.client.put
    await put("/api/profile", json={"gitName": "Ada", "gitEmail": "ada@example.org", "githubToken": TOKEN})
    changed = await put("/api/profile", json={"gitName": "Grace"})
    assert (changed["gitName"], changed["gitEmail"], changed["hasGithubToken"]) == ("Grace", "ada@example.org", True)
    changed = await put("/api/profile", json={"gitEmail": "", "githubToken": ""})
    assert (changed["gitName"], changed["gitEmail"], changed["hasGithubToken"]) == ("Grace", None, False)
    await put("/api/profile", json={"githubToken": TOKEN})
    assert (await put("/api/profile", json={"githubToken": None}))["hasGithubToken"] is False


async def test_values_of_a_wrong_type_are_ignored(running: RunningKernel) -> None:
    await running.client.put("/api/profile", json={"gitName": "Ada", "githubToken": TOKEN})
    changed = await running.client.put(
        "/api/profile", json={"gitName": 7, "gitEmail": None, "githubToken": {"a": 1}, "other": "x"}
    )
    assert (changed["gitName"], changed["gitEmail"], changed["hasGithubToken"]) == ("Ada", None, True)


async def test_a_body_that_is_no_json_changes_nothing_and_one_that_is_no_object_is_refused(
    running: RunningKernel, directory: Path
) -> None:
    assert (await running.client.answer("PUT", "/api/profile", data=b"{nonsense")).json == NOTHING
    for body in (b"null", b"[]", b'"text"', b"7"):
        answer = await running.client.answer("PUT", "/api/profile", data=body)
        assert answer.status == 400, body
        assert answer.json["error"]
    assert table(directory) == []


async def test_what_changes_nothing_is_not_written(running: RunningKernel, directory: Path) -> None:
    body = {"gitName": "Ada", "githubToken": TOKEN}
    await running.client.put("/api/profile", json=body)
    before = table(directory)
    await running.client.put("/api/profile", json=body)
    await running.client.put("/api/profile", json={})
    assert table(directory) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gitName", "Ada\nCo-authored-by: Eve <eve@example.org>"),
        ("gitName", "Ada <ada@example.org>"),
        ("gitName", "Ada\r"),
        ("gitName", "A\0da"),
        ("gitName", "A\x1b[2Jda"),
        ("gitName", " . "),
        ("gitEmail", "ada@example.org>"),
        ("gitEmail", "ada@example.org\n"),
        ("githubToken", "ghp_one two"),
        ("githubToken", "ghp_one\nhost=evil.example"),
        ("githubToken", "ghp_ä"),
    ],
)
async def test_what_would_reach_a_commit_or_a_header_is_refused(
    running: RunningKernel, directory: Path, key: str, value: str
) -> None:
    answer = await running.client.answer("PUT", "/api/profile", json={key: value})
    assert answer.status == 400
    assert value not in answer.json["error"]
    assert table(directory) == []


async def test_a_pasted_token_loses_its_surrounding_space(running: RunningKernel) -> None:
    await running.client.put("/api/profile", json={"githubToken": f" {TOKEN}\n"})
    assert await running.service(PROFILES).github_token_of("__local__") == TOKEN


async def test_each_user_sees_the_own_profile_only(running: RunningKernel) -> None:
    one, other = running.client.acting_as("u1"), running.client.acting_as("u2")
    await one.put("/api/profile", json={"gitName": "One", "gitEmail": "one@example.org", "githubToken": TOKEN})
    assert await other.get("/api/profile") == NOTHING
    await other.put("/api/profile", json={"gitName": "Other"})
    assert (await one.get("/api/profile"))["gitName"] == "One"
    assert (await running.client.acting_as(None).answer("GET", "/api/profile")).status == 401
    assert await running.service(PROFILES).github_token_of("u2") is None


async def test_a_token_that_cannot_be_decrypted_counts_as_none_and_can_be_replaced(
    running: RunningKernel, directory: Path
) -> None:
    await running.client.put("/api/profile", json={"githubToken": TOKEN})
    execute(directory, "UPDATE user_profiles SET github_token = 'aa:bb:cc'")
    assert (await running.client.get("/api/profile"))["hasGithubToken"] is False
    assert await running.service(PROFILES).github_token_of("__local__") is None
    assert (await running.client.put("/api/profile", json={"githubToken": TOKEN}))["hasGithubToken"] is True


async def test_an_unusable_key_is_told_without_a_fault_of_the_server(running: RunningKernel, directory: Path) -> None:
    (directory / "encryption.key").write_text("broken")
    answer = await running.client.answer("PUT", "/api/profile", json={"gitName": "Ada", "githubToken": TOKEN})
    assert answer.status == 424
    assert "encryption.key" in answer.json["error"]
    assert table(directory) == [], "all of it or nothing"


async def test_commits_get_an_identity_when_name_and_address_are_known(
    running: RunningKernel, kernel: KernelFactory
) -> None:
    client = running.client.acting_as("u1")
    identity = GitHooks.git_identity
    assert await running.kernel.hooks.first(identity, "u1") is None
    await client.put("/api/profile", json={"gitName": "Ada"})
    assert await running.kernel.hooks.first(identity, "u1") is None
    await client.put("/api/profile", json={"gitEmail": "ada@example.org", "githubToken": TOKEN})
    assert await running.kernel.hooks.first(identity, "u1") == Identity("Ada", "ada@example.org")
    assert await running.kernel.hooks.first(identity, "u2") is None
    assert await running.kernel.hooks.first(GitHooks.github_token, "u1") == TOKEN


async def test_in_local_mode_the_settings_of_git_count_but_the_token_is_used(kernel: KernelFactory) -> None:
    running = await kernel(installed=("secrets", "profile"))
    body = {"gitName": "Ada", "gitEmail": "ada@example.org", "githubToken": TOKEN}
    await running.client.put("/api/profile", json=body)
    assert await running.kernel.hooks.first(GitHooks.git_identity, "__local__") is None
    assert await running.kernel.hooks.first(GitHooks.github_token, "__local__") == TOKEN


async def test_a_token_is_forgotten_only_if_it_is_still_the_one(running: RunningKernel) -> None:
    profiles = running.service(PROFILES)
    await profiles.store_github_token("u1", TOKEN)
    await profiles.forget_github_token("u1", "an earlier one")
    assert await profiles.github_token_of("u1") == TOKEN
    await profiles.forget_github_token("u1", TOKEN)
    assert await profiles.github_token_of("u1") is None
    await profiles.forget_github_token("nobody")


async def test_the_profile_goes_with_its_user(running: RunningKernel, directory: Path) -> None:
    for user in ("u1", "u2"):
        await running.client.acting_as(user).put("/api/profile", json={"githubToken": TOKEN})
    running.kernel.publish(UserDeleted(user_id="u1"))
    await running.settled()
    assert [row["user_id"] for row in table(directory)] == ["u2"]
