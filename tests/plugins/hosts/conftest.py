"""Fixtures: the service on a fresh data directory, and its host."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.service import HostsService
from tests.plugins.hosts.opened import hosts_on


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
