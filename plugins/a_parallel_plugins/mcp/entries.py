"""Reads the servers in the CLI's files (``http-features.md`` §1.1, ``claude-cli.md`` §15)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct

from a_parallel_contracts.claude import config_file
from a_parallel_plugins.mcp.models import Kind, McpServer, Scope, Status
from a_parallel_plugins.mcp.roots import configuration_root

_FILE_LIMIT = 64 * 1024 * 1024


class Entry(Struct, frozen=True):
    """A server as it stands in a file.

    Attributes:
        name: of the server.
        scope: which file, and where in it.
        definition: the entry as it is.
    """

    name: str
    scope: Scope
    definition: Mapping[str, Any]

    @property
    def url(self) -> str | None:
        """Address of a remote server."""
        url = self.definition.get("url")
        return url if isinstance(url, str) else None

    @property
    def kind(self) -> Kind:
        """Type; what speaks another protocol over an address counts as ``http``."""
        named = self.definition.get("type")
        known: dict[object, Kind] = {kind: kind for kind in get_args(Kind)}
        return known.get(named, "stdio" if self.url is None else "http")

    @property
    def authorization(self) -> str | None:
        """The header that the CLI sends."""
        headers = self.definition.get("headers")
        pairs = headers.items() if isinstance(headers, dict) else ()
        return next((value for name, value in pairs if name.lower() == "authorization"), None)

    def with_bearer(self, token: str) -> dict[str, Any]:
        """Return the definition with another token and everything else as it is."""
        headers = self.definition.get("headers")
        pairs = headers.items() if isinstance(headers, dict) else ()
        others = {name: value for name, value in pairs if name.lower() != "authorization"}
        return {**self.definition, "type": self.kind, "headers": {**others, "Authorization": f"Bearer {token}"}}

    def shown(self, status: Status | None) -> McpServer:
        """Return the server as clients see it: without environment and headers."""
        if self.kind != "stdio":
            return McpServer(name=self.name, type=self.kind, url=self.url, status=status, scope=self.scope)
        command, args = self.definition.get("command"), self.definition.get("args")
        return McpServer(
            name=self.name,
            type="stdio",
            command=command if isinstance(command, str) else "",
            args=tuple(map(str, args)) if isinstance(args, list) else (),
            status=status,
            scope=self.scope,
        )


def all_entries(directory: Path) -> list[Entry]:
    """Return the servers of all scopes for a directory, in the order in which the CLI lists them.

    What cannot be read counts as empty.
    """
    settings = _json(config_file())
    project = _mapping(_mapping(settings.get("projects")).get(str(configuration_root(directory))))
    return [
        *_entries(_json(directory / ".mcp.json"), "project"),
        *_entries(settings, "user"),
        *_entries(project, "local"),
    ]


def effective_entries(directory: Path) -> list[Entry]:
    """Return each server once: of several scopes that have its name local wins over project over user."""
    entries = all_entries(directory)
    rank = {"local": 0, "project": 1, "user": 2}
    winners = {entry.name: entry for entry in sorted(entries, key=lambda entry: -rank[entry.scope])}
    return [entry for entry in entries if winners[entry.name] is entry]


def find_entry(directory: Path, name: str) -> Entry | None:
    """Return the server called `name` that is in force."""
    return next((entry for entry in effective_entries(directory) if entry.name == name), None)


def _entries(holder: Mapping[str, Any], scope: Scope) -> Iterator[Entry]:
    for name, definition in _mapping(holder.get("mcpServers")).items():
        if isinstance(definition, dict):
            yield Entry(name, scope, definition)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _json(file: Path) -> Mapping[str, Any]:
    try:
        if file.stat().st_size > _FILE_LIMIT:
            return {}
        return _mapping(json.loads(file.read_text("utf-8", "replace")))
    except (OSError, ValueError, RecursionError):
        return {}
