"""Renewing tokens, and exchanging an entry of the CLI's without losing it (``http-features.md`` §1.7)."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Transaction
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.secrets import SECRETS
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_plugins.mcp import McpPlugin
from tests.plugins.mcp.fake_cli import FakeCli, change
from tests.plugins.mcp.house import House, OneProject
from tests.plugins.mcp.oauth_server import OAuthMcpServer
from tests.plugins.mcp.test_sign_in import bearer, sign_in

NEEDS_AUTH = (
    "demo: {url} (HTTP) - ✘ Failed to connect — Server rejected the configured Authorization header (HTTP 401)."
)


def plugin(house: House) -> McpPlugin:
    """The running plugin."""
    found: Any = house.running.kernel.supervisor.records["mcp"].plugin
    assert isinstance(found, McpPlugin)
    return found


async def publish(house: House, event: UserDeleted) -> None:
    await house.running.kernel.db.write(lambda tx: tx.emit(event))


async def change_row(house: House, sql: str) -> None:
    def unit(tx: Transaction) -> None:
        tx.execute(f"UPDATE mcp_oauth_tokens SET {sql}")

    await house.running.kernel.db.write(unit)


async def test_a_token_is_renewed_before_it_ends(house: House, oauth: OAuthMcpServer) -> None:
    oauth.provider.lifetime = 200
    await sign_in(house, oauth)
    before = bearer(house)
    oauth.provider.lifetime = 3600
    await plugin(house).service.renew_due()
    assert bearer(house) != before
    assert oauth.provider.access[bearer(house)].resource == oauth.url
    (row,) = await house.rows()
    secrets = house.running.service(SECRETS)
    assert secrets.decrypt(row["access_token"]) == bearer(house)
    assert secrets.decrypt(row["refresh_token"]) in oauth.provider.refresh
    await plugin(house).service.renew_due()
    assert len(oauth.provider.refreshes) == 1


async def test_a_fresh_token_is_left_alone(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    await plugin(house).service.renew_due()
    assert oauth.provider.refreshes == []


async def test_a_token_that_a_server_refuses_is_renewed_when_servers_are_listed(
    house: House, cli: FakeCli, oauth: OAuthMcpServer
) -> None:
    await sign_in(house, oauth)
    oauth.expire()
    cli.listing = NEEDS_AUTH.format(url=oauth.url)
    assert [server["status"] for server in await house.show()] == ["ok"]
    assert bearer(house) in oauth.provider.access
    cli.listing = f"demo: {oauth.url} (HTTP) - ✔ Connected"
    assert [server["status"] for server in await house.show()] == ["ok"]
    assert len(oauth.provider.refreshes) == 1


async def test_pages_that_find_it_refused_at_once_renew_it_once(
    house: House, cli: FakeCli, oauth: OAuthMcpServer
) -> None:
    await sign_in(house, oauth)
    oauth.expire()
    cli.listing = NEEDS_AUTH.format(url=oauth.url)
    listed = await asyncio.gather(*(house.show() for _ in range(4)))
    assert [server["status"] for servers in listed for server in servers] == ["ok"] * 4
    assert len(oauth.provider.refreshes) == 1


async def test_a_server_that_is_down_costs_no_token(house: House, cli: FakeCli, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    cli.listing = f"demo: {oauth.url} (HTTP) - ✘ Failed to connect"
    assert [server["status"] for server in await house.show()] == ["error"]
    assert oauth.provider.refreshes == []


async def test_a_refresh_token_that_is_void_is_forgotten(
    house: House, cli: FakeCli, oauth: OAuthMcpServer, caplog: pytest.LogCaptureFixture
) -> None:
    oauth.provider.lifetime = 1
    await sign_in(house, oauth)
    oauth.expire()
    oauth.provider.refresh.clear()
    await plugin(house).service.renew_due()
    (row,) = await house.rows()
    assert row["refresh_token"] is None
    cli.listing = NEEDS_AUTH.format(url=oauth.url)
    assert [server["status"] for server in await house.show()] == ["needs_auth"]
    assert "was not renewed" in caplog.text
    assert bearer(house) not in caplog.text


async def test_a_token_endpoint_that_is_down_is_not_asked_again_at_once(
    house: House, oauth: OAuthMcpServer, caplog: pytest.LogCaptureFixture
) -> None:
    oauth.provider.lifetime = 1
    await sign_in(house, oauth)
    await change_row(house, "token_endpoint = 'http://127.0.0.1:9/token'")
    for _ in range(3):
        await plugin(house).service.renew_due()
    assert caplog.text.count("was not renewed") == 1
    (row,) = await house.rows()
    assert row["refresh_token"] is not None


async def test_a_server_that_was_removed_or_moved_gets_no_token(house: House, oauth: OAuthMcpServer) -> None:
    oauth.provider.lifetime = 1
    await sign_in(house, oauth)
    elsewhere = {"type": "http", "url": "https://elsewhere.invalid/mcp"}
    change(house.project, "local", lambda held: held.update(demo=elsewhere))
    await plugin(house).service.renew_due()
    assert house.local("demo") == elsewhere
    change(house.project, "local", lambda held: held.pop("demo"))
    await plugin(house).service.renew_due()
    assert oauth.provider.refreshes == []


async def test_a_header_that_the_user_has_changed_is_left_alone(house: House, oauth: OAuthMcpServer) -> None:
    oauth.provider.lifetime = 1
    await sign_in(house, oauth)
    own = {"type": "http", "url": oauth.url, "headers": {"Authorization": "Bearer mine"}}
    change(house.project, "local", lambda held: held.update(demo=own))
    await plugin(house).service.renew_due()
    assert house.local("demo") == own


async def test_a_server_of_all_projects_is_renewed_from_each_of_them(
    house: House, cli: FakeCli, oauth: OAuthMcpServer, tmp_path: Path
) -> None:
    await house.add("demo", type="http", url=oauth.url, scope="user")
    await house.visit(await house.start("demo"))
    oauth.expire()
    cli.listing = NEEDS_AUTH.format(url=oauth.url)
    params = {"projectPath": str(tmp_path)}
    (server,) = (await house.client.get("/api/mcp/servers", params=params))["servers"]
    assert server["status"] == "ok"


async def test_the_tokens_of_a_deleted_user_go_too(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    body = {"serverName": "demo", "projectPath": str(house.project)}
    await house.visit((await house.client.acting_as("u1").post("/api/mcp/oauth/start", json=body))["authUrl"])
    for user, left in (("u2", 1), ("u1", 0)):
        await publish(house, UserDeleted(user_id=user))
        await house.running.settled()
        assert len(await house.rows()) == left


async def test_rows_of_the_reference_server_are_renewed_too(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    await change_row(house, "expires_at = '2026-01-01T00:00:00.000Z'")
    await house.running.kernel.db.write(lambda tx: tx.execute("DELETE FROM mcp_token_details"))
    await plugin(house).service.renew_due()
    assert bearer(house) in oauth.provider.access
    assert len(oauth.provider.refreshes) == 1


async def test_rows_that_cannot_be_decrypted_count_as_absent(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    await change_row(house, "access_token = 'aa:bb:cc', expires_at = '2026-01-01T00:00:00.000Z'")
    await plugin(house).service.renew_due()
    assert oauth.provider.refreshes == []


async def restarted(house: House, cli: FakeCli, kernel: KernelFactory) -> House:
    """Start again on the same data."""
    await house.running.stop()
    services: Services = {CLAUDE_CLI: cli, PROJECTS: OneProject(house.project)}
    data = house.home.parent / "data-0"
    running = await kernel({"mcp": McpPlugin}, installed=("secrets",), services=services, data_directory=data)
    return replace(house, running=running)


async def test_what_a_killed_server_took_out_is_put_back(
    house: House, cli: FakeCli, kernel: KernelFactory, oauth: OAuthMcpServer
) -> None:
    definition = {"type": "http", "url": oauth.url, "headers": {"X-A": "b"}}
    secret = house.running.service(SECRETS).encrypt(json.dumps(definition))
    row = ("r1", str(house.project), "local", "demo", secret, "2026-01-01T00:00:00.000Z")
    sql = "INSERT INTO mcp_rewrites (id, directory, scope, name, definition, created_at) VALUES (?, ?, ?, ?, ?, ?)"
    await house.running.kernel.db.write(lambda tx: tx.execute(sql, row))
    again = await restarted(house, cli, kernel)
    await until_restored(again)
    assert again.local("demo") == definition


async def test_what_is_there_again_is_not_overwritten(house: House, cli: FakeCli, kernel: KernelFactory) -> None:
    await house.add("demo", type="http", url="https://example.invalid/new")
    secret = house.running.service(SECRETS).encrypt('{"type": "http", "url": "https://example.invalid/old"}')
    row = ("r1", str(house.project), "local", "demo", secret, "2026-01-01T00:00:00.000Z")
    sql = "INSERT INTO mcp_rewrites (id, directory, scope, name, definition, created_at) VALUES (?, ?, ?, ?, ?, ?)"
    await house.running.kernel.db.write(lambda tx: tx.execute(sql, row))
    again = await restarted(house, cli, kernel)
    await until_restored(again)
    assert again.local("demo")["url"] == "https://example.invalid/new"


async def until_restored(house: House) -> None:
    async with asyncio.timeout(20):
        while await house.rows("SELECT * FROM mcp_rewrites"):  # noqa: ASYNC110 - a row cannot be awaited
            await asyncio.sleep(0.01)


async def test_a_key_change_reaches_what_is_set_aside(house: House) -> None:
    protected = await house.rows("SELECT table_name FROM secrets_columns WHERE column_name = 'definition'")
    assert [row["table_name"] for row in protected] == ["mcp_rewrites"]


async def test_a_page_that_goes_away_does_not_leave_a_server_half_changed(
    house: House, cli: FakeCli, project: Path
) -> None:
    await house.add("demo", type="http", url="https://example.invalid/mcp")
    began, go = asyncio.Event(), asyncio.Event()
    inner = cli.run

    async def held(arguments: Any, **options: Any) -> Any:
        done = await inner(arguments, **options)
        if arguments[1] == "remove":
            began.set()
            await go.wait()
        return done

    cli.run = held  # type: ignore[method-assign]
    body = {"serverName": "demo", "projectPath": str(project), "token": "abc"}
    asking = asyncio.ensure_future(house.client.post("/api/mcp/oauth/token", json=body))
    await began.wait()
    asking.cancel()
    go.set()
    await until_restored(house)
    assert bearer(house) == "abc"
