"""Multi-user mode in a real server process: its first start, signing in, a script with an access token."""

import stat
from typing import Any

import aiohttp

from tests.plugins.auth.people import COOKIE, PASSWORD, printed_password


async def sign_in(session: aiohttp.ClientSession, url: str, password: str) -> dict[str, str]:
    """Sign the first administrator in and return the headers of their browser."""
    body = {"username": "admin", "password": password}
    async with session.post(f"{url}/api/auth/sign-in/username", json=body, headers={"Origin": url}) as answer:
        assert answer.status == 200, await answer.text()
        return {"Origin": url, "Cookie": f"{COOKIE}={answer.cookies[COOKIE].value}"}


async def test_the_first_password_is_printed_once_and_a_script_needs_none(server_factory: Any) -> None:
    server = server_factory(environment={"AUTH_MODE": "multi"})
    await server.start()
    password = printed_password(server.log.text)
    directory = server.data_directory
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir() if path.is_file()}
    assert set(modes.values()) == {0o600} and {"admin-password", "auth-secret"} <= set(modes)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        browser = await sign_in(session, server.base_url, password)
        made = {"name": "CI", "scopes": ["read"]}
        async with session.post(f"{server.base_url}/api/auth/tokens", json=made, headers=browser) as answer:
            script = {"Authorization": f"Bearer {(await answer.json())['token']}"}
        await server.restart()
        assert password not in server.log.text
        for headers, status in ((browser, 200), (script, 200), ({}, 401)):
            async with session.get(f"{server.base_url}/api/projects", headers=headers) as answer:
                assert answer.status == status
        async with session.post(f"{server.base_url}/api/projects", headers=script, json={}) as answer:
            assert answer.status == 403
    await server.stop()


async def test_the_password_of_the_variable_is_not_told(server_factory: Any) -> None:
    server = server_factory(environment={"AUTH_MODE": "multi", "A_PARALLEL_ADMIN_PASSWORD": PASSWORD})
    await server.start()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        await sign_in(session, server.base_url, PASSWORD)
    await server.stop()
    assert PASSWORD not in server.log.text
    assert not (server.data_directory / "admin-password").exists()
