"""Fixtures: the service on a fresh data directory, and its host."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.service import HostsService
from tests.plugins.hosts.opened import hosts_on


@pytest.fixture(autouse=True)
async def no_error_in_the_loop() -> AsyncIterator[None]:
    """Let no callback of the event loop fail unseen."""
    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failed.append(context))
    yield
    assert failed == []


@pytest.fixture
async def hosts(tmp_path: Path) -> AsyncIterator[HostsService]:
    """The service."""
    directory = tmp_path / "data"
    directory.mkdir()
    async with hosts_on(directory) as service:
        yield service


@pytest.fixture
def host(hosts: HostsService) -> LocalHost:
    """This machine."""
    return hosts.local
