"""Runs ``claude mcp`` (``claude-cli.md`` §15). Nothing here logs arguments: they may hold secrets."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a_parallel_contracts import BadRequest
from a_parallel_contracts.claude import ClaudeCli
from a_parallel_contracts.hosts import Completed
from a_parallel_plugins.mcp.models import Scope

_ADD_LIMIT = 30.0
_REMOVE_LIMIT = 15.0
_READS_STANDARD_INPUT = [2, 1, 330]
_NO_STANDARD_INPUT = re.compile(r"json|invalid (configuration|input)", re.IGNORECASE)


class McpCommands:
    """The three commands that are needed.

    Parameters:
        cli: runs them.
        list_timeout: seconds for `listing`.
    """

    def __init__(self, cli: ClaudeCli, list_timeout: float) -> None:
        self._cli = cli
        self._list_timeout = list_timeout

    async def listing(self, directory: Path) -> str:
        """Return what the CLI prints about all servers, having asked each one how it is.

        A server that does not answer in time is left out of account, so that the others' states are still told.

        Raises:
            FailedDependency: there is no CLI, or it took too long all the same.
        """
        patience = str(int(self._list_timeout * 1000 * 0.6))
        done = await self._cli.run(
            ["mcp", "list"], cwd=directory, timeout=self._list_timeout, env={"MCP_TIMEOUT": patience}
        )
        return done.text

    async def available(self) -> None:
        """Check that there is a CLI.

        Raises:
            FailedDependency: there is none.
        """
        await self._cli.path()

    async def add(self, directory: Path, scope: Scope | None, name: str, definition: Mapping[str, Any]) -> None:
        """Add a server; the definition goes through a pipe, where no list of processes shows it.

        Raises:
            BadRequest: the CLI refused; the text is the CLI's.
            FailedDependency: there is no CLI, or it took too long.
        """
        text = json.dumps(definition, ensure_ascii=False)
        options = [] if scope is None else ["--scope", scope]
        done = await self._run(directory, ["add-json", *options, name, "-"], text.encode())
        if not done.ok and _NO_STANDARD_INPUT.search(done.reason) and await self._is_old(directory):
            # It may have taken the dash for the JSON itself. Newer ones have not, and arguments are for all to see.
            done = await self._run(directory, ["add-json", *options, name, text])
        _require(done)

    async def _is_old(self, directory: Path) -> bool:
        """Tell whether the CLI is one that need not know ``add-json NAME -``."""
        done = await self._cli.run(["--version"], cwd=directory, timeout=_REMOVE_LIMIT)
        numbers = [int(number) for number in re.findall(r"\d+", done.text)[:3]]
        return done.ok and bool(numbers) and numbers < _READS_STANDARD_INPUT

    async def remove(self, directory: Path, scope: Scope | None, name: str) -> None:
        """Remove a server.

        Raises:
            BadRequest: the CLI refused; the text is the CLI's.
            FailedDependency: there is no CLI, or it took too long.
        """
        options = [] if scope is None else ["--scope", scope]
        _require(await self._run(directory, ["remove", *options, name], timeout=_REMOVE_LIMIT))

    async def _run(
        self, directory: Path, arguments: list[str], stdin: bytes | None = None, timeout: float = _ADD_LIMIT
    ) -> Completed:
        return await self._cli.run(["mcp", *arguments], cwd=directory, timeout=timeout, stdin=stdin)


def _require(done: Completed) -> None:
    if not done.ok:
        raise BadRequest(done.reason)
