"""Starting: what cannot work ends with a clear message and a status, never with a traceback."""

import socket
from pathlib import Path

import pytest

from tests.support.fixtures import ServerFactory


async def test_a_port_in_use_is_a_clear_message(server_factory: ServerFactory) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = server_factory()
        server.port = taken.getsockname()[1]
        server.spawn()
        status = await server.exited()
        assert status not in (0, None)
        assert status > 0, "ended by itself, not by a signal"
        assert "Traceback" not in server.log.text
        assert str(server.port) in server.log.text
        assert "in use" in server.log.text
        assert server.leftovers() == {}


async def test_a_second_server_on_one_data_directory_is_refused(server_factory: ServerFactory) -> None:
    first = await server_factory().start()
    second = server_factory(arguments=["--data-directory", str(first.data_directory)])
    second.spawn()
    status = await second.exited()
    assert status > 0
    assert "Traceback" not in second.log.text
    assert str(first.data_directory) in second.log.text
    await first.stop()


@pytest.mark.parametrize("arguments", [["--frobnicate"], ["--port", "x"], ["--port", "70000"], ["--set", "nonsense"]])
async def test_a_wrong_command_line_ends_before_anything_starts(
    server_factory: ServerFactory, arguments: list[str]
) -> None:
    server = server_factory(arguments=arguments)
    server.spawn()
    status = await server.exited()
    assert status > 0
    assert "Traceback" not in server.log.text
    assert server.log.text
    assert not server.data_directory.exists()


async def test_a_configuration_that_does_not_fit_names_the_value(server_factory: ServerFactory) -> None:
    server = server_factory(config='[server]\nmax_body = "large"\n')
    server.spawn()
    assert await server.exited() > 0
    assert "Traceback" not in server.log.text
    assert "max_body" in server.log.text


async def test_data_and_secrets_are_private_and_the_token_survives_a_restart(server_factory: ServerFactory) -> None:
    server = await server_factory().start()
    token = server.token
    assert len(token) == 64

    def mode(path: Path) -> int:
        return path.stat().st_mode & 0o777

    assert mode(server.data_directory) == 0o700
    assert mode(server.data_directory / "data.db") == 0o600
    assert mode(server.data_directory / "auth-token") == 0o600
    await server.restart()
    assert server.token == token
    assert token not in server.log.text
    await server.stop()
