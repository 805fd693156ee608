"""Carries one plugin through the phases of its start, and back."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import pluggy
from pydantic import BaseModel

from a_parallel_contracts.http import Route
from a_parallel_contracts.plugin import Job, Manifest
from a_parallel_contracts.topics import Inbound, Topic
from a_parallel_kernel.config import Config, ConfigError
from a_parallel_kernel.context import Context, Kernel, ReleaseStack
from a_parallel_kernel.hooks import implements
from a_parallel_kernel.lifespan import Lifespan, within
from a_parallel_kernel.records import Record

log = logging.getLogger("a_parallel.kernel")
Phase = Callable[[str], None]
Migrate = Callable[[str, str, Collection[str]], Awaitable[None]]
"""Applies the migrations of a plugin: its id, ``package:directory``, its further tables."""


class Mounts(Protocol):
    """Where a plugin's contributions are hung up."""

    def mount(
        self, plugin: str, routes: Iterable[Route], topics: Iterable[Topic | Inbound], static: Path | None
    ) -> None:
        """Hang up all of them or, on an error, none."""

    def mount_lazily(
        self, plugin: str, paths: Iterable[str], make: Callable[[], Iterable[Route]], distribution: str
    ) -> None:
        """Hang up routes below `paths` when somebody asks for one of them."""

    def unmount(self, plugin: str) -> None:
        """Take down whatever of the plugin's is there."""

    async def drain(self, plugin: str, deadline: float) -> None:
        """Wait until no request of the plugin's is in flight, at most `deadline` seconds."""


class Starter:
    """Starts and stops single plugins.

    Parameters:
        manager: where hooks are registered.
        kernel: what contexts are attached to.
        config: for the plugins' settings and the deadlines.
        mounts: where contributions go.
        migrate: brings tables up to date.
        report: told the plugin and the error (or None) of each call into it.
    """

    def __init__(
        self,
        manager: pluggy.PluginManager,
        kernel: Kernel,
        config: Config,
        mounts: Mounts,
        migrate: Migrate,
        report: Callable[[str, BaseException | None, float], None],
    ) -> None:
        self._manager = manager
        self._kernel = kernel
        self._config = config
        self._mounts = mounts
        self._migrate = migrate
        self._report = report
        self._specified: set[type] = set()

    def register(self, record: Record) -> None:
        """Make a plugin's hooks and hook specifications known."""
        plugin, manifest = record.plugin, _manifest(record)
        for specification in manifest.hooks:
            if specification not in self._specified:
                self._manager.add_hookspecs(specification)
                self._specified.add(specification)
        if not self._manager.has_plugin(record.id):
            self._manager.register(plugin, name=record.id)

    async def start(self, record: Record, phase: Phase) -> None:
        """Start a plugin; on failure everything is released again and ``record.error`` says why."""
        deadline = self._config.kernel.start_deadline
        record.stack = ReleaseStack(self._config.kernel.stop_deadline, lambda error: self._report(record.id, error, 0))
        try:
            await within(deadline, self._phases(record, phase), f"the start of {record.id}")
        except ConfigError as error:
            await self._fail(record, str(error))  # which says what to change, and where
        except Exception as error:
            log.exception("plugin %s cannot be started", record.id, exc_info=error)
            await self._fail(record, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)

    async def _fail(self, record: Record, error: str) -> None:
        phase = record.phase
        await self.stop(record)
        record.phase, record.error = phase, error

    async def _phases(self, record: Record, phase: Phase) -> None:
        manifest = _manifest(record)
        phase("settings")
        record.context = self._context(record, manifest)
        if manifest.migrations:
            phase("migrations")
            await self._migrate(record.id, manifest.migrations, manifest.tables)
        phase("lifespan")
        await self._enter(record)
        self._check_promises(record.id, manifest)
        phase("mount")
        self._mount(record, manifest)

    def _context(self, record: Record, manifest: Manifest) -> Context:
        settings: BaseModel | None = None
        if manifest.settings:
            settings = self._config.plugin(record.id, manifest.settings)
        assert record.stack is not None
        return Context(
            record.id, manifest, settings, self._kernel, record.stack, lambda error: self._report(record.id, error, 0)
        )

    async def _enter(self, record: Record) -> None:
        assert record.plugin and record.context and record.stack
        if not implements(record.plugin, "lifespan"):
            return
        lifespan = Lifespan(record.plugin.lifespan(record.context), f"lifespan of {record.id}")
        await lifespan.enter()
        # Pushed last: what was acquired inside is let go after the code behind the yield has run.
        record.stack.push("lifespan", lifespan.leave)

    def _check_promises(self, id: str, manifest: Manifest) -> None:
        broken = [str(key) for key in manifest.provides if key.name not in self._kernel.services]
        if broken:
            raise RuntimeError(f"promised the service {broken[0]}, but lifespan did not provide it")

    def _mount(self, record: Record, manifest: Manifest) -> None:
        plugin, ctx, stack = record.plugin, record.context, record.stack
        assert plugin and ctx and stack
        routed, below = implements(plugin, "routes"), manifest.routes_below
        routes = list(plugin.routes(ctx)) if routed and not below else []
        topics = list(plugin.topics(ctx)) if implements(plugin, "topics") else []
        jobs = list(plugin.jobs(ctx)) if implements(plugin, "jobs") else []
        self._mounts.mount(record.id, routes, topics, _directory(manifest.static))
        stack.push("routes and topics", lambda: self._mounts.unmount(record.id))
        if routed and below:
            self._mounts.mount_lazily(record.id, below, lambda: plugin.routes(ctx), record.candidate.distribution)
        for job in jobs:
            ctx.spawn(self._repeat(record.id, job), name=f"job {job.name}")

    async def _repeat(self, id: str, job: Job) -> None:
        while True:
            await asyncio.sleep(job.every)
            began = time.perf_counter()
            try:
                await job.run()
            except Exception as error:
                log.exception("job %s of plugin %s failed", job.name, id)
                self._report(id, error, time.perf_counter() - began)
            else:
                self._report(id, None, time.perf_counter() - began)

    async def stop(self, record: Record) -> None:
        """Let go of everything a plugin holds: its requests end first, each step within its deadline."""
        await self._mounts.drain(record.id, self._config.kernel.stop_deadline)
        if record.stack is not None:
            await record.stack.unwind()
        record.context = record.stack = None


def _manifest(record: Record) -> Manifest:
    assert record.plugin is not None
    return record.plugin.manifest


def _directory(source: str | None) -> Path | None:
    if source is None:
        return None
    package, _, name = source.partition(":")
    directory: Any = files(package) / name
    if not isinstance(directory, Path) or not directory.is_dir():
        raise RuntimeError(f"static: {source} is not a directory of an installed package")
    return directory
