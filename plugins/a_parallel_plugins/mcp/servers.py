"""Lists, adds and removes servers (``http-features.md`` §1.2 to §1.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from a_parallel_contracts import Actor, ApiError, BadRequest, PluginContext
from a_parallel_plugins.mcp.cli import McpCommands
from a_parallel_plugins.mcp.entries import Entry, all_entries, effective_entries, find_entry
from a_parallel_plugins.mcp.listing import Line, read_listing
from a_parallel_plugins.mcp.models import McpServer, NewServer, Scope, Status
from a_parallel_plugins.mcp.places import Places
from a_parallel_plugins.mcp.rewriting import Rewriter
from a_parallel_plugins.mcp.store import TokenStore

Heal = Callable[[Path, Entry], Awaitable[bool]]
"""Tries to make a server accept us again whose token has ended; answers whether it does."""


class Servers:
    """What the routes do with servers."""

    def __init__(
        self,
        ctx: PluginContext,
        commands: McpCommands,
        places: Places,
        rewriter: Rewriter,
        store: TokenStore,
        heal: Heal,
    ) -> None:
        self._log = ctx.log
        self._commands = commands
        self._places = places
        self._rewriter = rewriter
        self._store = store
        self._heal = heal
        self._asking: dict[Path, asyncio.Task[list[Line]]] = {}

    async def show(self, actor: Actor, path: str, *, status: bool) -> list[McpServer]:
        """Return the servers of a directory; never an error but for a missing CLI.

        Definitions come from the CLI's files, and only how servers are from the CLI itself.
        """
        await self._commands.available()
        directory = await self._places.find(actor, path)
        if directory is None:
            return []
        lines = await self._ask(directory) if status else []
        entries = await asyncio.to_thread(effective_entries, directory)
        shared = self._places.shares(actor)
        states = await self._healed(directory, entries, {line.name: line.status for line in lines})
        known = [entry.shown(states.get(entry.name)) for entry in entries if shared or entry.scope != "user"]
        names = {entry.name for entry in entries}
        return known + [line.server for line in lines if line.name not in names and shared]

    async def add(self, actor: Actor, new: NewServer) -> None:
        """Add a server.

        Raises:
            Forbidden: the scope is not the actor's.
            BadRequest: there is no such directory, or the CLI refused.
            FailedDependency: there is no CLI, or it took too long.
        """
        self._places.admit(actor, new.scope)
        directory = await self._places.require(actor, new.project_path)
        async with self._rewriter.changing:
            await self._commands.add(directory, new.scope, new.name, new.definition)

    async def remove(self, actor: Actor, name: str, path: str, scope: Scope | None) -> None:
        """Remove a server, and the tokens that are held for it.

        Raises:
            Forbidden: the scope is not the actor's.
            BadRequest: there is no such directory or server, or several scopes have it.
            FailedDependency: there is no CLI, or it took too long.
        """
        self._places.admit(actor, scope)
        directory = await self._places.require(actor, path)
        if name.startswith("-"):
            raise BadRequest(f"{name} is no name of a server")
        async with self._rewriter.changing:
            chosen = scope or await self._only_scope(actor, directory, name)
            await self._commands.remove(directory, chosen, name)
        await self._store.delete(name, str(directory))

    async def entry(self, directory: Path, name: str) -> Entry:
        """Return a server that can be signed in at.

        Raises:
            BadRequest: there is none, or it has no address.
        """
        found = await asyncio.to_thread(find_entry, directory, name)
        if found is None:
            raise BadRequest(f'Server "{name}" not found')
        if found.url is None or not found.url.startswith(("http://", "https://")):
            raise BadRequest(f'Server "{name}" has no URL (only HTTP servers support OAuth)')
        return found

    async def _only_scope(self, actor: Actor, directory: Path, name: str) -> Scope | None:
        """Return the scope to remove from; None leaves the refusal to the CLI.

        A local entry that holds the token for one in ``.mcp.json`` goes first.
        """
        found = [entry.scope for entry in await asyncio.to_thread(all_entries, directory) if entry.name == name]
        if not self._places.shares(actor):
            found = [scope for scope in found if scope != "user"]
            if not found:
                raise BadRequest(f'No MCP server named "{name}"')
        if set(found) == {"local", "project"} and await self._store.find(name, str(directory)) is not None:
            return "local"
        return found[0] if len(found) == 1 else None

    async def _ask(self, directory: Path) -> list[Line]:
        """Return how the servers are; callers at the same time share one answer."""
        task = self._asking.get(directory)
        if task is None:
            task = asyncio.ensure_future(self._listing(directory))
            self._asking[directory] = task
            task.add_done_callback(lambda _: self._asking.pop(directory, None))
        return await asyncio.shield(task)

    async def _listing(self, directory: Path) -> list[Line]:
        try:
            return list(read_listing(await self._commands.listing(directory)))
        except ApiError as error:
            self._log.info("MCP servers of %s are listed without their state: %s", directory, error.message)
            return []

    async def _healed(
        self, directory: Path, entries: list[Entry], states: dict[str, Status | None]
    ) -> dict[str, Status | None]:
        """Return the states after servers that refused our token have been given a new one, where there is one."""
        refused = [entry for entry in entries if states.get(entry.name) in ("needs_auth", "error") and entry.url]
        healed = await asyncio.gather(*(self._heal(directory, entry) for entry in refused))
        return states | {entry.name: "ok" for entry, ok in zip(refused, healed, strict=True) if ok}
