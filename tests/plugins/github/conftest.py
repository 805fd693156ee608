"""A server whose GitHub is the stand-in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel
from tests.plugins.git.conftest import home
from tests.plugins.github.standin import StandInGithub
from tests.support.repository import make_repository

__all__ = ["home"]

INSTALLED = ("hosts", "git", "projects", "secrets", "profile", "github")
TOKEN = "gho_16C7e42F292c6912E7710c838347Ae178B4a"

Starter = Callable[..., Awaitable[RunningKernel]]


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[StandInGithub]:
    """The stand-in, with a public and a private repository and one user."""
    root = tmp_path / "github"
    (root / "octo").mkdir(parents=True)
    make_repository(tmp_path / "origin" / "demo", {"README.md": "# demo\n"}, remote=root / "octo" / "demo.git")
    make_repository(tmp_path / "origin" / "secret", {"KEY": "hidden\n"}, remote=root / "octo" / "secret.git")
    async with StandInGithub(root) as standin:
        standin.tokens[TOKEN] = "octo"
        standin.private.add("octo/secret")
        standin.device.append({"error": "authorization_pending"})
        yield standin


@pytest.fixture
def start(kernel: KernelFactory, github: StandInGithub, home: Path) -> Starter:
    """Start a server; settings are those of the plugin, without its prefix."""

    async def start(
        *, server: dict[str, Any] | None = None, data_directory: Path | None = None, **settings: Any
    ) -> RunningKernel:
        own = {"api": f"{github.url}/api/v3", "client_id": "Iv1.test", **settings}
        running = await kernel(
            installed=INSTALLED,
            settings={**(server or {}), **{f"plugins.github.{key}": value for key, value in own.items()}},
            data_directory=data_directory,
        )
        running.expect_running("github")
        return running

    return start


@pytest.fixture
async def client(start: Starter) -> Client:
    """Calls a server in local mode."""
    return (await start()).client


@pytest.fixture
async def connected(client: Client) -> Client:
    """The same, with a token in the profile."""
    await client.put("/api/profile", json={"githubToken": TOKEN})
    return client


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where clones go."""
    directory = tmp_path / "work"
    directory.mkdir()
    return directory
