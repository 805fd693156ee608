"""A running kernel with the projects plugin on real git."""

from pathlib import Path

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client
from tests.plugins.git.conftest import home

__all__ = ["home"]


@pytest.fixture
async def client(kernel: KernelFactory) -> Client:
    """Calls the server."""
    running = await kernel(installed=("hosts", "git", "projects"))
    running.expect_running("projects")
    return running.client


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Where repositories go."""
    return tmp_path / "work"
