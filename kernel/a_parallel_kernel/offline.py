"""What plugins can do without a running server: their commands."""

import logging
from collections.abc import Iterable
from typing import Any, cast

from pydantic import BaseModel

from a_parallel_contracts.plugin import Command, PluginContext
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate, Incompatible, load
from a_parallel_kernel.hooks import implements

log = logging.getLogger("a_parallel.kernel")


class OfflineContext:
    """A context with settings only; everything else says that there is no server."""

    def __init__(self, id: str, settings: BaseModel | None) -> None:
        self.id = id
        self.log = logging.getLogger(f"a_parallel.{id}")
        self._settings = settings

    def settings(self, model: type[Any]) -> Any:
        """Return the plugin's settings."""
        if not isinstance(self._settings, model):
            raise TypeError(f"the manifest of {self.id} names no settings of type {model.__name__}")
        return self._settings

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} needs a running server; a command has only settings")


async def offered_commands(config: Config, candidates: Iterable[Candidate]) -> dict[str, Command]:
    """Import the enabled plugins and return their commands by name; a broken plugin only costs its own."""
    offered: dict[str, Command] = {}
    for candidate in candidates:
        if config.enabled(candidate.id, {}):
            for command in await _commands(config, candidate):
                offered.setdefault(command.name, command)
    return offered


async def _commands(config: Config, candidate: Candidate) -> list[Command]:
    try:
        plugin = await load(candidate, config.kernel.import_deadline)
        if not implements(plugin, "commands"):
            return []
        model = plugin.manifest.settings
        settings = config.plugin(candidate.id, model) if model else None
        return list(plugin.commands(cast(PluginContext, OfflineContext(candidate.id, settings))))
    except Incompatible as error:
        log.warning("plugin %s: %s", candidate.id, error)
    except Exception:
        log.warning("plugin %s cannot offer commands", candidate.id, exc_info=True)
    return []
