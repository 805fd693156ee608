"""What the kernel knows of each plugin."""

import asyncio
import time
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from a_parallel_contracts.plugin import Manifest, Plugin, PluginState
from a_parallel_kernel.context import Context, ReleaseStack
from a_parallel_kernel.discovery import Candidate

ACTIVE = (PluginState.RUNNING, PluginState.DEGRADED)


class Figures(Struct):
    """Counters of a plugin's calls: requests, hooks, event handlers, jobs."""

    calls: int = 0
    errors: int = 0
    errors_in_a_row: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    last_error: str | None = None
    last_error_at: float | None = None

    def count(self, error: BaseException | None, seconds: float = 0.0) -> None:
        """Add one call."""
        self.calls += 1
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        if error is None:
            self.errors_in_a_row = 0
            return
        self.errors += 1
        self.errors_in_a_row += 1
        self.last_error = f"{type(error).__name__}: {error}"
        self.last_error_at = time.time()


class Record(Struct, eq=False, dict=True):
    """One plugin: its state and everything that belongs to it while it runs."""

    candidate: Candidate
    state: str = PluginState.STOPPED
    phase: str | None = None
    error: str | None = None
    since: float = field(default_factory=time.time)
    plugin: Plugin | None = None
    context: Context | None = None
    stack: ReleaseStack | None = None
    figures: Figures = field(default_factory=Figures)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def id(self) -> str:
        """Name of the entry point."""
        return self.candidate.id

    @cached_property
    def declared_api(self) -> str | None:
        """API version in the plugin's source, for as long as it is not imported."""
        return self.candidate.declared()

    @property
    def manifest(self) -> Manifest | None:
        """The plugin's manifest, once it is imported."""
        return self.plugin.manifest if self.plugin else None

    def describe(self) -> dict[str, Any]:
        """Return what ``GET /api/kernel/plugins`` shows."""
        manifest = self.manifest
        keys = ("requires", "optional", "provides")
        services = {key: [str(k) for k in getattr(manifest, key)] if manifest else [] for key in keys}
        calls = self.figures.calls
        return {
            "id": self.id,
            "state": self.state,
            "phase": self.phase,
            "error": self.error,
            "since": self.since,
            "distribution": self.candidate.distribution,
            "version": self.candidate.version,
            "api": manifest.api if manifest else self.declared_api,
            **services,
            "settingsSchema": manifest.settings.model_json_schema() if manifest and manifest.settings else None,
            "calls": calls,
            "errors": self.figures.errors,
            "errorsInARow": self.figures.errors_in_a_row,
            "meanMs": round(self.figures.seconds / calls * 1000, 3) if calls else 0.0,
            "slowestMs": round(self.figures.slowest * 1000, 3),
            "lastError": self.figures.last_error,
            "lastErrorAt": self.figures.last_error_at,
        }
