"""Terminals: what goes to browsers about them (``websocket.md`` §4.5, §7)."""

from a_parallel_contracts.events import Event


class PtyData(Event):
    """A terminal shows something; sent as ``pty:data``.

    Attributes:
        socket_id: of the only socket it goes to, with what was shown before; else it goes to all of the owner's.
    """

    owner: str
    socket_id: str | None = None
    pty_id: str
    data: str


class PtyAttached(Event):
    """A page picks a terminal up; sent to it alone, as ``pty:attached``, before what was shown up to then."""

    owner: str
    socket_id: str
    pty_id: str
    cwd: str
    rows: int
    cols: int
    created_at: str


class PtyExit(Event):
    """A terminal has ended; sent as ``pty:exit``, after everything it showed. The code is 0 after a signal."""

    owner: str
    pty_id: str
    exit_code: int
