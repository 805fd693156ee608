"""Leads every plugin through its life; a failing one takes nobody with it."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from a_parallel_contracts.events import Event
from a_parallel_contracts.plugin import PluginState, PluginStateChanged
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate, Incompatible, check_api, duplicates, load
from a_parallel_kernel.graph import ServiceGraph
from a_parallel_kernel.records import ACTIVE, Record
from a_parallel_kernel.starting import Starter

log = logging.getLogger("a_parallel.kernel")

IMPORT_PATIENCE = 2.0
"""Seconds after which the next plugin is imported although one has not come back."""

VALID_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
RESERVED = ("kernel", "baseline", "disabled", "only", "required")
"""Owners in the ledger of migrations, and keys of the configuration's section of all plugins."""


class BootError(Exception):
    """A plugin listed under ``required`` does not run."""


class Switched(Protocol):
    """Where run-time switches are kept."""

    async def read(self) -> dict[str, bool]:
        """Return the switches by plugin id."""
        ...

    async def write(self, id: str, enabled: bool) -> None:
        """Keep a switch."""
        ...


class Supervisor:
    """Holds the records of all plugins and moves them between states.

    Parameters:
        candidates: what is installed.
        config: which of it is wanted.
        switched: the run-time switches.
        starter: carries one plugin through the phases of its start and stop.
        given: names of the services that the kernel provides.
        publish: publishes `PluginStateChanged`.
    """

    def __init__(
        self,
        candidates: Iterable[Candidate],
        config: Config,
        switched: Switched,
        starter: Starter,
        given: Iterable[str],
        publish: Callable[[Event], None],
    ) -> None:
        found = list(candidates)
        self.records: dict[str, Record] = {}
        for candidate in found:
            self.records.setdefault(candidate.id, Record(candidate))
        self._claims = duplicates(found)
        self._config = config
        self._switched = switched
        self._starter = starter
        self._given = tuple(given)
        self._publish = publish
        self._graph = ServiceGraph({}, self._given)
        self._moving = asyncio.Lock()

    # --- boot and shutdown ------------------------------------------------------------------------

    async def boot(self) -> None:
        """Import and start everything that is wanted, each as soon as what it needs runs.

        Raises:
            BootError: a plugin under ``required`` does not run.
        """
        switches = await self._switched.read()
        wanted = [record for record in self.records.values() if self._is_wanted(record, switches)]
        await self._import_all(wanted)
        self._plan()
        await self._start_all()
        self._check_required()

    async def _import_all(self, records: list[Record]) -> None:
        """Import one after another: side by side they would fight for the interpreter. One that hangs is passed by."""
        running: set[asyncio.Task[None]] = set()
        for record in records:
            task = asyncio.create_task(self._import(record), name=f"import {record.id}")
            running.add(task)
            await asyncio.wait({task}, timeout=IMPORT_PATIENCE)
        await asyncio.gather(*running)

    def _is_wanted(self, record: Record, switches: dict[str, bool]) -> bool:
        if not self._config.enabled(record.id, switches):
            self._move(record, PluginState.DISABLED)
            return False
        problem = self._problem(record.id)
        if problem:
            self._move(record, PluginState.INCOMPATIBLE, "discovery", problem)
        return problem is None

    def _problem(self, id: str) -> str | None:
        """Return what is wrong with the name of an entry point, or None."""
        claims = self._claims.get(id)
        if claims:
            names = " and ".join(claim.distribution or "?" for claim in claims)
            return f"{names} both claim this id; uninstall one"
        if id in RESERVED or not VALID_ID.fullmatch(id):
            return "an id is a lower-case word of letters, digits, - and _, and not one of the kernel's own"
        return None

    async def _import(self, record: Record) -> None:
        if record.plugin is not None:
            return
        self._move(record, PluginState.STARTING, "import")
        try:
            record.plugin = await load(record.candidate, self._config.kernel.import_deadline)
            self._starter.register(record)
        except Incompatible as error:
            record.plugin = None
            self._move(record, PluginState.INCOMPATIBLE, "import", str(error))
        except Exception as error:
            log.exception("plugin %s cannot be imported", record.id, exc_info=error)
            record.plugin = None
            reason = f"{type(error).__name__}: {error}"
            written_for = await asyncio.to_thread(self._misfit, record)
            if written_for:
                self._move(record, PluginState.INCOMPATIBLE, "import", f"{written_for}; its import fails: {reason}")
            else:
                self._move(record, PluginState.FAILED, "import", reason)

    @staticmethod
    def _misfit(record: Record) -> str | None:
        """Return why a plugin whose import fails is not to blame for it, or None."""
        declared = record.candidate.declared()
        try:
            if declared is not None:
                check_api(declared)
        except Incompatible as error:
            return str(error)
        return None

    def _plan(self) -> None:
        """Build the services graph anew from everything that is imported and wanted."""
        usable = {
            id: record.plugin.manifest
            for id, record in self.records.items()
            if record.plugin and record.state not in (PluginState.DISABLED, PluginState.INCOMPATIBLE)
        }
        self._graph = ServiceGraph(usable, self._given)
        for id, reason in self._graph.blocked.items():
            if self.records[id].state not in ACTIVE:
                self._move(self.records[id], PluginState.BLOCKED, "services", reason)

    async def _start_all(self) -> None:
        sorter = self._graph.sorter()
        running: dict[asyncio.Task[None], str] = {}
        while sorter.is_active():
            for id in sorter.get_ready():
                running[asyncio.create_task(self._start(self.records[id]), name=f"start {id}")] = id
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                sorter.done(running.pop(task))
                task.result()

    async def _start(self, record: Record) -> None:
        async with record.lock:
            if record.state in (*ACTIVE, PluginState.DISABLED):
                return
            reason = self._unmet(record.id)
            if reason:
                self._move(record, PluginState.BLOCKED, "services", reason)
                return
            began = time.perf_counter()
            await self._starter.start(record, lambda phase: self._move(record, PluginState.STARTING, phase))
            if record.error is None:
                self._move(record, PluginState.RUNNING)
                log.info("plugin %s runs (%.0f ms)", record.id, (time.perf_counter() - began) * 1000)
            else:
                self._move(record, PluginState.FAILED, record.phase, record.error)

    def _unmet(self, id: str) -> str | None:
        reason = self._graph.blocked.get(id)
        for provider in sorted(self._graph.requirements(id)):
            if self.records[provider].state not in ACTIVE:
                return f"needs plugin {provider}, which is {self.records[provider].state}"
        return reason

    def _check_required(self) -> None:
        for id in self._config.selection.required:
            record = self.records.get(id)
            if record is None or record.state not in ACTIVE:
                state = f"{record.state}: {record.error}" if record else "not installed"
                raise BootError(f"the required plugin {id} is {state}")

    async def shutdown(self) -> None:
        """Stop everything, dependents first."""
        async with self._moving:
            order = self._stop_order(set(self.records))
            for id in order:
                await self._stop(self.records[id], PluginState.STOPPED)

    def _stop_order(self, ids: set[str]) -> list[str]:
        sorter = self._graph.sorter()
        order: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready())
            order += ready
            sorter.done(*ready)
        return [id for id in reversed(order) if id in ids]

    async def _stop(self, record: Record, then: str) -> None:
        async with record.lock:
            if record.context is not None:
                self._move(record, PluginState.STOPPING)
                await self._starter.stop(record)
            self._move(record, then)

    # --- run-time switches ------------------------------------------------------------------------

    async def enable(self, id: str) -> Record:
        """Switch a plugin on, with what waits for it, and keep that.

        Raises:
            KeyError: it is not installed.
        """
        record = self.records[id]
        async with self._moving:
            await self._switched.write(id, True)
            if record.state in ACTIVE or self._problem(id):
                return record
            self._move(record, PluginState.STARTING, "import")
            await self._import(record)
            if record.plugin is not None:
                self._plan()
                await self._start_all()
        return record

    async def disable(self, id: str) -> Record:
        """Switch a plugin off, dependents first, and keep that.

        Raises:
            KeyError: it is not installed.
        """
        record = self.records[id]
        async with self._moving:
            await self._switched.write(id, False)
            dependents = self._graph.dependents(id)
            for other in self._stop_order(dependents):
                await self._stop(self.records[other], PluginState.BLOCKED)
            await self._stop(record, PluginState.DISABLED)
            self._plan()
        return record

    async def restart(self, id: str) -> Record:
        """Stop a plugin, dependents first, and start it again with them; one that is switched off stays off.

        Raises:
            KeyError: it is not installed.
        """
        record = self.records[id]
        async with self._moving:
            if record.plugin is None or record.state == PluginState.DISABLED:
                return record
            for other in self._stop_order(self._graph.dependents(id)):
                await self._stop(self.records[other], PluginState.BLOCKED)
            await self._stop(record, PluginState.STOPPED)
            self._plan()
            await self._start_all()
        return record

    def dependents(self, id: str) -> set[str]:
        """Return the plugins that stop when this one does."""
        return {other for other in self._graph.dependents(id) if self.records[other].state in ACTIVE}

    # --- states -----------------------------------------------------------------------------------

    def _move(self, record: Record, state: str, phase: str | None = None, error: str | None = None) -> None:
        if (record.state, record.phase, record.error) == (state, phase, error):
            return
        record.state, record.phase, record.error, record.since = state, phase, error, time.time()
        if error:
            log.warning("plugin %s is %s: %s", record.id, state, error)
        self._publish(PluginStateChanged(plugin=record.id, state=state, phase=phase, error=error))

    def report(self, id: str, error: BaseException | None, seconds: float = 0.0) -> None:
        """Count a call into a plugin; several failures in a row make it degraded, one success running again."""
        record = self.records.get(id)
        if record is None:
            return
        record.figures.count(error, seconds)
        in_a_row = record.figures.errors_in_a_row
        if record.state == PluginState.RUNNING and in_a_row >= self._config.kernel.degraded_after:
            self._move(record, PluginState.DEGRADED, None, record.figures.last_error)
        elif record.state == PluginState.DEGRADED and in_a_row == 0:
            self._move(record, PluginState.RUNNING)

    def state_of(self, id: str) -> str:
        """Return the state of a plugin; unknown ids count as disabled."""
        record = self.records.get(id)
        return record.state if record else PluginState.DISABLED

    def active(self, id: str) -> Record | None:
        """Return a record whose plugin may be called."""
        record = self.records.get(id)
        return record if record and record.context and record.state in (*ACTIVE, PluginState.STARTING) else None
