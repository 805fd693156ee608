"""Who may read what the server keeps, and who may reach it."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import aiohttp
import pytest

from a_parallel_kernel.config import ServerSettings
from a_parallel_kernel.listen import AddressInUse, take_address
from tests.support.fixtures import ServerFactory, server_factory
from tests.support.server import Server

__all__ = ["server_factory"]

MULTI = '[server]\nauth_mode = "multi"\n'
SECRETS = {"auth-secret", "admin-password", "encryption.key", "data.db"}


def open_to_others(directory: Path) -> list[str]:
    """Return what group or others could look at in a directory, itself included."""
    places = [directory, *directory.rglob("*")]
    modes = {place: place.lstat().st_mode for place in places}
    return [
        f"{place} {stat.filemode(mode)}" for place, mode in modes.items() if mode & 0o077 and not stat.S_ISLNK(mode)
    ]


async def use(server: Server) -> None:
    """Let the server make what it makes when it is used."""
    async with aiohttp.ClientSession() as session:
        body = {"username": "admin", "password": (server.data_directory / "admin-password").read_text()}
        sent = {"Origin": server.base_url}
        async with session.post(f"{server.base_url}/api/auth/sign-in/username", json=body, headers=sent) as answer:
            cookie = answer.cookies["better-auth.session_token"]
        sent["Cookie"] = f"{cookie.key}={cookie.value}"
        profile = {"githubToken": "t"}
        async with session.put(f"{server.base_url}/api/profile", json=profile, headers=sent) as answer:
            assert answer.status == 200, await answer.text()


async def test_nobody_else_can_look_at_what_is_kept(server_factory: ServerFactory) -> None:
    server = server_factory(config=MULTI)
    old = os.umask(0)  # whatever the account's own is
    try:
        await server.start()
    finally:
        os.umask(old)
    await use(server)
    assert {file.name for file in server.data_directory.iterdir()} >= SECRETS
    assert open_to_others(server.data_directory) == []
    await server.stop()
    for place in [server.data_directory, *server.data_directory.rglob("*")]:
        place.chmod(0o777 if place.is_dir() else 0o666)
    await server.start()
    assert open_to_others(server.data_directory) == []
    await server.stop()


async def test_it_warns_where_others_can_listen_in(server_factory: ServerFactory) -> None:
    server = await server_factory(arguments=["--host", "0.0.0.0"]).start()
    await server.stop()
    assert "listening on 0.0.0.0 without TLS" in server.log.text


async def test_a_unix_socket_is_for_the_account_alone(server_factory: ServerFactory, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    server = server_factory(config=f'[server]\nunix_socket = "{path}"\n')
    server.spawn()
    assert await asyncio.to_thread(server.log.settled.wait, 30)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        async with session.get("http://localhost/api/health") as answer:
            assert answer.status == 200
        async with session.get("http://evil.example/api/auth/token") as answer:
            assert answer.status == 403
    with pytest.raises(AddressInUse, match="in use"):
        take_address(ServerSettings(unix_socket=path))
    assert path.is_socket()
    await server.stop()
    assert "without TLS" not in server.log.text


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("work")
    with pytest.raises(AddressInUse, match=str(path)):
        take_address(ServerSettings(unix_socket=path))
    assert path.read_text() == "work"
