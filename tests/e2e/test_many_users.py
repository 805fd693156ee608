"""Multi-user mode in a real server process: its first start, signing in, a script with an access token."""

import asyncio
import stat
import subprocess
import sys
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


def run(server: Any, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command beside a server."""
    environment = {**server.environment, "A_PARALLEL_TOKEN": token}
    argv = [sys.executable, "-m", "a_parallel_kernel", *words]
    return subprocess.run(
        argv, env=environment, cwd=server.home, capture_output=True, text=True, timeout=60, check=False
    )


async def test_commands_prove_themselves_to_a_running_server_by_an_access_token(server_factory: Any) -> None:
    server = server_factory(environment={"AUTH_MODE": "multi", "A_PARALLEL_ADMIN_PASSWORD": PASSWORD})
    await server.start()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        browser = await sign_in(session, server.base_url, PASSWORD)
        made = {"name": "operator", "scopes": ["admin"]}
        async with session.post(f"{server.base_url}/api/auth/tokens", json=made, headers=browser) as answer:
            token = (await answer.json())["token"]
    refused = await asyncio.to_thread(run, server, "plugins", "disable", "analytics")
    assert refused.returncode == 1
    assert "set A_PARALLEL_TOKEN to an access token with the scope admin" in refused.stderr
    done = await asyncio.to_thread(run, server, "plugins", "disable", "analytics", token=token)
    assert (done.returncode, done.stdout) == (0, "analytics is disabled\n"), done.stderr
    await server.stop()


async def test_a_lost_password_is_replaced_on_the_machine_itself(server_factory: Any) -> None:
    server = server_factory(environment={"AUTH_MODE": "multi", "A_PARALLEL_ADMIN_PASSWORD": PASSWORD})
    await server.start()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        browser = await sign_in(session, server.base_url, PASSWORD)
        refused = await asyncio.to_thread(run, server, "reset-password", "admin")
        assert refused.returncode == 1 and "stop it first" in refused.stderr
        await server.stop()
        unknown = await asyncio.to_thread(run, server, "reset-password", "nobody")
        assert (unknown.returncode, unknown.stderr) == (1, "a-parallel: There is no user called nobody\n")
        done = await asyncio.to_thread(run, server, "reset-password", "Admin")
        assert done.returncode == 0, done.stderr
        await server.start()
        await sign_in(session, server.base_url, done.stdout.split()[-1])
        async with session.get(f"{server.base_url}/api/projects", headers=browser) as answer:
            assert answer.status == 401, "old sessions are over"
    await server.stop()
