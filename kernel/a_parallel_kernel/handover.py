"""Replaces the running server by a new one of the same command line: in the same process, on the same socket.

Whoever started the server, a terminal or a service manager, goes on seeing the same process, and nobody who connects
meanwhile is refused: connections wait until the new server takes them.
"""

import contextlib
import os
import signal
import socket
import sys
from typing import NoReturn

from a_parallel_kernel.config import ServerSettings

VARIABLE = "_A_PARALLEL_LISTENER"
"""Holds the descriptor of the listening socket from one server to the next; it must not look like a setting."""

SIGNAL = signal.SIGUSR2
"""Asks a server for it."""


def offer(listener: socket.socket) -> int:
    """Return a descriptor of a listening socket that stays open for the next server."""
    descriptor = os.dup(listener.fileno())
    os.set_inheritable(descriptor, True)
    return descriptor


def execute(descriptor: int | None) -> NoReturn:
    """Become the next server; this one has stopped by now.

    Parameters:
        descriptor: from `offer`; None if the next server has to take its address by itself.

    Raises:
        OSError: the interpreter is gone.
    """
    if descriptor is not None:
        os.environ[VARIABLE] = str(descriptor)
    signal.signal(SIGNAL, signal.SIG_IGN)  # until the next server listens to it: by default it would end the process
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same command line again


def inherited(server: ServerSettings) -> socket.socket | None:
    """Return the socket of the server before, if it listens where this one is to listen."""
    descriptor = os.environ.pop(VARIABLE, "")
    if not descriptor.isdigit():
        return None
    try:
        listener = socket.socket(fileno=int(descriptor))
    except OSError:
        return None
    listener.set_inheritable(False)
    if _fits(listener, server):
        return listener
    listener.close()
    return None


def _fits(listener: socket.socket, server: ServerSettings) -> bool:
    try:
        if server.unix_socket is not None:
            return bool(listener.getsockname() == str(server.unix_socket.expanduser()))
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        host, port = listener.getsockname()[:2]
    except (OSError, ValueError):
        return False
    return found[0] == listener.family and found[4][0] == host and server.port in (0, port)
