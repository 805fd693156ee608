"""Signing in at a real MCP server with OAuth on loopback (``http-features.md`` §1.6)."""

import base64
import hashlib
from typing import Any

import pytest
from yarl import URL

from a_parallel_contracts.secrets import SECRETS
from tests.plugins.mcp.fake_cli import FakeCli, servers
from tests.plugins.mcp.house import House
from tests.plugins.mcp.oauth_server import OAuthMcpServer

SUCCESS = '{"type": "mcp-oauth-callback", "success": true, "error": null}'


def bearer(house: House, name: str = "demo") -> str:
    """The token that the CLI sends."""
    header: str = house.local(name)["headers"]["Authorization"]
    assert header.startswith("Bearer ")
    return header.removeprefix("Bearer ")


async def sign_in(house: House, oauth: OAuthMcpServer, **fields: Any) -> str:
    await house.add("demo", type="http", url=oauth.url, **fields)
    return await house.visit(await house.start("demo"))


async def test_signing_in_gives_the_cli_a_token_that_the_server_takes(house: House, oauth: OAuthMcpServer) -> None:
    page = await sign_in(house, oauth)
    assert SUCCESS in page
    token = oauth.provider.access[bearer(house)]
    assert (token.resource, token.scopes) == (oauth.url, ["demo"])


async def test_the_browser_is_sent_with_pkce_state_and_resource(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    url = URL(await house.start("demo"))
    assert f"{url.origin()}{url.path}" == f"{oauth.origin}/authorize"
    query = url.query
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len(base64.urlsafe_b64decode(query["code_challenge"] + "=")) == hashlib.sha256().digest_size
    assert len(bytes.fromhex(query["state"])) == 16
    assert query["resource"] == oauth.url
    assert query["scope"] == "demo"
    assert query["redirect_uri"] == f"{house.running.url}/api/mcp/oauth/callback"
    client = oauth.provider.registrations[query["client_id"]]
    assert client.client_name == "a-parallel (demo)"


async def test_tokens_are_encrypted_at_rest(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    (row,) = await house.rows()
    secrets = house.running.service(SECRETS)
    assert secrets.decrypt(row["access_token"]) == bearer(house)
    assert secrets.decrypt(row["refresh_token"]) in oauth.provider.refresh
    assert (row["server_name"], row["project_path"]) == ("demo", str(house.project))
    assert (row["server_url"], row["token_endpoint"]) == (oauth.url, f"{oauth.origin}/token")
    assert row["token_type"] == "Bearer"
    assert row["expires_at"] > row["created_at"]
    assert len(bytes.fromhex(row["id"])) == 8
    (details,) = await house.rows("SELECT * FROM mcp_token_details")
    assert (details["token_id"], details["user_id"]) == (row["id"], "__local__")
    files = list((house.home.parent / "data-0").glob("data.db*"))
    assert any(b"mcp_oauth_tokens" in file.read_bytes() for file in files)
    assert not any(bearer(house).encode() in file.read_bytes() for file in files)


async def test_signing_in_again_replaces_the_token(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    before = bearer(house)
    await house.visit(await house.start("demo"))
    assert bearer(house) != before
    assert len(await house.rows()) == 1


async def test_everything_else_about_the_server_stays(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="sse", url=oauth.url, headers={"X-A": "b", "authorization": "old"}, scope="user")
    await house.visit(await house.start("demo"))
    definition = servers(house.project, "user")["demo"]
    assert (definition["type"], definition["url"]) == ("sse", oauth.url)
    assert definition["headers"].keys() == {"X-A", "Authorization"}


async def test_a_token_never_goes_into_the_repository(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth, scope="project")
    assert "Bearer" not in (house.project / ".mcp.json").read_text()
    assert bearer(house) in oauth.provider.access
    assert [server["scope"] for server in await house.show()] == ["local"]
    await house.client.delete("/api/mcp/servers/demo", params={"projectPath": str(house.project)})
    assert [server["scope"] for server in await house.show()] == ["project"]


async def test_a_state_is_good_once(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    url = await house.start("demo")
    async with house.running.session.get(url, allow_redirects=False) as response:
        callback = response.headers["Location"]
    assert SUCCESS in await house.visit(callback)
    token = bearer(house)
    assert "not known any more" in await house.visit(callback)
    assert bearer(house) == token


async def test_an_error_uses_the_state_up_too(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    state = URL(await house.start("demo")).query["state"]
    callback = f"{house.running.url}/api/mcp/oauth/callback?state={state}"
    assert "access_denied" in await house.visit(f"{callback}&error=access_denied")
    assert "not known any more" in await house.visit(f"{callback}&code=x")


async def test_a_code_that_is_not_accepted_changes_nothing(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    state = URL(await house.start("demo")).query["state"]
    page = await house.visit(f"{house.running.url}/api/mcp/oauth/callback?state={state}&code=guessed")
    assert '"success": false' in page
    assert await house.rows() == []
    assert "headers" not in house.local("demo")


async def test_an_answer_of_another_issuer_is_refused(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    async with house.running.session.get(await house.start("demo"), allow_redirects=False) as response:
        callback = URL(response.headers["Location"]).update_query(iss="https://evil.invalid")
    assert "does not come from" in await house.visit(str(callback))
    assert await house.rows() == []


@pytest.mark.parametrize("broken", ["remove", "add-json"])
async def test_a_cli_that_fails_leaves_the_server_as_it_was(
    house: House, cli: FakeCli, oauth: OAuthMcpServer, broken: str
) -> None:
    headers = {"X-A": "b"}
    await house.add("demo", type="http", url=oauth.url, headers=headers)
    failing = iter([True])
    cli.refuse = lambda call: "disk full" if call[0] == broken and next(failing, False) else None
    page = await house.visit(await house.start("demo"))
    assert "disk full" in page
    assert house.local("demo") == {"type": "http", "url": oauth.url, "headers": headers}
    assert await house.rows("SELECT * FROM mcp_rewrites") == []


async def test_a_token_of_ones_own_replaces_what_was_signed_in_for(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    body = {"serverName": "demo", "projectPath": str(house.project), "token": " Bearer my.own-token "}
    await house.client.post("/api/mcp/oauth/token", json=body)
    assert bearer(house) == "my.own-token"
    assert await house.rows() == []


@pytest.mark.parametrize("token", ["", " ", "two words", "a\r\nX: y", "tök"])
async def test_what_is_no_token_is_refused(house: House, oauth: OAuthMcpServer, token: str) -> None:
    await house.add("demo", type="http", url=oauth.url)
    body = {"serverName": "demo", "projectPath": str(house.project), "token": token}
    assert (await house.refused("POST", "/api/mcp/oauth/token", json=body))[0] == 400


async def test_removing_a_server_forgets_its_tokens(house: House, oauth: OAuthMcpServer) -> None:
    await sign_in(house, oauth)
    await house.client.delete("/api/mcp/servers/demo", params={"projectPath": str(house.project)})
    assert await house.rows() == await house.rows("SELECT * FROM mcp_token_details") == []


async def test_only_servers_with_an_address_can_be_signed_in_at(house: House) -> None:
    await house.add("tool", type="stdio", command="python3")
    for name, text in (
        ("tool", 'Server "tool" has no URL (only HTTP servers support OAuth)'),
        ("nope", 'Server "nope" not found'),
    ):
        for path, more in (("start", {}), ("token", {"token": "x"})):
            body = {"serverName": name, "projectPath": str(house.project), **more}
            assert await house.refused("POST", f"/api/mcp/oauth/{path}", json=body) == (400, text)


async def test_users_cannot_sign_in_for_the_projects_of_others(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    body = {"serverName": "demo", "projectPath": str(house.project), "token": "x"}
    for path in ("start", "token"):
        answer = await house.client.acting_as("u2").answer("POST", f"/api/mcp/oauth/{path}", json=body)
        assert answer.status == 400
    assert (await house.client.acting_as("u1").answer("POST", "/api/mcp/oauth/start", json=body)).status == 200
