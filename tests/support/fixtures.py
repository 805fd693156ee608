"""Fixtures that start real servers; imported by the ``conftest.py`` of each directory that uses them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Server

ServerFactory = Callable[..., Server]


@pytest.fixture
def server_factory(tmp_path: Path) -> Iterator[ServerFactory]:
    """Return a function that makes servers with private homes; all of them are ended with the test."""
    made: list[Server] = []

    def make(**options: Any) -> Server:
        directory = tmp_path / f"server-{len(made)}"
        directory.mkdir()
        made.append(Server(directory, **options))
        return made[-1]

    yield make
    for server in made:
        server.end()


@pytest.fixture
async def server(server_factory: ServerFactory) -> AsyncIterator[Server]:
    """Start a server with the stand-in as ``claude``; it must stop cleanly in the end."""
    started = await server_factory().start()
    yield started
    if started.process is not None:
        await started.stop()
