"""MCP servers with the real CLI, and a real MCP server with OAuth (``http-features.md`` §1, ``claude-cli.md`` §15)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.projects import PROJECTS
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_plugins.claude.cli import ClaudeCliService
from a_parallel_plugins.mcp import McpPlugin
from tests.plugins.mcp.house import House, OneProject
from tests.plugins.mcp.oauth_server import OAuthMcpServer, oauth_mcp_server
from tests.real_cli.isolation import IsolatedHost
from tests.support.repository import git, make_repository

pytestmark = pytest.mark.real_cli


@pytest.fixture
async def oauth() -> AsyncIterator[OAuthMcpServer]:
    async with oauth_mcp_server() as server:
        yield server


@pytest.fixture
def cli(host: IsolatedHost, real_cli: Path) -> ClaudeCliService:
    return ClaudeCliService(host, str(real_cli))  # type: ignore[arg-type]


@pytest.fixture
async def house(cli: ClaudeCliService, tmp_path: Path, kernel: KernelFactory, monkeypatch: pytest.MonkeyPatch) -> House:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    project = make_repository((tmp_path / "repository").resolve()).path
    services: Services = {CLAUDE_CLI: cli, PROJECTS: OneProject(project)}
    running = await kernel({"mcp": McpPlugin}, installed=("secrets",), services=services)
    running.expect_running("mcp")
    return House(running, home, project)


async def claude(house: House, cli: ClaudeCliService, *arguments: str) -> str:
    done = await cli.run(["mcp", *arguments], cwd=house.project)
    assert done.ok, done.reason
    return done.text


async def test_what_is_written_is_read_back_by_the_cli(house: House, cli: ClaudeCliService) -> None:
    await house.add("tool", type="stdio", command="/bin/false", args=["-c", "a b"], env={"K": "V"})
    await house.add("web", type="http", url="http://127.0.0.1:9/mcp", headers={"X-A": "b c"}, scope="project")
    await house.add("events", type="sse", url="http://127.0.0.1:9/sse", scope="user")
    shown = {name: await claude(house, cli, "get", name) for name in ("tool", "web", "events")}
    assert "Command: /bin/false" in shown["tool"]
    assert "K=V" in shown["tool"]
    assert "X-A: b c" in shown["web"]
    assert "Scope: User" in shown["events"]
    listed = {server["name"]: server for server in await house.show()}
    assert listed["tool"]["args"] == ["-c", "a b"]
    assert {name: (server["scope"], server.get("status")) for name, server in listed.items()} == {
        "tool": ("local", "error"),
        "web": ("project", None),
        "events": ("user", "error"),
    }


async def test_what_the_cli_has_added_is_listed_and_removed(house: House, cli: ClaudeCliService) -> None:
    await claude(house, cli, "add", "--transport", "stdio", "tool", "--env", "K=V", "--", "/bin/false", "a b")
    await claude(house, cli, "add", "--transport", "http", "web", "http://127.0.0.1:9/mcp", "--scope", "user")
    listed = await house.show(status="false")
    assert [(server["name"], server["scope"]) for server in listed] == [("web", "user"), ("tool", "local")]
    for name in ("tool", "web"):
        await house.client.delete(f"/api/mcp/servers/{name}", params={"projectPath": str(house.project)})
    assert "No MCP servers configured" in await claude(house, cli, "list")


async def test_the_refusals_of_the_cli_are_the_users_to_read(house: House) -> None:
    body = {"name": "workspace", "projectPath": str(house.project), "type": "stdio", "command": "x"}
    status, text = await house.refused("POST", "/api/mcp/servers", json=body)
    assert (status, "reserved" in text) == (400, True)
    query = {"projectPath": str(house.project)}
    status, text = await house.refused("DELETE", "/api/mcp/servers/nope", params=query)
    assert (status, "nope" in text) == (400, True)


async def test_signing_in_connects_the_cli(house: House, cli: ClaudeCliService, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url, headers={"X-A": "b"})
    assert [server["status"] for server in await house.show()] == ["needs_auth"]
    assert '"success": true' in await house.visit(await house.start("demo"))
    assert "Connected" in await claude(house, cli, "list")
    assert [server["status"] for server in await house.show()] == ["ok"]
    assert house.local("demo")["headers"].keys() == {"X-A", "Authorization"}


async def test_a_token_that_has_ended_is_renewed_and_the_cli_connects_again(
    house: House, cli: ClaudeCliService, oauth: OAuthMcpServer
) -> None:
    await house.add("demo", type="http", url=oauth.url)
    await house.visit(await house.start("demo"))
    oauth.expire()
    assert "Connected" not in await claude(house, cli, "list")
    assert [server["status"] for server in await house.show()] == ["ok"]
    assert "Connected" in await claude(house, cli, "list")


async def test_a_worktree_shares_the_servers_of_its_repository(house: House, cli: ClaudeCliService) -> None:
    await house.add("tool", type="stdio", command="/bin/false")
    tree = house.project.parent / "tree"
    link = house.project.parent / "link"
    done = await cli.run(["mcp", "get", "tool"], cwd=house.project)
    assert done.ok
    git(house.project, "worktree", "add", "--quiet", str(tree))
    link.symlink_to(house.project)
    for place in (tree, link):
        assert (await cli.run(["mcp", "get", "tool"], cwd=place)).ok
        servers = await house.client.get("/api/mcp/servers", params={"projectPath": str(place), "status": "false"})
        assert [server["name"] for server in servers["servers"]] == ["tool"]
