"""Fixtures: this machine as a host, and a provider whose CLI is the stand-in."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_plugins.claude.provider import ClaudeProvider
from a_parallel_plugins.claude.settings import ClaudeSettings
from a_parallel_plugins.hosts.local import LocalHost
from tests.plugins.claude.driving import log
from tests.plugins.hosts.opened import hosts_on

STAND_IN = Path(__file__).parents[2] / "contract" / "claude-standin"


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[LocalHost]:
    """This machine."""
    data = tmp_path / "data"
    data.mkdir()
    async with hosts_on(data) as service:
        yield service.local


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private home directory, and nothing of a CLI in the environment."""
    directory = tmp_path / "home"
    (directory / "bin").mkdir(parents=True)
    for name in [name for name in os.environ if name.startswith(("CLAUDE", "ANTHROPIC", "FAKE_CLAUDE"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.setenv("PATH", f"{directory / 'bin'}:/usr/bin:/bin")
    return directory


@pytest.fixture
def stand_in(home: Path) -> Path:
    """The stand-in, found on PATH as ``claude``."""
    program = home / "bin" / "claude"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def settings() -> ClaudeSettings:
    """Settings of the provider; tests override this."""
    return ClaudeSettings()


@pytest.fixture
async def provider(host: LocalHost, stand_in: Path, settings: ClaudeSettings) -> AsyncIterator[ClaudeProvider]:
    """The provider."""
    provider = ClaudeProvider(host, settings, log)
    yield provider
    await provider.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the agent works."""
    path = tmp_path / "work"
    path.mkdir()
    (path / "README.md").write_text("# demo\n")
    return path
