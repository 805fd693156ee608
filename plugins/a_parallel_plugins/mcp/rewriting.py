"""Exchanges an entry of the CLI's configuration without ever losing it (``http-features.md`` §1.7).

The CLI refuses to overwrite, so an entry is taken out and put in anew. Between the two it stands in a table of ours:
if the second step fails the old entry goes back, and if this process dies the next one puts it back.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a_parallel_contracts import ApiError, BadRequest, FailedDependency, PluginContext, Row, new_id, now
from a_parallel_contracts.secrets import SECRETS, Secrets
from a_parallel_plugins.mcp.cli import McpCommands
from a_parallel_plugins.mcp.entries import Entry, all_entries, find_entry

_INSERT = """
    INSERT INTO mcp_rewrites (id, directory, scope, name, definition, created_at)
    VALUES (:id, :directory, :scope, :name, :definition, :created_at)
"""
_PENDING = "SELECT id, directory, scope, name, definition FROM mcp_rewrites ORDER BY created_at"
_DONE = "DELETE FROM mcp_rewrites WHERE id = ?"


class Rewriter:
    """Exchanges entries, one at a time."""

    def __init__(self, ctx: PluginContext, commands: McpCommands) -> None:
        self._ctx = ctx
        self._secrets: Secrets = ctx.get(SECRETS)
        self._commands = commands
        self.changing = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()

    async def set_bearer(self, directory: Path, entry: Entry, token: str) -> None:
        """Let the CLI send `token` to a server.

        ``.mcp.json`` is for everybody who has the repository, so a token for a server in it goes into an entry of
        the scope local, which wins. Goes on to the end even if the caller is cancelled.

        Raises:
            BadRequest: the CLI refused, and the entry is as it was; or the server is not there any more.
            FailedDependency: there is no CLI, or it took too long; the entry is as it was.
        """
        task = asyncio.ensure_future(self._set_bearer(directory, entry, token))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def restore(self) -> None:
        """Put back what an earlier server took out and did not put in again."""
        async with self.changing:
            await self._restore_all()

    async def _restore_all(self) -> None:
        for row in await self._ctx.db.rows(_PENDING):
            try:
                await self._restore(row)
            except ApiError as error:
                self._ctx.log.error("The MCP server %s could not be put back: %s", row["name"], error.message)

    async def _restore(self, row: Row) -> None:
        directory, kept = Path(row["directory"]), self._secrets.decrypt(row["definition"])
        present = await asyncio.to_thread(_is_there, directory, row["scope"], row["name"])
        if not present:
            if kept is None:
                raise FailedDependency("its definition cannot be decrypted with the key of this data directory")
            await self._commands.add(directory, row["scope"], row["name"], json.loads(kept))
            self._ctx.log.warning("Put back the MCP server %s of %s", row["name"], directory)
        await self._done(row["id"])

    async def _set_bearer(self, directory: Path, expected: Entry, token: str) -> None:
        async with self.changing:
            entry = await asyncio.to_thread(find_entry, directory, expected.name)
            if entry is None or entry.url != expected.url:  # a token goes to nobody but whom it is for
                raise BadRequest(f"The MCP server {expected.name} was changed or removed meanwhile")
            definition = entry.with_bearer(token)
            if entry.scope == "project":
                await self._commands.add(directory, "local", entry.name, definition)
            else:
                await self._exchange(directory, entry, definition)

    async def _exchange(self, directory: Path, entry: Entry, definition: Mapping[str, Any]) -> None:
        kept = await self._keep(directory, entry)
        try:
            await self._commands.remove(directory, entry.scope, entry.name)
            await self._commands.add(directory, entry.scope, entry.name, definition)
        except ApiError:
            await self._restore_all()
            raise
        await self._done(kept)

    async def _keep(self, directory: Path, entry: Entry) -> str:
        row = {
            "id": new_id(),
            "directory": str(directory),
            "scope": entry.scope,
            "name": entry.name,
            "definition": self._secrets.encrypt(json.dumps(dict(entry.definition))),
            "created_at": now(),
        }
        await self._ctx.db.write(lambda tx: tx.execute(_INSERT, row))
        return str(row["id"])

    async def _done(self, id: str) -> None:
        await self._ctx.db.write(lambda tx: tx.execute(_DONE, (id,)))


def _is_there(directory: Path, scope: str, name: str) -> bool:
    return any(entry.name == name and entry.scope == scope for entry in all_entries(directory))
