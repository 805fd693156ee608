"""The git service on this machine, with a home of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from a_parallel_contracts.hosts import Host
from a_parallel_plugins.git.service import GitService
from tests.plugins.hosts.opened import hosts_on
from tests.support.repository import Repository, make_repository


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home without any identity, so that nothing depends on the machine's settings."""
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return directory


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    """This machine."""
    directory = tmp_path / "data"
    directory.mkdir()
    async with hosts_on(directory) as hosts:
        yield hosts.get()


@pytest.fixture
def service(host: Host) -> Iterator[GitService]:
    """The git service."""
    made = GitService(host)
    yield made
    made.close()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit on main and no remote."""
    return make_repository(tmp_path / "work" / "demo", {"README.md": "# demo\n", "src/app.py": "one\ntwo\n"})


@pytest.fixture
def cloned(tmp_path: Path) -> Repository:
    """A repository with a bare remote."""
    return make_repository(tmp_path / "work" / "demo", remote=tmp_path / "remote.git", branches=("develop",))
