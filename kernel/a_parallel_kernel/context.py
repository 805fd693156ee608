"""A plugin's hold on the server, and the stack by which it is let go again."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar, cast

from pydantic import BaseModel

from a_parallel_contracts.database import Database
from a_parallel_contracts.errors import UndeclaredService
from a_parallel_contracts.events import Event
from a_parallel_contracts.plugin import Hooks, Manifest, ServerInfo
from a_parallel_contracts.services import ServiceKey
from a_parallel_kernel.lifespan import within

ServiceT = TypeVar("ServiceT")
SettingsT = TypeVar("SettingsT", bound=BaseModel)
EventT = TypeVar("EventT", bound=Event)
Release = Callable[[], Awaitable[None] | None]


class ReleaseStack:
    """What a plugin acquired, let go in reverse order.

    Each step has a deadline of its own: one deadline over all would make an innocent step lose its turn.

    Parameters:
        deadline: seconds for each step.
        report: told about a step that failed or took too long.
    """

    def __init__(self, deadline: float, report: Callable[[BaseException], None]) -> None:
        self._deadline = deadline
        self._report = report
        self._steps: dict[int, tuple[str, Release]] = {}
        self._next = itertools.count()

    def push(self, name: str, release: Release) -> Callable[[], None]:
        """Remember a step, and return the function that forgets it again."""
        number = next(self._next)
        self._steps[number] = (name, release)
        return lambda: self._steps.pop(number, None) and None

    async def unwind(self) -> None:
        """Run all steps, last first; a failing one is reported and does not stop the others."""
        while self._steps:
            _, (name, release) = self._steps.popitem()
            try:
                waiting = release()
                if waiting is not None:
                    await within(self._deadline, _await(waiting), f"release of {name}")
            except Exception as error:  # noqa: BLE001 - reported; the remaining steps must still run
                self._report(error)


class Kernel(Protocol):
    """What a context needs of the kernel."""

    services: dict[str, Any]
    handing_over: bool

    @property
    def db(self) -> Database:
        """The open database."""
        ...

    @property
    def hooks(self) -> Hooks:
        """Calls hooks of running plugins."""
        ...

    @property
    def info(self) -> ServerInfo:
        """Facts about the server."""
        ...

    def publish(self, event: Event) -> None:
        """Publish an event."""

    def subscribe(
        self,
        plugin: str,
        event: type[EventT],
        handler: Callable[[EventT], Awaitable[None]],
        durable: str | None = None,
    ) -> Release:
        """Subscribe a plugin's handler, under a name that survives the server if need be; return what ends it."""


class Context:
    """Implements `a_parallel_contracts.PluginContext` for one plugin.

    Parameters:
        id: of the plugin.
        manifest: what it declared.
        settings: its validated section, or None.
        kernel: what it is attached to.
        stack: where its acquisitions go.
        report: told about failures of its tasks.
    """

    def __init__(
        self,
        id: str,
        manifest: Manifest,
        settings: BaseModel | None,
        kernel: Kernel,
        stack: ReleaseStack,
        report: Callable[[BaseException], None],
    ) -> None:
        self.id = id
        self.log = logging.getLogger(f"a_parallel.{id}")
        self._manifest = manifest
        self._settings = settings
        self._kernel = kernel
        self._stack = stack
        self._report = report

    @property
    def db(self) -> Database:
        """The server's database."""
        return self._kernel.db

    @property
    def server(self) -> ServerInfo:
        """Facts about the server."""
        return self._kernel.info

    @property
    def handing_over(self) -> bool:
        """Whether the server stops only to be replaced."""
        return self._kernel.handing_over

    @property
    def hooks(self) -> Hooks:
        """Calls hooks of other plugins."""
        return self._kernel.hooks

    @property
    def own_settings(self) -> BaseModel | None:
        """What the plugin runs with, for the kernel."""
        return self._settings

    def settings(self, model: type[SettingsT]) -> SettingsT:
        """Return the plugin's validated settings."""
        if not isinstance(self._settings, model):
            raise TypeError(f"the manifest of {self.id} names no settings of type {model.__name__}")
        return self._settings

    def get(self, key: ServiceKey[ServiceT]) -> ServiceT:
        """Return a declared service."""
        service = self.find(key)
        if service is None:
            raise UndeclaredService(f"{self.id}: no running plugin provides the service {key}")
        return service

    def find(self, key: ServiceKey[ServiceT]) -> ServiceT | None:
        """Return a declared service, or None."""
        declared = (*self._manifest.requires, *self._manifest.optional, *self._manifest.provides)
        if key not in declared:
            raise UndeclaredService(f"the manifest of {self.id} does not name the service {key}")
        return cast(ServiceT | None, self._kernel.services.get(key.name))

    def provide(self, key: ServiceKey[ServiceT], service: ServiceT) -> None:
        """Hand over a service."""
        if key not in self._manifest.provides:
            raise UndeclaredService(f"the manifest of {self.id} does not provide the service {key}")
        self._kernel.services[key.name] = service
        self._stack.push(f"service {key}", lambda: self._withdraw(key.name, service))

    def _withdraw(self, name: str, service: Any) -> None:
        if self._kernel.services.get(name) is service:
            del self._kernel.services[name]

    def on(
        self, event: type[EventT], handler: Callable[[EventT], Awaitable[None]], *, durable: str | None = None
    ) -> None:
        """Call `handler` for each event of that class."""
        release = self._kernel.subscribe(self.id, event, handler, durable)
        self._stack.push(f"subscription to {event.__name__}", release)

    def publish(self, event: Event) -> None:
        """Publish an event that has no row."""
        self._kernel.publish(event)

    def spawn(self, coroutine: Coroutine[Any, Any, None], *, name: str) -> "asyncio.Task[None]":
        """Run a task that is cancelled when the plugin stops."""
        task = asyncio.get_running_loop().create_task(coroutine, name=f"{self.id}: {name}")
        forget = self._stack.push(f"task {name}", lambda: _cancel(task))
        task.add_done_callback(self._task_done)
        task.add_done_callback(lambda _: forget())
        return task

    def _task_done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("task %s failed", task.get_name(), exc_info=error)
            self._report(error)

    def defer(self, release: Release) -> None:
        """Call `release` when the plugin stops."""
        self._stack.push(getattr(release, "__qualname__", "release"), release)


async def _await(waiting: Awaitable[None]) -> None:
    await waiting


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait([task])
