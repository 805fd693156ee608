"""Fixtures of the end-to-end tests."""

from pathlib import Path

import pytest

from a_parallel_kernel.discovery import find_candidates
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel
from tests.support.fixtures import server, server_factory

__all__ = ["everything", "server", "server_factory"]

BUNDLED = tuple(candidate.id for candidate in find_candidates() if candidate.distribution == "a-parallel")


@pytest.fixture
async def everything(kernel: KernelFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunningKernel:
    """A kernel in this process with every bundled plugin, and the scripted agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    started = await kernel(installed=BUNDLED, settings={"plugins.agents.provider": "scripted"})
    for id in BUNDLED:
        started.expect_running(id)
    token = (tmp_path / "data-0" / "auth-token").read_text(encoding="utf-8").strip()
    started.client = Client(started, token)
    return started
