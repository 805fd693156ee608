"""What plugins can do without a running server: their commands."""

import argparse
import logging
from collections.abc import Iterable
from typing import Any, cast

from msgspec import Struct
from pydantic import BaseModel

from a_parallel_contracts.database import Database
from a_parallel_contracts.plugin import Command, Manifest, PluginContext, ServerInfo
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate, Incompatible, load
from a_parallel_kernel.hooks import implements
from a_parallel_kernel.lock import holding
from a_parallel_kernel.private import make_private_directory
from a_parallel_kernel.store import opened
from a_parallel_kernel.version import VERSION

log = logging.getLogger("a_parallel.kernel")


class OfflineContext:
    """A context with settings, facts about the configured server and, for some commands, the database."""

    def __init__(self, id: str, settings: BaseModel | None, server: ServerInfo) -> None:
        self.id = id
        self.log = logging.getLogger(f"a_parallel.{id}")
        self.server = server
        self.database: Database | None = None
        self._settings = settings

    @property
    def db(self) -> Database:
        """The database, while a command that asked for it runs."""
        if self.database is None:
            raise RuntimeError("this command did not ask for the database")
        return self.database

    def settings(self, model: type[Any]) -> Any:
        """Return the plugin's settings."""
        if not isinstance(self._settings, model):
            raise TypeError(f"the manifest of {self.id} names no settings of type {model.__name__}")
        return self._settings

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} needs a running server, which a command does not have")


class OfferedCommand(Struct, frozen=True):
    """A command of a plugin, ready to be run.

    Attributes:
        command: as the plugin described it.
        manifest: the plugin's.
        context: in which it runs.
    """

    command: Command
    manifest: Manifest
    context: OfflineContext

    async def run(self, config: Config, arguments: argparse.Namespace) -> int:
        """Run it and return its exit status; the database is opened first if it asked for it.

        Raises:
            DirectoryInUse: it needs the database, and a server holds it.
            DatabaseRefused: the database cannot be used.
        """
        if not self.command.database:
            return await self.command.run(arguments)
        directory = config.server.data_directory
        make_private_directory(directory)
        with holding(directory):
            async with opened(directory) as store:
                if self.manifest.migrations:
                    await store.migrate(self.context.id, self.manifest.migrations, self.manifest.tables)
                self.context.database = store.db
                return await self.command.run(arguments)


async def offered_commands(config: Config, candidates: Iterable[Candidate]) -> dict[str, OfferedCommand]:
    """Import the enabled plugins and return their commands by name; a broken plugin only costs its own."""
    offered: dict[str, OfferedCommand] = {}
    for candidate in candidates:
        if config.enabled(candidate.id, {}):
            for command in await _commands(config, candidate):
                offered.setdefault(command.command.name, command)
    return offered


async def _commands(config: Config, candidate: Candidate) -> list[OfferedCommand]:
    try:
        plugin = await load(candidate, config.kernel.import_deadline)
        if not implements(plugin, "commands"):
            return []
        model = plugin.manifest.settings
        settings = config.plugin(candidate.id, model) if model else None
        context = OfflineContext(candidate.id, settings, _configured_server(config))
        commands = plugin.commands(cast(PluginContext, context))
        return [OfferedCommand(command, plugin.manifest, context) for command in commands]
    except Incompatible as error:
        log.warning("plugin %s: %s", candidate.id, error)
    except Exception as error:
        log.warning("plugin %s cannot offer commands: %s: %s", candidate.id, type(error).__name__, error)
        log.debug("plugin %s", candidate.id, exc_info=True)
    return []


def _configured_server(config: Config) -> ServerInfo:
    server, port = config.server, config.server.port
    return ServerInfo(
        VERSION, server.auth_mode, server.host, port, server.data_directory, server.origins, server.max_body
    )
