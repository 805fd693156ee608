"""Fixtures: a kernel with the plugin and a stand-in of ``claude mcp``; a real MCP server with OAuth."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.projects import PROJECTS
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_plugins.mcp import McpPlugin
from tests.plugins.mcp.fake_cli import FakeCli
from tests.plugins.mcp.house import House, OneProject
from tests.plugins.mcp.oauth_server import OAuthMcpServer, oauth_mcp_server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = (tmp_path / "project").resolve()
    directory.mkdir()
    return directory


@pytest.fixture
def cli() -> FakeCli:
    return FakeCli()


@pytest.fixture
async def house(home: Path, project: Path, cli: FakeCli, kernel: KernelFactory) -> House:
    services: Services = {CLAUDE_CLI: cli, PROJECTS: OneProject(project)}
    running = await kernel({"mcp": McpPlugin}, installed=("secrets",), services=services)
    running.expect_running("mcp")
    return House(running, home, project)


@pytest.fixture
async def oauth() -> AsyncIterator[OAuthMcpServer]:
    async with oauth_mcp_server() as server:
        yield server
