"""``a-parallel rotate-key``: every secret under a new key, or everything as it was."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from a_parallel_contracts.secrets import SECRETS
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.secrets import rotation
from a_parallel_plugins.secrets.cipher import decrypt, encrypt
from a_parallel_plugins.secrets.keyfile import KeyFile
from tests.plugins.secrets.test_cipher import KEY
from tests.support.database import rows

TIME = "2026-01-02T03:04:05.678Z"
FOREIGN = encrypt(bytes(32), "under a key that is lost")


def execute(directory: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(directory / "data.db", isolation_level=None)) as connection:
        connection.execute(sql, values)


@pytest.fixture
async def directory(kernel: KernelFactory, tmp_path: Path) -> Path:
    """A data directory with secrets in every column of the contract and in one of a third party."""
    path = tmp_path / "data"
    path.mkdir()
    (path / "encryption.key").write_text(KEY.hex())
    running = await kernel(installed=("secrets",), data_directory=path)
    await running.service(SECRETS).protect("acme_tokens", "value")
    await running.stop()
    profile = "INSERT INTO user_profiles (id, user_id, github_token, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
    execute(path, profile, "p1", "__local__", encrypt(KEY, "ghp_one"), TIME, TIME)
    execute(path, profile, "p2", "u2", FOREIGN, TIME, TIME)
    execute(path, profile, "p3", "u3", None, TIME, TIME)
    execute(
        path,
        "INSERT INTO mcp_oauth_tokens (id, server_name, project_path, server_url, access_token, refresh_token, "
        "client_secret, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *("0123456789abcdef", "docs", "/p", "https://mcp.example", encrypt(KEY, "access"), encrypt(KEY, "refresh")),
        *(encrypt(KEY, "client"), TIME, TIME),
    )
    execute(path, 'CREATE TABLE acme_tokens (value TEXT, "other" TEXT)')
    execute(path, "INSERT INTO acme_tokens VALUES (?, 'kept')", encrypt(KEY, "third"))
    return path


def stored(directory: Path) -> list[str | None]:
    profiles = [row["github_token"] for row in rows(directory, "SELECT github_token FROM user_profiles ORDER BY id")]
    (oauth,) = rows(directory, "SELECT access_token, refresh_token, client_secret FROM mcp_oauth_tokens")
    (acme,) = rows(directory, "SELECT value FROM acme_tokens")
    return [*profiles, *oauth.values(), *acme.values()]


def readable(directory: Path) -> list[str | None]:
    key = KeyFile(directory).load()
    assert key is not None
    return [decrypt(key, value) if value else None for value in stored(directory)]


CONTENTS = ["ghp_one", None, None, "access", "refresh", "client", "third"]


async def rotate_key(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "a_parallel_kernel", "rotate-key", "--data-directory", str(directory), *words]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory.parent)}
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=90, check=False
    )


async def test_every_secret_moves_to_the_new_key(directory: Path) -> None:
    before = stored(directory)
    done = await rotate_key(directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 secrets" in done.stdout and "1 could not be decrypted" in done.stdout
    key = KeyFile(directory).load()
    assert key is not None and key != KEY
    assert readable(directory) == CONTENTS
    assert stored(directory)[1] == FOREIGN
    assert not {value for value in before if value and value != FOREIGN} & set(stored(directory))
    assert [path.name for path in directory.iterdir() if "key" in path.name] == ["encryption.key"]
    assert (KeyFile(directory).path.stat().st_mode & 0o777) == 0o600
    assert key.hex() not in done.stdout


async def test_a_running_server_is_not_robbed_of_its_key(kernel: KernelFactory, directory: Path) -> None:
    before = stored(directory)
    await kernel(installed=("secrets",), data_directory=directory)
    done = await rotate_key(directory)
    assert done.returncode == 1
    assert "another a-parallel server" in done.stderr and "Traceback" not in done.stderr
    assert KeyFile(directory).load() == KEY
    assert stored(directory) == before


async def test_a_key_that_is_none_ends_the_command_and_changes_nothing(directory: Path) -> None:
    (directory / "encryption.key").write_text("broken")
    before = stored(directory)
    done = await rotate_key(directory)
    assert done.returncode == 1
    assert "does not hold 64 hex characters" in done.stderr and "Traceback" not in done.stderr
    assert (directory / "encryption.key").read_text() == "broken"
    assert stored(directory) == before


async def test_a_change_cut_off_before_the_commit_is_taken_back(kernel: KernelFactory, directory: Path) -> None:
    KeyFile(directory).stage(bytes(range(1, 33)))
    running = await kernel(installed=("secrets",), data_directory=directory)
    running.expect_running("secrets")
    assert not KeyFile(directory).staged_path.exists()
    assert readable(directory) == CONTENTS


async def test_a_change_cut_off_after_the_commit_is_completed(
    kernel: KernelFactory, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(file: KeyFile) -> None:
        raise RuntimeError("the power is gone")

    running = await kernel(installed=("secrets",), data_directory=directory)
    context = running.kernel.supervisor.records["secrets"].context
    assert context is not None
    with monkeypatch.context() as patched:
        patched.setattr(KeyFile, "promote", crash)
        with pytest.raises(RuntimeError, match="power"):
            await rotation.rotate(context)
    await running.stop()
    assert KeyFile(directory).load() == KEY
    assert readable(directory) == [None] * len(CONTENTS), "the texts wait for the new key"

    again = await kernel(installed=("secrets",), data_directory=directory)
    again.expect_running("secrets")
    assert readable(directory) == CONTENTS
    assert not KeyFile(directory).staged_path.exists()


async def test_a_transaction_that_fails_leaves_the_old_key(directory: Path) -> None:
    execute(
        directory,
        "CREATE TRIGGER full BEFORE UPDATE ON user_profiles BEGIN SELECT RAISE(ABORT, 'no room'); END",
    )
    before = stored(directory)
    done = await rotate_key(directory)
    assert done.returncode == 1
    assert "no room" in done.stderr
    assert KeyFile(directory).load() == KEY
    assert not KeyFile(directory).staged_path.exists()
    assert stored(directory) == before


async def test_a_new_data_directory_just_gets_a_key(tmp_path: Path) -> None:
    done = await rotate_key(tmp_path / "fresh")
    assert done.returncode == 0, done.stderr
    assert "0 secrets" in done.stdout
    assert KeyFile(tmp_path / "fresh").load() is not None


async def test_help_says_what_it_does_without_touching_anything(directory: Path) -> None:
    done = await rotate_key(directory, "--help")
    assert done.returncode == 0
    assert "rotate-key" in done.stdout and "--data-directory" in done.stdout
    assert KeyFile(directory).load() == KEY
