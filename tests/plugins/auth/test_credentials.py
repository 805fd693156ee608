"""What proves to local mode that the one who asks is the user."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_contracts import LOCAL_ACTOR, Credentials
from a_parallel_plugins.auth.headers import bearer
from a_parallel_plugins.auth.local import COOKIE, LocalMode

TOKEN = "0123456789abcdef" * 4
OPEN = "/api/browse/open-directory"


def credentials(
    *,
    method: str = "GET",
    path: str = "/api/projects",
    headers: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    **facts: Any,
) -> Credentials:
    known = {"peer": "127.0.0.1", "secure": False, "websocket": False, "same_origin": True, "origin_present": False}
    return Credentials(method, path, headers or {}, cookies or {}, query or {}, **{**known, **facts})


async def test_the_token_in_the_header_is_accepted() -> None:
    given = credentials(headers={"authorization": f"Bearer {TOKEN}"})
    assert await LocalMode(TOKEN).authenticate(given) == LOCAL_ACTOR


@pytest.mark.parametrize(
    "header",
    [
        "",
        TOKEN,
        f"bearer {TOKEN}",
        f"BEARER {TOKEN}",
        f"Bearer  {TOKEN}",
        f"Bearer {TOKEN} ",
        f"Bearer {TOKEN} x",
        f" Bearer {TOKEN}",
        f"Bearer\t{TOKEN}",
        f"Basic {TOKEN}",
        "Bearer ",
        "Bearer",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        "Bearer é" + TOKEN[1:],
        "Bearer \udce9" + TOKEN[1:],
        f"Bearer {chr(0xD800)}{TOKEN[1:]}",
    ],
)
async def test_everything_else_in_the_header_is_refused(header: str) -> None:
    assert await LocalMode(TOKEN).authenticate(credentials(headers={"authorization": header})) is None


async def test_nothing_is_refused() -> None:
    assert await LocalMode(TOKEN).authenticate(credentials()) is None


@given(st.text())
def test_only_two_words_with_one_space_between_them_are_a_bearer_header(header: str) -> None:
    token = bearer(header)
    assert token is None or header == f"Bearer {token}"
    assert token is None or " " not in token


async def test_the_token_in_the_address_counts_for_the_websocket_alone() -> None:
    mode = LocalMode(TOKEN)
    assert await mode.authenticate(credentials(path="/ws", query={"token": TOKEN}, websocket=True)) == LOCAL_ACTOR
    assert await mode.authenticate(credentials(path="/ws", query={"token": "x"}, websocket=True)) is None
    assert await mode.authenticate(credentials(path="/ws", websocket=True)) is None
    header = {"authorization": f"Bearer {TOKEN}"}
    assert await mode.authenticate(credentials(path="/ws", headers=header, websocket=True)) is None
    assert await mode.authenticate(credentials(query={"token": TOKEN})) is None


async def cookie_value() -> str:
    route = next(iter(LocalMode(TOKEN).routes(share=False)))
    answer = await route.handler(FakeRequest())
    return str(answer.cookies[0].partition(";")[0].partition("=")[2])


class FakeRequest:
    origin_allowed, origin_present, secure, peer_trusted, headers = True, False, False, True, dict[str, str]()
    peer = "127.0.0.1"


@pytest.mark.parametrize("path", [OPEN, "/api/browse/open-terminal"])
async def test_the_cookie_opens_directories_and_terminals_for_a_page_of_ours(path: str) -> None:
    cookies = {COOKIE: await cookie_value()}
    given = credentials(method="POST", path=path, cookies=cookies, origin_present=True)
    assert await LocalMode(TOKEN).authenticate(given) == LOCAL_ACTOR


@pytest.mark.parametrize(
    "facts",
    [
        {"origin_present": False},
        {"same_origin": False},
        {"method": "GET"},
        {"path": "/api/browse/open-in-editor"},
        {"path": "/api/projects"},
        {"path": f"{OPEN}/"},
        {"cookies": {COOKIE: TOKEN}},
        {"cookies": {COOKIE: ""}},
        {"cookies": {}},
        {"headers": {"authorization": "Bearer wrong"}},
    ],
)
async def test_the_cookie_opens_nothing_else(facts: dict[str, Any]) -> None:
    accepted = {
        "method": "POST",
        "path": OPEN,
        "origin_present": True,
        "same_origin": True,
        "cookies": {COOKIE: await cookie_value()},
    }
    assert await LocalMode(TOKEN).authenticate(credentials(**{**accepted, **facts})) is None


async def test_the_cookie_does_not_give_the_token_away() -> None:
    assert TOKEN not in await cookie_value()
    assert (
        await LocalMode("another").authenticate(
            credentials(method="POST", path=OPEN, cookies={COOKIE: await cookie_value()}, origin_present=True)
        )
        is None
    )
