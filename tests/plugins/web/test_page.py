"""The address that the page shows."""

from pathlib import Path

import pytest

from a_parallel_contracts import ServerInfo
from a_parallel_plugins.web.page import address


@pytest.mark.parametrize(
    ("host", "port", "shown"),
    [
        ("127.0.0.1", 3001, "http://127.0.0.1:3001"),
        ("0.0.0.0", 80, "http://127.0.0.1:80"),
        ("::", 3001, "http://[::1]:3001"),
        ("::1", 3001, "http://[::1]:3001"),
        ("box.example", 3001, "http://box.example:3001"),
        ("", 0, None),
    ],
)
def test_the_address_is_one_that_this_machine_can_open(host: str, port: int, shown: str | None) -> None:
    assert address(ServerInfo("1.0", "local", host, port, Path("/data"))) == shown
