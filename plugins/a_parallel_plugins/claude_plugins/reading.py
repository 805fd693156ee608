"""Reads the CLI's index of installed plugins and what they bring (``http-features.md`` §3, ``claude-cli.md`` §16)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from a_parallel_contracts.claude import config_directory
from a_parallel_contracts.frontmatter import read_document
from a_parallel_plugins.claude_plugins.models import Command, InstalledPlugin

FILE_LIMIT = 4 * 1024 * 1024
"""Bytes that are read of a file; a larger index counts as corrupt, a larger command as one without description."""


def installed_plugins() -> list[InstalledPlugin]:
    """Return the installed plugins in the order of the index; without a readable index there are none."""
    index = _json(config_directory() / "plugins" / "installed_plugins.json").get("plugins")
    return [plugin for id, entries in _items(index) if (plugin := _plugin(id, entries)) is not None]


def _plugin(id: str, entries: Any) -> InstalledPlugin | None:
    """Return the plugin of the first entry; None for a malformed one, which must not hide the others."""
    entry = entries[0] if isinstance(entries, list) and entries else None
    path = entry.get("installPath") if isinstance(entry, dict) else None
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        return None
    described = _json(Path(path, ".claude-plugin", "plugin.json"))
    author = described.get("author")
    return InstalledPlugin(
        id=id,
        name=_text(described, "name") or id.partition("@")[0],
        description=_text(described, "description") or "",
        author=(_text(author, "name") if isinstance(author, dict) else author if isinstance(author, str) else "") or "",
        installed_at=_text(entry, "installedAt"),
        last_updated=_text(entry, "lastUpdated"),
        scope=_text(entry, "scope"),
        version=_text(entry, "version"),
        commands=tuple(_commands(Path(path))),
    )


def _commands(root: Path) -> Iterator[Command]:
    """Yield the commands by name; links that lead out of the plugin are none."""
    try:
        home = root.resolve()
        files = sorted(file for file in (root / "commands").glob("*.md") if file.is_file())
    except OSError:
        return
    for file in files:
        if file.resolve().is_relative_to(home):
            yield Command(name=file.stem, description=read_document(_read(file)).fields.get("description", ""))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    yield from value.items() if isinstance(value, dict) else ()


def _text(value: Any, key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _json(file: Path) -> dict[str, Any]:
    """Return a file's JSON object; an empty one if it is missing or something else."""
    try:
        value = json.loads(_read(file))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _read(file: Path) -> str:
    """Return a file's text; empty if it cannot be read or is too large."""
    try:
        if file.stat().st_size > FILE_LIMIT:
            return ""
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
