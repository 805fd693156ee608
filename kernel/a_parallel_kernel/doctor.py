"""Examines a data directory: the database itself, the state of the plugins, and whatever plugins look at."""

import asyncio
from collections.abc import Iterable

from a_parallel_contracts.database import Database, Reader
from a_parallel_contracts.doctor import Finding
from a_parallel_contracts.errors import ApiError, HookError
from a_parallel_contracts.http import Request, Route, get, post
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import Plugin, PluginState
from a_parallel_kernel.hooks import HookDispatcher
from a_parallel_kernel.supervisor import Supervisor

PROBLEMS = 20
"""How many problems of one kind in the database are named."""
UNWELL = (PluginState.FAILED, PluginState.DEGRADED, PluginState.BLOCKED, PluginState.INCOMPATIBLE)


class RepairBody(WireModel):
    """Body of ``POST /api/kernel/doctor``."""

    repair: bool


class DoctorReport(WireModel):
    """What was found; `ok` if nothing is left to do."""

    ok: bool
    findings: list[Finding]


class Doctor:
    """Examines, and repairs if asked to.

    Parameters:
        db: the server's database.
        hooks: asks the plugins.
        supervisor: knows them.
    """

    def __init__(self, db: Database, hooks: HookDispatcher, supervisor: Supervisor) -> None:
        self._db = db
        self._hooks = hooks
        self._supervisor = supervisor
        self._one_at_a_time = asyncio.Lock()

    def routes(self) -> Iterable[Route]:
        """Return the routes to mount."""
        return [
            get("/api/kernel/doctor", self.show, access="admin", scope="read"),
            post("/api/kernel/doctor", self.treat, access="admin"),
        ]

    async def show(self, request: Request) -> DoctorReport:
        """Examine everything and change nothing."""
        return await self.examine(repair=False)

    async def treat(self, request: Request[None, RepairBody]) -> DoctorReport:
        """Examine everything, and repair what can be repaired without losing anything."""
        return await self.examine(repair=request.body.repair)

    async def examine(self, *, repair: bool) -> DoctorReport:
        """Return what there is to find; one plugin that fails only costs its own findings."""
        async with self._one_at_a_time:
            findings = [*await self._database(), *self._plugins()]
            for plugin, answer in await self._hooks.each(Plugin.examine, repair):
                findings += [_failed(plugin, answer)] if isinstance(answer, Exception) else answer
        return DoctorReport(ok=not any(finding.open for finding in findings), findings=findings)

    async def _database(self) -> list[Finding]:
        try:
            return await self._db.run(_database_findings)
        except ApiError as error:
            return [Finding(check="database", subject="data.db", detail=error.message, severity="error")]

    def _plugins(self) -> Iterable[Finding]:
        for record in self._supervisor.records.values():
            if record.state in UNWELL:
                detail = f"{record.state}: {record.error}" if record.error else record.state
                yield Finding(check="plugin", subject=record.id, detail=detail)


def _failed(plugin: str, error: Exception) -> Finding:
    cause = repr(error.__cause__) if isinstance(error, HookError) else str(error)
    return Finding(check="examination", subject=plugin, detail=f"could not be examined: {cause}", severity="error")


def _database_findings(reader: Reader) -> list[Finding]:
    """Ask SQLite itself (https://sqlite.org/pragma.html, "integrity_check", "foreign_key_check")."""
    broken = [row[0] for row in reader.tuples(f"PRAGMA integrity_check({PROBLEMS})") if row[0] != "ok"]
    found = [
        Finding(
            check="database-integrity",
            subject="data.db",
            detail=f"{text}. Stop the server and restore a backup.",
            severity="error",
        )
        for text in broken
    ]
    loose = {(row[0], row[2]) for row in reader.tuples("PRAGMA foreign_key_check")}
    found += [
        Finding(check="database-references", subject=table, detail=f"holds rows without their {parent}")
        for table, parent in sorted(loose)[:PROBLEMS]
    ]
    return found
