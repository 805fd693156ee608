"""Finding the authorization server, and what must not be believed (RFC 9728, RFC 8414, RFC 7591)."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from a_parallel_contracts import BadRequest
from a_parallel_plugins.mcp.discovery import AuthorizationServer, discover
from a_parallel_plugins.mcp.fetching import SIZE_LIMIT, Fetcher
from a_parallel_plugins.mcp.guard import Guard, is_public
from a_parallel_plugins.mcp.registration import OAuthClient, register
from a_parallel_plugins.mcp.tokens import Tokens, renew

RESOURCE = "/.well-known/oauth-protected-resource"
SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


class Site:
    """Answers GET and POST by path: a status and a JSON body, or headers with a status."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any, dict[str, str]]] = {}
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.authorization: list[str | None] = []

    async def start(self) -> None:
        app = web.Application(client_max_size=1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app)
        await self._server.start_server()
        self.url = str(self._server.make_url("/")).rstrip("/")

    async def stop(self) -> None:
        await self._server.close()

    def on(self, path: str, body: Any = None, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def metadata(self, issuer: str = "", **changes: Any) -> dict[str, Any]:
        base = self.url + issuer
        return {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "registration_endpoint": f"{base}/register",
            "code_challenge_methods_supported": ["S256"],
            **changes,
        }

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.authorization.append(request.headers.get("Authorization"))
        if request.can_read_body:
            form = request.content_type == "application/x-www-form-urlencoded"
            self.bodies.append(dict(await request.post()) if form else await request.json())
        status, body, headers = self.answers.get(request.path, (404, None, {}))
        if isinstance(body, bytes):
            return web.Response(status=status, body=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    running = Site()
    await running.start()
    yield running
    await running.stop()


async def find(site: Site, path: str = "/mcp") -> AuthorizationServer:
    async with Fetcher(await Guard.of(site.url + path), 5) as fetcher:
        return await discover(fetcher)


async def fails(site: Site) -> str:
    with pytest.raises(BadRequest) as caught:
        await find(site)
    return caught.value.message


async def test_the_challenge_names_the_metadata(site: Site) -> None:
    challenge = f'Bearer error="invalid_token", resource_metadata="{site.url}/meta", scope="a b"'
    site.on("/mcp", status=401, WWW_Authenticate=challenge)
    site.on("/meta", {"resource": f"{site.url}/mcp", "authorization_servers": [f"{site.url}/auth"]})
    site.on(f"{SERVER}/auth", site.metadata("/auth", scopes_supported=["a", "b", "c", "offline_access"]))
    found = await find(site)
    assert found.authorization_endpoint == f"{site.url}/auth/authorize"
    assert (found.resource, found.scope) == (f"{site.url}/mcp", "a b offline_access")


@pytest.mark.parametrize("place", [f"{RESOURCE}/mcp", RESOURCE])
async def test_without_a_challenge_the_well_known_places_are_asked(site: Site, place: str) -> None:
    site.on(place, {"resource": site.url, "authorization_servers": [site.url], "scopes_supported": ["x", "y"]})
    site.on(SERVER, site.metadata())
    found = await find(site)
    assert (found.resource, found.scope) == (site.url, "x y")


@pytest.mark.parametrize("place", [f"{SERVER}/auth", f"{OPENID}/auth", f"/auth{OPENID}"])
async def test_the_three_places_of_a_server_with_a_path(site: Site, place: str) -> None:
    site.on(RESOURCE, {"resource": site.url, "authorization_servers": [f"{site.url}/auth"]})
    site.on(place, site.metadata("/auth"))
    assert (await find(site)).issuer == f"{site.url}/auth"


async def test_an_old_server_is_its_own_authorization_server(site: Site) -> None:
    site.on(SERVER, site.metadata(scopes_supported=["all", "of", "them"]))
    found = await find(site)
    assert (found.resource, found.scope) == (f"{site.url}/mcp", "all of them")


async def test_a_redirect_or_two_are_followed_but_not_for_ever(site: Site) -> None:
    site.on(RESOURCE, status=302, Location="/one")
    site.on("/one", status=307, Location="/two")
    site.on("/two", {"resource": site.url, "authorization_servers": [site.url]})
    site.on(SERVER, site.metadata())
    assert (await find(site)).issuer == site.url
    site.on("/two", status=302, Location="/one")
    assert "redirects too often" in await fails(site)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x/", "http://["])
async def test_a_redirect_leads_only_to_the_web(site: Site, target: str) -> None:
    site.on(RESOURCE, status=302, Location=target)
    assert "no http or https address" in await fails(site)


async def test_metadata_about_another_resource_are_not_believed(site: Site) -> None:
    for resource in ("https://example.invalid", "http://[", "urn:x", f"{site.url}/other", f"{site.url}/mc"):
        site.on(RESOURCE, {"resource": resource, "authorization_servers": [site.url]})
        text = await fails(site)
        assert "another resource" in text or "no http or https address" in text


async def test_an_authorization_server_that_is_no_address_is_refused(site: Site) -> None:
    for named in ("http://[", "urn:x", "javascript:alert(1)"):
        site.on(RESOURCE, {"resource": site.url, "authorization_servers": [named]})
        assert "no http or https address" in await fails(site)


async def test_metadata_of_another_issuer_are_not_believed(site: Site) -> None:
    site.on(RESOURCE, {"resource": site.url, "authorization_servers": [site.url]})
    site.on(SERVER, site.metadata(issuer="https://example.invalid"))
    assert "another issuer" in await fails(site)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"registration_endpoint": "ftp://x"},
    ],
)
async def test_metadata_that_are_not_safe_to_use_are_refused(site: Site, changes: dict[str, Any]) -> None:
    site.on(SERVER, site.metadata() | changes)
    assert await fails(site)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff", {"authorization_servers": []}, "x", 3])
async def test_nonsense_is_like_nothing(site: Site, body: Any) -> None:
    for place in (RESOURCE, SERVER):
        site.on(place, body)
    assert "does not say how to sign in" in await fails(site)


async def test_an_answer_without_end_is_cut(site: Site) -> None:
    site.on(SERVER, b"x" * (SIZE_LIMIT + 1))
    assert "too much" in await fails(site)


async def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    async with Fetcher(await Guard.of("http://127.0.0.1:9/mcp"), 5) as fetcher:
        with pytest.raises(BadRequest, match=r"http://127.0.0.1:9 could not be reached"):
            await discover(fetcher)


async def test_clients_introduce_themselves(site: Site) -> None:
    site.on(SERVER, site.metadata(token_endpoint_auth_methods_supported=["client_secret_basic"]))
    issued = {"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_basic"}
    site.on("/register", issued, status=201)
    async with Fetcher(await Guard.of(f"{site.url}/mcp"), 5) as fetcher:
        client = await register(fetcher, await discover(fetcher), "demo", "http://here/callback")
    assert (client.id, client.secret, client.auth_method) == ("c", "s", "client_secret_basic")
    assert site.bodies[0]["redirect_uris"] == ["http://here/callback"]
    assert site.bodies[0]["token_endpoint_auth_method"] == "client_secret_basic"


@pytest.mark.parametrize(
    ("metadata", "answer", "text"),
    [
        ({"registration_endpoint": None}, None, "/mcp in the"),
        ({}, (400, {"error": "invalid_client_metadata", "error_description": "no thanks"}), "no thanks"),
        ({}, (200, {"nothing": True}), "refused"),
        ({}, (302, None), "refused"),
    ],
)
async def test_a_refused_introduction_says_why(
    site: Site, metadata: dict[str, Any], answer: tuple[int, Any] | None, text: str
) -> None:
    site.on(SERVER, site.metadata(**metadata))
    if answer:
        site.on("/register", answer[1], status=answer[0], Location="/elsewhere")
    async with Fetcher(await Guard.of(f"{site.url}/mcp"), 5) as fetcher:
        with pytest.raises(BadRequest, match=text):
            await register(fetcher, await discover(fetcher), "demo", "http://here/callback")
    assert "/elsewhere" not in site.asked


async def renewed(site: Site, client: OAuthClient) -> Tokens:
    async with Fetcher(await Guard.of(f"{site.url}/mcp"), 5) as fetcher:
        return await renew(fetcher, f"{site.url}/token", client, refresh="r", resource="https://res")


async def test_clients_prove_themselves_as_agreed(site: Site) -> None:
    site.on("/token", {"access_token": "a", "token_type": "bearer", "expires_in": "3600"})
    assert (await renewed(site, OAuthClient("c"))).access == "a"
    assert site.bodies[-1] == {
        "grant_type": "refresh_token",
        "refresh_token": "r",
        "resource": "https://res",
        "client_id": "c",
    }
    await renewed(site, OAuthClient("c", "s", "client_secret_post"))
    assert (site.bodies[-1]["client_secret"], site.authorization[-1]) == ("s", None)
    await renewed(site, OAuthClient("c:1", "s s", "client_secret_basic"))
    assert "client_secret" not in site.bodies[-1]
    assert site.authorization[-1] == "Basic " + base64.b64encode(b"c%3A1:s%20s").decode()


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, {"access_token": "a", "token_type": "mac"}, "type mac"),
        (200, {"access_token": "a\r\nX: y"}, "no usable token"),
        (200, {"access_token": ""}, "no usable token"),
        (200, {"access_token": 3}, "no usable token"),
        (200, [], "no usable token"),
        (400, {"error": "invalid_client"}, "invalid_client"),
        (302, None, "status 302"),
        (500, b"oops", "status 500"),
    ],
)
async def test_what_is_no_token_is_not_used(site: Site, status: int, body: Any, text: str) -> None:
    site.on("/token", body, status=status, Location="/elsewhere")
    with pytest.raises(BadRequest, match=text):
        await renewed(site, OAuthClient("c"))
    assert "/elsewhere" not in site.asked


@pytest.mark.parametrize("seconds", ["soon", None, "nan", [], "1e400"])
async def test_a_silly_lifetime_is_none(site: Site, seconds: Any) -> None:
    site.on("/token", {"access_token": "a", "expires_in": seconds})
    tokens = await renewed(site, OAuthClient("c"))
    assert tokens.expires_at is None or tokens.expires_at.startswith("20")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/plain",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/",
        "https://[::ffff:10.0.0.1]/",
        "https://",
        "gopher://example.com",
        "not a url",
    ],
)
def test_a_public_server_cannot_send_us_inside(url: str) -> None:
    guard = Guard(URL("https://8.8.8.8/mcp"), local=False)
    with pytest.raises(BadRequest):
        guard.check(url)


def test_a_public_server_may_name_itself_and_other_public_places() -> None:
    guard = Guard(URL("http://8.8.8.8/mcp"), local=False)
    assert guard.check("http://8.8.8.8/token")
    assert guard.check("https://login.example.com/token")


async def test_a_name_that_turns_out_to_lead_inside_is_not_asked(site: Site) -> None:
    guard = Guard(URL("https://8.8.8.8/mcp"), local=False)
    port = URL(site.url).port
    async with Fetcher(guard, 5) as fetcher:
        with pytest.raises(BadRequest, match="could not be reached"):
            await fetcher.get(f"https://localhost:{port}/")
    assert site.asked == []
