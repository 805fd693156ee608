"""What the server says at its start about how it can be reached."""

from typing import Any

import pytest

from a_parallel_kernel.config import Config
from a_parallel_kernel.serve import _warn


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ""),
        ({"server.host": "localhost"}, ""),
        ({"server.unix_socket": "/run/a-parallel.sock", "server.host": "0.0.0.0"}, ""),
        ({"server.host": "0.0.0.0", "server.trusted_proxies": ["10.0.0.2"]}, ""),
        (
            {"server.host": "0.0.0.0"},
            "listening on 0.0.0.0 without TLS: whoever sees the traffic has the token",
        ),
        ({"server.host": "::", "server.auth_mode": "multi"}, "whoever sees the traffic has passwords"),
    ],
)
def test_it_warns_where_others_reach_it_without_tls_in_front(
    settings: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _warn(Config(settings))
    said = capsys.readouterr().err
    assert words in said and bool(said) == bool(words)
