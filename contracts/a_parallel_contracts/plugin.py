"""What a plugin is: its manifest, its hooks, and the context in which the kernel runs it."""

import argparse
import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import pluggy
from msgspec import Struct
from pydantic import BaseModel

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.database import Database
from a_parallel_contracts.doctor import Finding
from a_parallel_contracts.errors import ApiError, HookError
from a_parallel_contracts.events import Event
from a_parallel_contracts.http import Route
from a_parallel_contracts.metrics import Metric
from a_parallel_contracts.services import ServiceKey
from a_parallel_contracts.topics import Inbound, Topic

API_VERSION = (1, 0)
"""Version of this contract: a plugin runs if its major number is the same and its minor number not larger."""

PROJECT = "a_parallel"
ENTRY_POINT_GROUP = "a_parallel.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

P = ParamSpec("P")
T = TypeVar("T")
ServiceT = TypeVar("ServiceT")
SettingsT = TypeVar("SettingsT", bound=BaseModel)
EventT = TypeVar("EventT", bound=Event)


class Manifest(Struct, frozen=True, kw_only=True):
    """What a plugin needs and offers. Its id is the name of its entry point.

    Attributes:
        api: version of the contract it was written for, ``"major.minor"``.
        requires: services without which it does not run.
        optional: services it uses when they are there.
        provides: services it hands over in `Plugin.lifespan`.
        settings: model of its section ``[plugins.<id>]``.
        migrations: ``package:directory`` of its numbered ``.sql`` files.
        tables: tables it owns that do not begin with ``<id>_``.
        hooks: classes with the hook specifications that its capability adds.
        static: ``package:directory`` served at ``/plugins/<id>/``.
        routes_below: paths of literal segments, e.g. ``/api/notes``, below which all its routes lie. With them
            `Plugin.routes` is called when the first request comes there or somebody asks for all routes, and what only
            the routes need, above all models, is not imported while the server starts. If the call fails, that request
            is answered with 500 and the next one tries again; ``a-parallel plugins check`` shows it beforehand.
    """

    api: str
    requires: tuple[ServiceKey[Any], ...] = ()
    optional: tuple[ServiceKey[Any], ...] = ()
    provides: tuple[ServiceKey[Any], ...] = ()
    settings: type[BaseModel] | None = None
    migrations: str | None = None
    tables: tuple[str, ...] = ()
    hooks: tuple[type, ...] = ()
    static: str | None = None
    routes_below: tuple[str, ...] = ()


class ServerInfo(Struct, frozen=True):
    """Facts about the running server.

    Attributes:
        version: of the distribution.
        auth_mode: ``local`` or ``multi``, as configured; what counts is the `mode` of the running authenticator.
        host, port: as bound; the port is 0 on a Unix socket.
        data_directory: holds the database and the secrets.
        allowed_origins: of browsers on other hosts or ports.
        max_body: default limit of a request's body in bytes.
        maintenance: nobody is served, only looked after (``a-parallel doctor``): begin, end and repair nothing by
            yourself.
    """

    version: str
    auth_mode: str
    host: str
    port: int
    data_directory: Path
    allowed_origins: tuple[str, ...] = ()
    max_body: int = 128 * 1024 * 1024
    maintenance: bool = False


class Hooks(Protocol):
    """Calls a hook of the running plugins, one after another, each with its own context.

    A hook is named by its specification: ``ctx.hooks.pipe(AgentHooks.prepare_run, run)``. An `ApiError`
    passes through as a refusal; any other exception becomes a `HookError` that names the plugin.
    """

    async def collect(
        self,
        hook: Callable[Concatenate[Any, "PluginContext", P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[T]:
        """Return the answers of all plugins."""
        ...

    async def first(
        self,
        hook: Callable[Concatenate[Any, "PluginContext", P], Awaitable[T | None]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """Return the first answer that is not None; later plugins are not asked."""
        ...

    async def pipe(self, hook: Callable[[Any, "PluginContext", T], Awaitable[T]], value: T) -> T:
        """Pass `value` through all plugins, each receiving what the one before returned."""
        ...

    async def each(
        self,
        hook: Callable[Concatenate[Any, "PluginContext", P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[tuple[str, T | HookError | ApiError]]:
        """Return the answer of each plugin with its id; of one that fails, the exception, and the others go on."""
        ...


class PluginContext(Protocol):
    """A plugin's hold on the server. What is acquired through it is released when the plugin stops."""

    @property
    def id(self) -> str:
        """The plugin's own id."""
        ...

    @property
    def log(self) -> logging.Logger:
        """A logger under the plugin's name."""
        ...

    @property
    def db(self) -> Database:
        """The server's database."""
        ...

    @property
    def server(self) -> ServerInfo:
        """Facts about the server."""
        ...

    @property
    def handing_over(self) -> bool:
        """Whether the server stops only to be replaced at once, so that what can outlive it is left running.

        False as long as the server runs, and when the plugin alone is stopped.
        """
        ...

    @property
    def hooks(self) -> Hooks:
        """Calls hooks of other plugins."""
        ...

    def settings(self, model: type[SettingsT]) -> SettingsT:
        """Return the plugin's validated settings; `model` is the manifest's."""
        ...

    def get(self, key: ServiceKey[ServiceT]) -> ServiceT:
        """Return a service that the manifest names under ``requires`` (or ``optional``, if it is there).

        Raises:
            UndeclaredService: the manifest does not name it, or it is optional and absent.
        """
        ...

    def find(self, key: ServiceKey[ServiceT]) -> ServiceT | None:
        """Return a service that the manifest names, or None while nobody provides it."""
        ...

    def provide(self, key: ServiceKey[ServiceT], service: ServiceT) -> None:
        """Hand over a service named under ``provides``; before `Plugin.lifespan` yields."""
        ...

    def on(
        self, event: type[EventT], handler: Callable[[EventT], Awaitable[None]], *, durable: str | None = None
    ) -> None:
        """Call `handler` for each event of that class, one at a time, in order of publication.

        Parameters:
            event: its subclasses count, too.
            handler: its failure counts as the plugin's.
            durable: a name, unique in the plugin, under which the subscription survives restarts: events that
                `Transaction.emit` publishes from the first time on, also while the plugin is off, are handled at
                least once, in order, beginning where the last server ended. One whose handler fails is tried again
                with growing pauses and then set aside (``GET /api/kernel/subscriptions``). Since an event can come
                twice, a handler does what it does in a way that bears repetition.

        Raises:
            ValueError: the name is no lower-case word, or taken in this plugin.
        """
        ...

    def publish(self, event: Event) -> None:
        """Publish an event that has no row. One that tells about rows goes through `Transaction.emit`."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, None], *, name: str) -> "asyncio.Task[None]":
        """Run a task that is cancelled when the plugin stops; its failure counts as the plugin's."""
        ...

    def defer(self, release: Callable[[], Awaitable[None] | None]) -> None:
        """Call `release` when the plugin stops; last registered, first called."""
        ...


class Command(Struct, frozen=True):
    """A subcommand of ``a-parallel``, run without a server.

    Attributes:
        name: first word after ``a-parallel``.
        summary: one line for ``--help``.
        run: gets the parsed arguments and returns the exit status; the text of an `ApiError` is shown.
        arguments: adds arguments to the parser.
        database: open the database for it, with the plugin's own migrations applied; refused while a server
            holds the data directory.
    """

    name: str
    summary: str
    run: Callable[[argparse.Namespace], Awaitable[int]]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    database: bool = False


class Job(Struct, frozen=True):
    """Something the kernel does at an interval while the plugin runs.

    Attributes:
        name: for logs and figures.
        every: seconds between the end of one run and the start of the next.
        run: what is done.
    """

    name: str
    every: float
    run: Callable[[], Awaitable[None]]


class Health(Struct, frozen=True):
    """Whether a plugin can do its work, and why not."""

    ok: bool
    detail: str = ""


class Plugin:
    """Base, specification and documentation of every plugin. Override what you need, marked `@hookimpl`."""

    manifest: Manifest

    @hookspec
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Acquire, ``yield`` once, release. Services are provided before the yield."""
        yield

    @hookspec
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the plugin's HTTP routes; called after `lifespan` has yielded (see `Manifest.routes_below`)."""
        return ()

    @hookspec
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return what goes to browsers and what comes from them over ``/ws``."""
        return ()

    @hookspec
    def commands(self, ctx: PluginContext) -> Iterable[Command]:
        """Return subcommands of ``a-parallel``; called without `lifespan`.

        Settings and ``ctx.server`` are there; ``ctx.db`` is while a command with `Command.database` runs.
        """
        return ()

    @hookspec
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """Return what the kernel does at intervals."""
        return ()

    @hookspec
    async def authorize(self, ctx: PluginContext, actor: Actor, action: str, resource: Any) -> bool | None:
        """Decide whether `actor` may do `action` (``"PATCH /api/notes/{thread}"``) with `resource`.

        None is no opinion; the first answer wins; False is answered 403.
        """
        return None

    @hookspec
    async def health(self, ctx: PluginContext) -> Health:
        """Tell whether the plugin can do its work."""
        return Health(ok=True)

    @hookspec
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        """Look at what may have gone wrong on disk and in rows; called by ``a-parallel doctor``, at any time.

        Parameters:
            repair: also repair what can be, in a way that loses nothing of anybody's.
        """
        return ()

    @hookspec
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        """Return the plugin's figures for ``GET /metrics``; asked every few seconds."""
        return ()


class PluginState:
    """Names of the states of a plugin, as ``GET /api/kernel/plugins`` shows them."""

    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    BLOCKED = "blocked"
    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class PluginStateChanged(Event):
    """A plugin entered another state; sent to admins as ``kernel:plugins``."""

    plugin: str
    state: str
    phase: str | None = None
    error: str | None = None


class ServerStopping(Event):
    """The server was asked to stop and is about to wait for its requests: whatever makes long ones wait ends now."""
