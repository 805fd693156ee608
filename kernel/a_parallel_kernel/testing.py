"""The test kit, a pytest plugin: the real kernel with stand-in services, and clients for it.

Fixtures:
    kernel: starts kernels on a free port and a fresh data directory; see `KernelFactory`.
    run_plugin: starts one with a single plugin and returns its `Client`.

They need pytest-asyncio (``pip install a-parallel[testing]``).
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from a_parallel_contracts.plugin import Plugin
from a_parallel_contracts.services import ServiceKey

if TYPE_CHECKING:
    from pytest_asyncio import fixture

    from a_parallel_kernel.testkit import Client, RunningKernel
else:
    try:
        from pytest_asyncio import fixture
    except ImportError:  # the kit is optional, and must not break anybody's pytest
        from pytest import fixture  # noqa: PT013 - the two stand for each other


Services = Mapping[ServiceKey[Any], Any]


class KernelFactory(Protocol):
    """What the fixture `kernel` gives."""

    async def __call__(
        self,
        plugins: Mapping[str, type[Plugin]] | None = None,
        *,
        installed: tuple[str, ...] = (),
        services: Services | None = None,
        settings: Mapping[str, Any] | None = None,
        data_directory: Path | None = None,
        authenticate: bool = True,
    ) -> "RunningKernel":
        """Start a kernel; it is stopped after the test.

        Parameters:
            plugins: classes by id.
            installed: ids of installed plugins to run beside them, found by entry point.
            services: stand-ins for services that no plugin of the test provides.
            settings: ``section.key`` → value, e.g. ``plugins.notes.max_length``.
            data_directory: an existing one, to start again on the same data.
            authenticate: bring a stand-in authenticator (see `Client.acting_as`).
        """
        ...


class RunPlugin(Protocol):
    """What the fixture `run_plugin` gives."""

    async def __call__(
        self,
        plugin: type[Plugin],
        *,
        id: str | None = None,
        services: Services | None = None,
        settings: Mapping[str, Any] | None = None,
        installed: tuple[str, ...] = (),
    ) -> "Client":
        """Start a kernel with `plugin`, whose id is the class name's first word unless given.

        Parameters:
            plugin: the class.
            id: name of its entry point.
            services: stand-ins for what its manifest requires.
            settings: of its own section.
            installed: ids of installed plugins to run beside it.
        """
        ...


@fixture
async def kernel(tmp_path: Path) -> AsyncIterator[KernelFactory]:
    """Start kernels with chosen plugins."""
    from a_parallel_kernel.testkit import RunningKernel

    started: list[RunningKernel] = []

    async def start(plugins: Mapping[str, type[Plugin]] | None = None, **options: Any) -> RunningKernel:
        directory = options.pop("data_directory", None) or tmp_path / f"data-{len(started)}"
        running = await RunningKernel.start(plugins or {}, directory, **options)
        started.append(running)
        return running

    yield start
    for running in reversed(started):
        await running.stop()


@fixture
async def run_plugin(kernel: KernelFactory) -> RunPlugin:
    """Start a kernel with one plugin."""

    async def start(
        plugin: type[Plugin], *, id: str | None = None, settings: Mapping[str, Any] | None = None, **options: Any
    ) -> "Client":
        name = id or plugin.__name__.removesuffix("Plugin").lower()
        own = {f"plugins.{name}.{key}": value for key, value in (settings or {}).items()}
        running = await kernel({name: plugin}, settings=own, **options)
        running.expect_running(name)
        return running.client

    return start
