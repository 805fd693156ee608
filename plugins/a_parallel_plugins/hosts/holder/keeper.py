"""Holds one program: between its streams, the spool and the server, until nobody wants to know any more."""

import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .program import Program
from .spool import PIECE, Spool
from .stdin import Input
from .wire import SIZE, Server, frames

AHEAD = 256 * 1024
"""Unsent bytes at which the program has to wait for a server that is there."""

TAIL = 8 * 1024
"""Bytes of standard error that are kept."""

LINGER = {False: 0.5, True: 0.1}
"""Seconds after its exit for which others who hold its pipes, or its terminal, are listened to."""

GRACE = 3.0
PAUSE = 0.1
"""Seconds between two looks at who is still there, or whether the disk has room again."""

READ, WRITE, NEVER = selectors.EVENT_READ, selectors.EVENT_WRITE, float("inf")


class Keeper:
    """The loop.

    Parameters:
        program: just started.
        spool: for its output.
        limit: bytes in the spool at which it has to wait while there is no server.
        patience: seconds without a server after which it is ended.
        forget: takes away everything that lets others find it.
    """

    def __init__(
        self, program: Program, spool: Spool, *, limit: int, patience: float, forget: Callable[[], None]
    ) -> None:
        self._program = program
        self._spool = spool
        self._limit = limit
        self._patience = patience
        self._forget = forget
        self._selector = selectors.DefaultSelector()
        self._server: Server | None = None
        self._input = Input(program, self._answer)
        self._alone_since = time.monotonic()
        self._tail = b""
        self._sent = 0
        self._unspooled = b""
        self._over = self._dismissed = self._done = False
        self._cut_at = self._force_at = self._retry_at = NEVER
        self._asked: set[int] = set()

    def run(self, listener: socket.socket, woken: int) -> None:
        """Hold it; `woken` has something to read after each signal."""
        self._selector.register(listener, READ, lambda mask: self._accept(listener))
        self._selector.register(woken, READ, lambda mask: os.read(woken, 512))
        while not self._done:
            self._await_events()
            for key, mask in self._selector.select(self._timeout()):
                if key.fd in self._selector.get_map():  # an earlier callback may have closed it
                    key.data(mask)
            self._advance(time.monotonic())

    def end(self, grace: float = GRACE) -> None:
        """End the program and all that belongs to it, by force after `grace` seconds."""
        self._force_at = min(self._force_at, time.monotonic() + grace)

    # --- what is waited for -----------------------------------------------------------------------

    def _watch(self, what: Any, events: int, callback: Callable[[int], object] = print) -> None:
        known = self._selector.get_map().get(what)
        if known and not events:
            self._selector.unregister(what)
        elif events and not known:
            self._selector.register(what, events, callback)
        elif known and known.events != events:
            self._selector.modify(what, events, callback)

    def _await_events(self) -> None:
        program, server = self._program, self._server
        if program.out >= 0:
            self._watch(program.out, 0 if self._full() else READ, lambda mask: self._read_out())
        if program.err >= 0:
            self._watch(program.err, READ, lambda mask: self._read_err())
        if program.stdin >= 0:
            self._watch(program.stdin, WRITE if self._input.waiting else 0, lambda mask: self._write())
        if server:
            self._watch(server.socket, READ | (WRITE if server.sending else 0), lambda mask: self._receive(mask))

    def _full(self) -> bool:
        """Whether the program has to wait: for room on the disk, for the server, or for one to come."""
        if self._over:
            return False
        if self._unspooled:
            return True
        if self._server and self._server.hello:
            return self._spool.end - self._server.sent > AHEAD
        return self._spool.end - self._spool.start >= self._limit

    def _timeout(self) -> float | None:
        now = time.monotonic()
        moments = [self._cut_at, self._retry_at]
        if self._force_at < NEVER:
            moments.append(now + PAUSE)
        elif not self._server:
            moments.append(self._alone_since + self._patience)
        soonest = min(moments)
        return None if soonest == NEVER else max(0.0, soonest - now)

    def _advance(self, now: float) -> None:
        program = self._program
        if program.reap():
            self._cut_at = now + LINGER[program.terminal]
            self._close(self._input.close)
        if self._unspooled and now >= self._retry_at:
            self._take(b"")
        ended = program.status is not None
        if ended and not self._over and (program.silent or now >= self._cut_at):
            self._over, self._cut_at = True, NEVER
        if not self._server and self._force_at == NEVER and now >= self._alone_since + self._patience:
            self.end()
        if self._force_at < NEVER:
            self._end_family(now)
        if ended and self._dismissed and program.silent:
            self._done = True
        self._send()

    # --- the program ------------------------------------------------------------------------------

    def _close(self, close: Callable[[], object]) -> None:
        if self._program.stdin >= 0:
            self._watch(self._program.stdin, 0)
        close()

    def _read_out(self) -> None:
        data = self._program.read(self._program.out)
        if data:
            if not (self._over or self._dismissed):
                self._take(data)
        elif data is not None:
            self._watch(self._program.out, 0)
            os.close(self._program.out)
            self._program.out = -1

    def _take(self, data: bytes) -> None:
        """Put output into the spool; while the disk is full the program waits."""
        data, before = self._unspooled + data, self._spool.end
        self._unspooled, self._retry_at = b"", NEVER
        try:
            self._spool.append(data)
        except OSError:
            self._unspooled, self._retry_at = data[self._spool.end - before :], time.monotonic() + PAUSE

    def _read_err(self) -> None:
        data = self._program.read(self._program.err)
        if data:
            self._tail = (self._tail + data)[-TAIL:]
            if self._server and self._server.hello and len(self._server.sending) < AHEAD:
                self._server.tell(b"E", 0, data)
        elif data is not None:
            self._watch(self._program.err, 0)
            os.close(self._program.err)
            self._program.err = -1

    def _write(self) -> None:
        if not self._input.write():
            self._close(self._input.close)

    def _end_family(self, now: float) -> None:
        members = self._program.members()
        if not members and self._program.status is not None:
            self._force_at = NEVER
            if not (self._server and self._server.hello):
                self._done = True
        for pid in members:
            with suppress(OSError):
                if now >= self._force_at:
                    os.kill(pid, signal.SIGKILL)
                elif pid not in self._asked:
                    self._asked.add(pid)
                    os.kill(pid, signal.SIGHUP if self._program.terminal else signal.SIGTERM)
                    os.kill(pid, signal.SIGCONT)

    # --- the server -------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        """Let a server in; there is one for a data directory, so an earlier one is as good as gone."""
        connection, _ = listener.accept()
        self._hear_out()
        self._server = Server(connection)

    def _hear_out(self) -> None:
        """Do what an earlier server has asked for before it went, for it counts on that, and let go of it."""
        while self._receive(READ):
            pass
        self._drop()

    def _drop(self) -> None:
        if self._server:
            self._watch(self._server.socket, 0)
            self._server.socket.close()
            self._server, self._alone_since = None, time.monotonic()
            self._input.forget_numbers()

    def _answer(self, kind: bytes, number: int) -> None:
        if self._server:
            self._server.tell(kind, number)

    def _receive(self, mask: int) -> bool:
        """Take what the server has sent, and tell whether there was anything."""
        server = self._server
        if server is None or not mask & READ:
            return False
        try:
            data = server.socket.recv(4 * PIECE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if not data:
            self._drop()
            return False
        server.received += data
        for kind, number, payload in frames(server.received):
            self._obey(server, kind, number, payload)
        return True

    def _obey(self, server: Server, kind: bytes, number: int, payload: bytes) -> None:  # noqa: C901 - one case each
        match kind:
            case b"h":
                self._greet(server, json.loads(payload))
            case b"w":
                self._input.take(number, payload)
            case b"e":
                self._close(self._input.finish)
            case b"t":
                server.taken = number
            case b"a":
                self._spool.release(number)
            case b"r":
                self._program.resize(*SIZE.unpack(payload))
            case b"f":
                server.tell(b"F", self._program.foreground)
            case b"k":
                self.end(number / 1000)
            case b"b":
                self._dismissed = True
                self._forget()
                self._drop()

    def _greet(self, server: Server, wanted: dict[str, Any]) -> None:
        begin = max(self._spool.start, wanted["from"] or 0)
        server.sent = server.taken = begin
        server.window, server.hello = wanted["window"], True
        told = {
            "from": begin,
            "sent": max(begin, self._sent),
            "keys": list(self._input.keys),
            "size": self._program.size,
        }
        server.tell(b"H", 0, json.dumps(told).encode())
        if self._tail:
            server.tell(b"E", 0, self._tail)

    def _send(self) -> None:
        server = self._server
        if server is None or not server.hello:
            return
        try:
            while self._fill(server) and server.send():
                pass
        except OSError:
            self._hear_out()

    def _fill(self, server: Server) -> bool:
        """Queue what may be sent and tell whether anything is queued."""
        until = min(self._spool.end, server.taken + server.window)
        while server.sent < until and len(server.sending) < AHEAD:
            data = self._spool.read(server.sent)[: until - server.sent]
            server.tell(b"O", server.sent, data)
            server.sent += len(data)
            self._sent = max(self._sent, server.sent)
        complete = self._over and not self._unspooled and server.sent == self._spool.end
        if complete and not server.told:
            server.told = True
            server.tell(b"X", 0, json.dumps(self._program.status).encode())
        return bool(server.sending)
