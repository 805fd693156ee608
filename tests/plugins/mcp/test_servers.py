"""MCP servers over HTTP (``http-features.md`` §1.2 to §1.5)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.mcp.fake_cli import FakeCli, change
from tests.plugins.mcp.house import House

STDIO = {"type": "stdio", "command": "python3", "args": ["-c", "a b"], "env": {"K": "V"}}


async def test_what_was_added_is_listed_with_its_exact_arguments(house: House, cli: FakeCli) -> None:
    await house.add("tool", **STDIO)
    await house.add("web", type="http", url="https://example.invalid/mcp", headers={"X-A": "b"})
    assert await house.show() == [
        {"name": "tool", "type": "stdio", "command": "python3", "args": ["-c", "a b"], "scope": "local"},
        {"name": "web", "type": "http", "url": "https://example.invalid/mcp", "scope": "local"},
    ]
    assert house.local("tool") == STDIO
    assert house.local("web")["headers"] == {"X-A": "b"}


async def test_no_secret_is_an_argument(house: House, cli: FakeCli, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await house.add("web", type="http", url="https://example.invalid/mcp", headers={"Authorization": "Bearer s3cret"})
    await house.add("tool", **{**STDIO, "env": {"KEY": "s3cret"}})
    assert house.local("web")["headers"] == {"Authorization": "Bearer s3cret"}
    assert "s3cret" not in str(cli.calls) + caplog.text + json.dumps(await house.show())


async def test_a_refused_definition_does_not_become_an_argument(house: House, cli: FakeCli) -> None:
    cli.refuse = lambda call: "Invalid configuration: env.KEY" if call[0] == "add-json" else None
    body = {"name": "tool", "projectPath": str(house.project), **STDIO, "env": {"KEY": "s3cret"}}
    assert (await house.refused("POST", "/api/mcp/servers", json=body))[0] == 400
    assert "s3cret" not in str(cli.calls)


async def test_an_older_cli_gets_the_definition_as_an_argument(house: House, cli: FakeCli) -> None:
    cli.knows_dash = False
    await house.add("tool", **STDIO)
    assert house.local("tool") == STDIO


async def test_states_come_from_the_cli(house: House, cli: FakeCli) -> None:
    for name in ("ok", "new", "down", "auth", "waits", "silent"):
        await house.add(name, type="http", url=f"https://example.invalid/{name}")
    cli.listing = "\n".join(
        [
            "Checking MCP server health…",
            "",
            "ok: https://example.invalid/ok (HTTP) - ✔ Connected",
            "new: https://example.invalid/new (HTTP) - ! Connected · tools changed",
            "down: https://example.invalid/down (HTTP) - ✘ Failed to connect — ECONNREFUSED: Unable - to connect.",
            "auth: https://example.invalid/auth (HTTP) - ! Needs authentication",
            "waits: https://example.invalid/waits (HTTP) - ⏸ Pending approval (run `claude` to approve)",
            "plugin:x:y: npx -y thing - ✔ Connected",
            "refused: https://example.invalid (HTTP) - ✘ Failed to connect — Server rejected the configured"
            " Authorization header (HTTP 401).",
        ]
    )
    listed = {server["name"]: server for server in await house.show()}
    assert {name: server.get("status") for name, server in listed.items()} == {
        "ok": "ok",
        "new": "ok",
        "down": "error",
        "auth": "needs_auth",
        "waits": None,
        "silent": None,
        "plugin:x:y": "ok",
        "refused": "needs_auth",
    }
    assert listed["plugin:x:y"] == {
        "name": "plugin:x:y",
        "type": "stdio",
        "command": "npx",
        "args": ["-y", "thing"],
        "status": "ok",
    }


async def test_a_slow_cli_costs_the_states_only(house: House, cli: FakeCli) -> None:
    await house.add("tool", **STDIO)
    cli.listing = None
    assert [server["name"] for server in await house.show()] == ["tool"]


async def test_nobody_is_asked_when_states_are_not_wanted(house: House, cli: FakeCli) -> None:
    assert await house.show(status="false") == []
    assert cli.calls == []


async def test_pages_that_ask_at_once_share_one_answer(house: House, cli: FakeCli) -> None:
    await asyncio.gather(*(house.show() for _ in range(5)))
    assert cli.calls.count(("list",)) < 5


async def test_local_wins_over_project_over_user(house: House) -> None:
    for scope in ("user", "project", "local"):
        await house.add("same", type="http", url=f"https://example.invalid/{scope}", scope=scope)
        assert [server["scope"] for server in await house.show()] == [scope]


async def test_files_that_cannot_be_read_are_empty(house: House) -> None:
    (house.home / ".claude.json").write_text("{broken")
    (house.project / ".mcp.json").write_text('{"mcpServers": {"a": 3, "b": {"url": 4}}}')
    assert [server["name"] for server in await house.show()] == ["b"]


@pytest.mark.parametrize("path", ["/nowhere/at/all", "relative", "/\0", "/etc/passwd"])
async def test_what_is_no_directory_has_no_servers(house: House, path: str) -> None:
    assert await house.client.get("/api/mcp/servers", params={"projectPath": path}) == {"servers": []}


async def test_the_path_is_required(house: House) -> None:
    expected = (400, "projectPath query parameter required")
    assert await house.refused("GET", "/api/mcp/servers") == expected
    assert await house.refused("DELETE", "/api/mcp/servers/x") == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "-x", **STDIO},
        {"name": "a b", **STDIO},
        {"name": "", **STDIO},
        {"name": "a", "type": "stdio"},
        {"name": "a", "type": "stdio", "command": ""},
        {"name": "a", "type": "http"},
        {"name": "a", "type": "http", "url": "file:///etc/passwd"},
        {"name": "a", "type": "sse", "url": "javascript:alert(1)"},
        {"name": "a", "type": "http", "url": "http:///nohost"},
        {"name": "a", "type": "ws", "url": "https://example.invalid"},
        {"name": "a", **STDIO, "env": {"A=B": "c"}},
        {"name": "a", **STDIO, "env": {"A": 1}},
        {"name": "a", "type": "http", "url": "https://example.invalid", "headers": {"A": "b\r\nC: d"}},
        {"name": "a", "type": "http", "url": "https://example.invalid", "headers": {"A b": "c"}},
        {"name": "a", **STDIO, "scope": "everywhere"},
    ],
)
async def test_what_makes_no_sense_never_reaches_the_cli(house: House, cli: FakeCli, fields: Any) -> None:
    body = {"projectPath": str(house.project), **fields}
    status, _ = await house.refused("POST", "/api/mcp/servers", json=body)
    assert (status, cli.calls) == (400, [])


async def test_the_refusal_of_the_cli_is_passed_on(house: House) -> None:
    await house.add("tool", **STDIO)
    body = {"name": "tool", "projectPath": str(house.project), **STDIO}
    expected = (400, "MCP server tool already exists in local config")
    assert await house.refused("POST", "/api/mcp/servers", json=body) == expected


async def test_a_server_is_removed_from_where_it_is(house: House) -> None:
    for scope in ("user", "project", "local"):
        await house.add(f"in-{scope}", **STDIO, scope=scope)
        await house.client.delete(f"/api/mcp/servers/in-{scope}", params={"projectPath": str(house.project)})
    assert await house.show() == []


async def test_a_server_in_several_scopes_needs_one_named(house: House) -> None:
    await house.add("same", **STDIO, scope="user")
    await house.add("same", **STDIO, scope="local")
    query = {"projectPath": str(house.project)}
    assert (await house.refused("DELETE", "/api/mcp/servers/same", params=query))[0] == 400
    await house.client.delete("/api/mcp/servers/same", params={**query, "scope": "local"})
    assert [server["scope"] for server in await house.show()] == ["user"]


@pytest.mark.parametrize("name", ["nope", "--help", "%2D-scope"])
async def test_an_unknown_server_cannot_be_removed(house: House, name: str) -> None:
    query = {"projectPath": str(house.project)}
    assert (await house.refused("DELETE", f"/api/mcp/servers/{name}", params=query))[0] == 400


async def test_without_the_cli_the_routes_say_how_to_get_it(house: House, cli: FakeCli) -> None:
    cli.missing = True
    query = {"projectPath": str(house.project)}
    assert await house.refused("GET", "/api/mcp/servers", params=query) == (424, "Claude CLI not installed")
    assert (await house.client.get("/api/mcp/recommended"))["servers"]


async def test_the_recommended_servers_are_those_of_the_contract(house: House) -> None:
    servers = {server["name"]: server for server in (await house.client.get("/api/mcp/recommended"))["servers"]}
    assert list(servers) == [
        "github",
        "filesystem",
        "fetch",
        "memory",
        "postgres",
        "sequential-thinking",
        "playwright",
        "sentry",
        "slack",
        "brave-search",
    ]
    assert servers["sentry"].keys() == {"name", "description", "type", "url"}
    assert servers["playwright"]["args"] == ["-y", "@playwright/mcp@latest"]


async def test_users_see_their_own_project_alone_and_nothing_that_is_shared(house: House, tmp_path: Path) -> None:
    await house.add("shared", **STDIO, scope="user")
    await house.add("own", **STDIO)
    owner, stranger = house.client.acting_as("u1"), house.client.acting_as("u2")
    query = {"projectPath": str(house.project)}
    assert [server["name"] for server in (await owner.get("/api/mcp/servers", params=query))["servers"]] == ["own"]
    assert await stranger.get("/api/mcp/servers", params=query) == {"servers": []}
    for client, changes, status in (
        (owner, {"scope": "user"}, 403),
        (owner, {"projectPath": str(tmp_path)}, 400),
        (stranger, {}, 400),
    ):
        body = {"name": "x", "projectPath": str(house.project), **STDIO, **changes}
        answer = await client.answer("POST", "/api/mcp/servers", json=body)
        assert answer.status == status
    answer = await owner.answer("DELETE", "/api/mcp/servers/shared", params=query)
    assert answer.status == 400
    assert "shared" in house.settings["mcpServers"]


async def test_a_project_reached_through_a_link_is_the_same_project(house: House, tmp_path: Path) -> None:
    await house.add("own", **STDIO)
    (tmp_path / "link").symlink_to(house.project)
    query = {"projectPath": str(tmp_path / "link")}
    servers = (await house.client.acting_as("u1").get("/api/mcp/servers", params=query))["servers"]
    assert [server["name"] for server in servers] == ["own"]


async def test_other_protocols_are_listed_too(house: House) -> None:
    change(house.project, "local", lambda held: held.update({"w": {"type": "ws", "url": "ws://127.0.0.1:9"}}))
    assert await house.show() == [{"name": "w", "type": "http", "url": "ws://127.0.0.1:9", "scope": "local"}]
