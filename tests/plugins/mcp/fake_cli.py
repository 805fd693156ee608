"""A small ``claude mcp`` on the CLI's own files, for tests that are about the server's side of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.claude import config_file
from a_parallel_contracts.hosts import Completed

Servers = dict[str, Any]


class FakeCli:
    """Fulfils `ClaudeCli`.

    Attributes:
        calls: arguments of every call after ``mcp``.
        listing: what ``list`` prints; None for a time-out.
        refuse: decides with which text a call is refused; None lets it happen.
        missing: there is no CLI.
        knows_dash: ``add-json NAME -`` reads standard input, as in current CLIs.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.listing: str | None = "No MCP servers configured. Use `claude mcp add` to add a server."
        self.refuse: Callable[[tuple[str, ...]], str | None] = lambda call: None
        self.missing = False
        self.knows_dash = True

    async def path(self) -> Path:
        if self.missing:
            raise FailedDependency("Claude CLI not installed", extra={"message": "m", "details": "d"})
        return Path("/nowhere/claude")

    async def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path | str,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Completed:
        await self.path()
        if arguments == ["--version"]:
            version = b"2.1.330 (Claude Code)" if self.knows_dash else b"2.1.197 (Claude Code)"
            return Completed(("claude",), 0, version, b"")
        call = tuple(arguments[1:])
        self.calls.append(call)
        if refusal := self.refuse(call):
            return Completed(("claude",), 1, b"", refusal.encode())
        if call[0] == "list":
            if self.listing is None:
                raise FailedDependency("claude did not finish within 15 s and was ended")
            return Completed(("claude",), 0, self.listing.encode(), b"")
        scope, words = _scope(list(call[1:]))
        work = self._add if call[0] == "add-json" else self._remove
        status, text = work(Path(cwd), scope, words, stdin)
        return Completed(("claude",), status, b"" if status else text.encode(), text.encode() if status else b"")

    def _add(self, cwd: Path, scope: str | None, words: list[str], stdin: bytes | None) -> tuple[int, str]:
        name, text = words
        if text == "-" and self.knows_dash:
            text = (stdin or b"").decode()
        try:
            definition = json.loads(text)
        except ValueError:
            return 1, "Invalid configuration: not a JSON object. Check its quotes, commas and braces."
        where = scope or "local"
        if name in servers(cwd, where):
            return 1, f"MCP server {name} already exists in {where} config"
        change(cwd, where, lambda held: held.update({name: definition}))
        return 0, f"Added {name}"

    def _remove(self, cwd: Path, scope: str | None, words: list[str], stdin: bytes | None) -> tuple[int, str]:
        (name,) = words
        found = [one for one in ([scope] if scope else ["local", "project", "user"]) if name in servers(cwd, one)]
        if len(found) != 1:
            text = "exists in multiple scopes" if found else f'No MCP server named "{name}"'
            return 1, text
        change(cwd, found[0], lambda held: held.pop(name))
        return 0, f"Removed {name}"


def _scope(words: list[str]) -> tuple[str | None, list[str]]:
    return (words[1], words[2:]) if words[:1] == ["--scope"] else (None, words)


def servers(cwd: Path, scope: str) -> Servers:
    """Return the servers of a scope."""
    held: Servers = _holder(_load(_file(cwd, scope)), cwd, scope)
    return held


def change(cwd: Path, scope: str, work: Callable[[Servers], Any]) -> None:
    """Change the servers of a scope."""
    whole = _load(_file(cwd, scope))
    work(_holder(whole, cwd, scope))
    _file(cwd, scope).write_text(json.dumps(whole))


def _holder(whole: dict[str, Any], cwd: Path, scope: str) -> Servers:
    place = whole.setdefault("projects", {}).setdefault(str(cwd.resolve()), {}) if scope == "local" else whole
    held: Servers = place.setdefault("mcpServers", {})
    return held


def _file(cwd: Path, scope: str) -> Path:
    return cwd / ".mcp.json" if scope == "project" else config_file()


def _load(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return loaded
