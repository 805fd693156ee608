"""Terminals: what goes to browsers about them (``websocket.md`` §4.5, §7)."""

from a_parallel_contracts.events import Event


class PtyData(Event):
    """A terminal shows something; sent as ``pty:data`` to all sockets of its owner."""

    owner: str
    pty_id: str
    data: str


class PtyExit(Event):
    """A terminal has ended; sent as ``pty:exit``, after everything it showed. The code is 0 after a signal."""

    owner: str
    pty_id: str
    exit_code: int
