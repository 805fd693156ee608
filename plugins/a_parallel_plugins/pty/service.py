"""Everybody's terminals, by user and id (``websocket.md`` §7, §8)."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from a_parallel_contracts import (
    SOCKETS,
    Actor,
    ApiError,
    Conflict,
    Forbidden,
    PluginContext,
    ServiceUnavailable,
    Socket,
    SocketClosed,
    SocketOpened,
)
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.hosts import HOLDERS, HOSTS, SERVER_VARIABLES, Held, Holders, Owner, Pty
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.pty import PtyData, PtyExit
from a_parallel_plugins.pty import models
from a_parallel_plugins.pty.attendance import Attendance
from a_parallel_plugins.pty.places import real_path, working_directory
from a_parallel_plugins.pty.settings import PtySettings
from a_parallel_plugins.pty.terminal import Terminal

ENVIRONMENT = {
    **SERVER_VARIABLES,
    **dict.fromkeys(("COLUMNS", "LINES", "TMUX*", "STY", "WINDOW*", "TERMCAP")),
    "TERM": "xterm-256color",
}

Key = tuple[str, str]
Opening = Callable[[int, int], Awaitable[Pty]]


class TerminalService:
    """Handles what pages send. A terminal of somebody else is as good as none."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._settings = ctx.settings(PtySettings)
        self._sockets = ctx.get(SOCKETS)
        self._terminals: dict[Key, Terminal] = {}
        self._leaving: dict[Terminal, asyncio.Task[None]] = {}
        self._unseen: dict[Key, int] = {}
        self._closed = False
        self._deferred = False

    def __len__(self) -> int:
        return len(self._terminals)

    # --- what pages send --------------------------------------------------------------------------

    async def spawn(self, socket: Socket, message: models.Spawn) -> None:
        """Open a terminal, unless the user has one of that id; failure is told as its output and exit."""
        key = (socket.actor.user_id, message.id)
        if terminal := self._terminals.get(key):
            terminal.attendance.seen(socket.id)
            return
        self._end_with_plugin()
        self._forget(key)
        full = not self._make_room(key[0])
        self._terminals[key] = self._make(socket, message, full=full)

    def _end_with_plugin(self) -> None:
        if not self._deferred:
            # Now and not in lifespan: what is deferred last goes first, while browsers can still be told.
            self._deferred = True
            self._ctx.defer(self.close)

    async def write(self, socket: Socket, message: models.Write) -> None:
        """Pass keystrokes on."""
        if (terminal := self._own(socket, message.id)) and not terminal.write(message.data.encode("utf-8", "replace")):
            self._ctx.log.warning("terminal %s does not read; keystrokes are lost", terminal.id)

    async def resize(self, socket: Socket, message: models.Resize) -> None:
        """Set a window size."""
        if terminal := self._own(socket, message.id):
            terminal.resize(message.rows, message.cols)

    async def kill(self, socket: Socket, message: models.Named) -> None:
        """Hang a terminal up; its id is free at once."""
        self._unseen.pop((socket.actor.user_id, message.id), None)
        if terminal := self._own(socket, message.id):
            self._hang_up(terminal)

    async def show_all(self, socket: Socket, message: models.Nothing) -> None:
        """Tell a page which terminals its user has."""
        mine = [terminal.info for key, terminal in self._terminals.items() if key[0] == socket.actor.user_id]
        socket.send("pty:list", models.TerminalList(terminals=mine))

    async def attach(self, socket: Socket, message: models.Named) -> None:
        """Show a page the end of what a terminal has shown; the rest comes as to any page of the user."""
        if terminal := self._own(socket, message.id):
            # Not with Socket.send, which could overtake what was published before.
            self._ctx.publish(terminal.attached(socket.id))
            if recent := terminal.recent:
                data = PtyData(owner=terminal.owner, socket_id=socket.id, pty_id=terminal.id, data=recent)
                self._ctx.publish(data)

    def _own(self, socket: Socket, id: str) -> Terminal | None:
        terminal = self._terminals.get((socket.actor.user_id, id))
        if terminal is None or not self._allowed(socket.actor):
            return None
        terminal.attendance.seen(socket.id)
        return terminal

    # --- opening ----------------------------------------------------------------------------------

    def _make(self, socket: Socket, message: models.Spawn, *, full: bool) -> Terminal:
        actor = socket.actor

        async def opening(rows: int, cols: int) -> Pty:
            self._refuse(actor, full=full)
            cwd = await working_directory(message.cwd, actor, self._ctx.find(PROJECTS))
            note = {"user": actor.user_id, "cwd": message.cwd, "created": terminal.info.created_at}
            return await self._open(Owner("terminal", message.id), cwd, rows, cols, note)

        terminal = self._terminal(actor.user_id, message.id, message.cwd, message.size, opening, None)
        terminal.attendance.seen(socket.id)
        return terminal

    async def _open(self, owner: Owner, cwd: str, rows: int, cols: int, note: Mapping[str, str]) -> Pty:
        argv, holders = [self._shell], self._ctx.find(HOLDERS)
        survives = self._settings.survive
        if holders is not None and (holders.wanted if survives is None else survives):
            return await holders.open_pty(argv, cwd=cwd, owner=owner, rows=rows, cols=cols, note=note, env=ENVIRONMENT)
        host = self._ctx.get(HOSTS).get()
        return await host.open_pty(argv, cwd=cwd, owner=owner, rows=rows, cols=cols, env=ENVIRONMENT)

    def _terminal(
        self, user_id: str, id: str, cwd: str, size: tuple[int, int], opening: Opening, created_at: str | None
    ) -> Terminal:
        terminal = Terminal(
            user_id,
            id,
            cwd,
            size,
            opening=opening,
            attendance=Attendance(self._settings.grace, lambda: self._hang_up(terminal)),
            sockets=self._sockets,
            publish=self._ctx.publish,
            ended=self._ended,
            created_at=created_at,
        )
        return terminal

    async def adopt(self) -> None:
        """Take over the terminals that have outlived an earlier server."""
        holders = self._ctx.find(HOLDERS)
        if holders is None or self._ctx.server.maintenance:
            return
        for held in await asyncio.to_thread(holders.list):
            if held.terminal and held.owner.kind == "terminal" and "user" in held.note:
                await self._adopt(holders, held)

    async def _adopt(self, holders: Holders, held: Held) -> None:
        try:
            pty = await holders.attach_pty(held.name)
        except ApiError as error:
            self._ctx.log.warning("a terminal is lost: %s", error.message)
            return

        async def opening(rows: int, cols: int) -> Pty:
            return pty

        self._ctx.log.info("the terminal %s goes on", held.owner.key)
        note = held.note
        terminal = self._terminal(note["user"], held.owner.key, note["cwd"], pty.size, opening, note["created"])
        self._terminals[terminal.key] = terminal
        terminal.attendance.forsake()
        self._end_with_plugin()

    @property
    def _shell(self) -> str:
        return self._settings.shell or os.environ.get("SHELL") or "bash"

    def _allowed(self, actor: Actor) -> bool:
        return actor.administers or not self._settings.admins_only

    def _refuse(self, actor: Actor, *, full: bool) -> None:
        if self._closed:
            raise ServiceUnavailable("The server is stopping; the terminal was not opened.")
        if not self._allowed(actor):
            raise Forbidden("Terminals are for admins only, unless admins_only = false is set under [plugins.pty].")
        if full:
            raise Conflict(f"You have {self._settings.limit} terminals open. Close one first.")

    def _make_room(self, user_id: str) -> bool:
        """Hang up the terminal that nobody has attended to for the longest time, if there must be room."""
        mine = [terminal for terminal in self._terminals.values() if terminal.owner == user_id]
        if len(mine) < self._settings.limit:
            return True
        orphans = [(terminal.attendance.since, terminal) for terminal in mine if terminal.attendance.since is not None]
        if not orphans:
            return False
        self._hang_up(min(orphans, key=lambda one: one[0])[1])
        return True

    # --- ends -------------------------------------------------------------------------------------

    def _forget(self, key: Key) -> None:
        """Let nobody hear any more of earlier terminals with that id."""
        self._unseen.pop(key, None)
        for terminal in self._leaving:
            terminal.muted |= terminal.key == key

    def _hang_up(self, terminal: Terminal) -> "asyncio.Task[None]":
        if terminal in self._leaving:
            return self._leaving[terminal]
        if self._terminals.get(terminal.key) is terminal:
            del self._terminals[terminal.key]
        task = asyncio.create_task(self._logged(terminal.hang_up()), name=f"hang up {terminal.id}")
        self._leaving[terminal] = task
        task.add_done_callback(lambda _: self._leaving.pop(terminal, None))
        return task

    async def _logged(self, ending: Coroutine[Any, Any, None]) -> None:
        try:
            await ending
        except Exception:
            self._ctx.log.exception("a terminal does not end")

    def _ended(self, terminal: Terminal, code: int) -> None:
        if self._terminals.get(terminal.key) is terminal:
            del self._terminals[terminal.key]
        if terminal.muted:
            return
        if self._sockets.connected(terminal.owner):
            self._tell(terminal.key, code)
        else:
            self._unseen[terminal.key] = code

    def _tell(self, key: Key, code: int) -> None:
        self._ctx.publish(PtyExit(owner=key[0], pty_id=key[1], exit_code=code))

    async def _hang_up_all(self, chosen: Callable[[Terminal], bool]) -> None:
        """Hang up and wait for it, also for what is being hung up already."""
        tasks = [self._hang_up(one) for one in [*self._terminals.values(), *self._leaving] if chosen(one)]
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Open nothing more and hang everything up, but for what another server will go on with."""
        self._closed = True
        if self._ctx.handing_over:
            left = [terminal for terminal in self._terminals.values() if terminal.held]
            for terminal in left:
                del self._terminals[terminal.key]
                await terminal.leave()
        await self._hang_up_all(lambda terminal: True)

    async def leave(self, directory: str) -> None:
        """Hang up all terminals that were opened in a directory or below."""
        inside = await asyncio.to_thread(_inside, directory, list(self._terminals.values()))
        await self._hang_up_all(inside.__contains__)

    # --- what happens around ----------------------------------------------------------------------

    async def opened(self, event: SocketOpened) -> None:
        """Tell a user who is back which terminals have ended meanwhile."""
        for key in [key for key in self._unseen if key[0] == event.user_id]:
            self._tell(key, self._unseen.pop(key))

    async def closed(self, event: SocketClosed) -> None:
        """Note that a page attends to no terminal any more."""
        for terminal in self._terminals.values():
            terminal.attendance.gone(event.socket_id)

    async def user_deleted(self, event: UserDeleted) -> None:
        """Hang up the terminals of a user who is gone."""
        await self._hang_up_all(lambda terminal: terminal.owner == event.user_id)
        for key in [key for key in self._unseen if key[0] == event.user_id]:
            del self._unseen[key]


def _inside(directory: str, terminals: Iterable[Terminal]) -> set[Terminal]:
    root = real_path(directory)
    absolute = [terminal for terminal in terminals if terminal.cwd.startswith("/") and "\0" not in terminal.cwd]
    return {terminal for terminal in absolute if real_path(terminal.cwd).is_relative_to(root)}
