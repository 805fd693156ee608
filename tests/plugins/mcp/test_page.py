"""The page in the pop-up (``http-features.md`` §1.6, §1.7)."""

import html
import json
import re
from urllib.parse import quote

import pytest

from a_parallel_kernel.testkit import Answer
from tests.plugins.mcp.house import House
from tests.plugins.mcp.oauth_server import OAuthMcpServer

NASTY = "</script><script>alert('1')</script>&\u2028\"\\"


async def visit(house: House, query: str) -> Answer:
    anonymous = house.client.acting_as(None)
    return await anonymous.answer("GET", f"/api/mcp/oauth/callback?{query}")


def posted(page: str) -> tuple[object, object]:
    """Return message and target of the page's ``postMessage``."""
    found = re.search(r"postMessage\((\{.*?\}), (\".*?\")\);", page)
    assert found is not None
    return json.loads(found[1]), json.loads(found[2])


@pytest.mark.parametrize("query", ["", "code=a", "state=b", "code=a&state=unknown", "error=access_denied", "x=y"])
async def test_it_is_public_and_always_a_page(house: House, query: str) -> None:
    answer = await visit(house, query)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    message, target = posted(answer.body.decode())
    assert isinstance(message, dict)
    assert message.keys() == {"type", "success", "error"}
    assert (message["type"], message["success"], target) == ("mcp-oauth-callback", False, "*")
    assert message["error"]
    assert "5000" in answer.body.decode()


async def test_it_may_speak_to_the_page_that_opened_it_and_to_nothing_else(house: House) -> None:
    answer = await visit(house, "error=x")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    nonces = set(re.findall(r"'nonce-([^']+)'", policy))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert set(re.findall(r'nonce="([^"]+)"', answer.body.decode())) == nonces
    assert f"'nonce-{nonces.pop()}'" not in (await visit(house, "error=x")).headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["error", "error_description"])
async def test_what_it_is_told_cannot_become_markup_or_script(house: House, name: str) -> None:
    query = f"{name}={quote(NASTY)}" + ("&error=x" if name == "error_description" else "")
    page = (await visit(house, query)).body.decode()
    assert page.count("<script") == page.count("</script>") == 1
    assert "\u2028" not in page.split("<script")[1]
    assert html.escape(NASTY) in page
    message, _ = posted(page)
    assert message == {"type": "mcp-oauth-callback", "success": False, "error": NASTY}


async def test_the_message_goes_to_the_page_that_asked(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    page = await house.visit(await house.start("demo", {"Origin": house.running.url}))
    assert posted(page) == ({"type": "mcp-oauth-callback", "success": True, "error": None}, house.running.url)
    assert "1500" in page


async def test_a_foreign_origin_is_not_believed(house: House, oauth: OAuthMcpServer) -> None:
    await house.add("demo", type="http", url=oauth.url)
    try:
        url = await house.start("demo", {"Origin": "https://evil.invalid"})
    except AssertionError:
        return  # refused before it got here
    assert posted(await house.visit(url))[1] == "*"
