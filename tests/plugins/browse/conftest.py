"""A running kernel with the browse plugin on real directories and repositories."""

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel
from tests.plugins.git.conftest import home
from tests.support.repository import make_repository

__all__ = ["home"]

INSTALLED = ("hosts", "git", "projects", "browse")

Registration = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the PATH: git and a shell; what else is put there counts as installed."""
    directory = tmp_path / "programs"
    directory.mkdir()
    for name in ("git", "sh", "env", "mv"):
        found = shutil.which(name)
        assert found is not None
        (directory / name).symlink_to(os.path.realpath(found))
    monkeypatch.setenv("PATH", str(directory))
    return directory


@pytest.fixture
async def running(kernel: KernelFactory) -> RunningKernel:
    """The kernel."""
    running = await kernel(installed=INSTALLED)
    running.expect_running("browse")
    return running


@pytest.fixture
async def client(running: RunningKernel) -> Client:
    """The local user."""
    return running.client


@pytest.fixture
async def shop(client: Client, tmp_path: Path) -> Path:
    """A project outside of home, with a directory whose name merely begins like it, and working trees beside."""
    directory = tmp_path / "work" / "shop"
    make_repository(directory, {"README.md": "# shop\n", "src/app.py": "x\n"})
    (tmp_path / "work" / "shop-2" / "inside").mkdir(parents=True)
    (tmp_path / "work" / ".a-parallel-worktrees" / "shop" / "one").mkdir(parents=True)
    await client.post("/api/projects", json={"name": "shop", "path": str(directory)})
    return directory
