"""The plugin in a kernel: it registers its provider, and takes it and its agents back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import NotFound
from a_parallel_contracts.agents import AGENT_PROVIDERS, AgentProvider, TextProduced
from a_parallel_contracts.hosts import HOSTS
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_plugins.claude import ClaudePlugin
from a_parallel_plugins.hosts.local import LocalHost
from tests.plugins.claude.driving import Drive
from tests.plugins.claude.fake import run_of


class Providers:
    """A registry."""

    def __init__(self) -> None:
        self.items: dict[str, AgentProvider] = {}

    def add(self, name: str, item: AgentProvider) -> Callable[[], None]:
        def remove() -> None:
            del self.items[name]

        self.items[name] = item
        return remove

    def get(self, name: str) -> AgentProvider | None:
        return self.items.get(name)

    def names(self) -> list[str]:
        return list(self.items)


class Hosts:
    """This machine alone."""

    def __init__(self, host: LocalHost) -> None:
        self._host = host

    def get(self, name: str = "local") -> LocalHost:
        if name != "local":
            raise NotFound(name)
        return self._host

    async def end_leftovers(self, owner: Any = None) -> int:
        return 0


@pytest.fixture
def providers() -> Providers:
    return Providers()


async def test_the_provider_is_there_while_the_plugin_runs(
    kernel: KernelFactory, providers: Providers, host: LocalHost, stand_in: Path, directory: Path
) -> None:
    services: Services = {AGENT_PROVIDERS: providers, HOSTS: Hosts(host)}
    running = await kernel({"claude": ClaudePlugin}, services=services)
    provider: Any = providers.items["claude"]
    assert (await provider.status()).path == str(stand_in)
    drive = await Drive.of(provider, run_of("hang", directory=str(directory)))
    await drive.until(TextProduced)
    await running.stop()
    assert providers.items == {}
    assert (await drive.exited()).returncode == -15


async def test_a_server_without_the_cli_starts_and_says_so(
    kernel: KernelFactory, providers: Providers, host: LocalHost, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    services: Services = {AGENT_PROVIDERS: providers, HOSTS: Hosts(host)}
    settings = {"plugins.claude.binary": str(home / "nowhere")}
    running = await kernel({"claude": ClaudePlugin}, services=services, settings=settings)
    provider: Any = providers.items["claude"]
    status = await provider.status()
    assert not status.available
    assert "plugins.claude.binary" in status.error
    await running.settled()
    assert "Threads cannot use Claude" in caplog.text
