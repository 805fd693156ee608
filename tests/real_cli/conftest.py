"""Fixtures: the real CLI as a provider's CLI, cut off from everything but a stand-in of the Messages API.

``real_cli`` skips a test, with the reason, where the binary is missing. Each test has a home directory of its own;
the CLI starts from an empty environment (``claude-cli.md`` §19), and `IsolatedHost` refuses to start it otherwise.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from a_parallel_contracts.hosts import Host
from a_parallel_plugins.claude.provider import ClaudeProvider
from a_parallel_plugins.claude.settings import ClaudeSettings
from tests.e2e.real_cli import require_real_cli
from tests.plugins.claude.driving import log
from tests.plugins.hosts.opened import hosts_on
from tests.real_cli.isolation import IsolatedHost, isolated_environment
from tests.real_cli.messages_api import MessagesApi


@pytest.fixture
def real_cli() -> Path:
    """The binary."""
    return require_real_cli()


@pytest.fixture
async def api() -> AsyncIterator[MessagesApi]:
    """The stand-in of the Messages API."""
    async with MessagesApi() as running:
        yield running


@pytest.fixture
async def host(tmp_path: Path, api: MessagesApi) -> AsyncIterator[IsolatedHost]:
    """This machine, with nothing of the server's environment."""
    data = tmp_path / "data"
    data.mkdir()
    async with hosts_on(data) as service:
        yield IsolatedHost(service.local, tmp_path, isolated_environment(tmp_path / "home", api.url))


@pytest.fixture
async def provider(host: IsolatedHost, real_cli: Path) -> AsyncIterator[ClaudeProvider]:
    """The provider."""
    provider = ClaudeProvider(cast(Host, host), ClaudeSettings(binary=str(real_cli)), log)
    yield provider
    await provider.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the agent works."""
    path = tmp_path / "work"
    path.mkdir()
    return path
