"""Takes the address before anything else happens, so that a port in use costs nothing and changes nothing."""

import errno
import os
import socket
from pathlib import Path

from a_parallel_kernel.config import ServerSettings
from a_parallel_kernel.handover import inherited


class AddressInUse(Exception):
    """The address cannot be listened on; the text says why and what to do."""


def take_address(server: ServerSettings) -> socket.socket:
    """Return a bound socket; it listens, but nobody is answered yet.

    Raises:
        AddressInUse: somebody else has it, or it is none of this machine's.
    """
    if (listener := inherited(server)) is not None:
        return listener
    if server.unix_socket is not None:
        return _take_path(server.unix_socket.expanduser())
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise AddressInUse(f"the host {server.host!r} is no address of this machine: {error.strerror}") from None
    taken = socket.socket(family, kind, protocol)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        # Only listening finds out about another listener where SO_REUSEADDR lets both bind.
        taken.listen(1024)
    except OSError as error:
        taken.close()
        raise AddressInUse(_reason(server, error)) from None
    return taken


def _reason(server: ServerSettings, error: OSError) -> str:
    where = f"{server.host}:{server.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use by another program; stop it, or choose another port with --port N"
    return f"cannot listen on {where}: {error.strerror}"


def _take_path(path: Path) -> socket.socket:
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # For the moment only: agents and git write files for people, with the modes that people chose.
    umask = os.umask(0o177)
    try:
        _remove_stale(path)
        taken.bind(str(path))
    except OSError as error:
        taken.close()
        raise AddressInUse(f"cannot listen on {path}: {error.strerror}") from None
    finally:
        os.umask(umask)
    return taken


def _remove_stale(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def url_of(taken: socket.socket) -> tuple[str, int, str]:
    """Return host, port and URL of a bound socket; port 0 and ``unix:`` for a Unix socket."""
    if taken.family == socket.AF_UNIX:
        path = taken.getsockname()
        return str(path), 0, f"unix:{path}"
    host, port = taken.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - shown to people, not bound
        shown = "127.0.0.1"
    return host, port, f"http://{shown}:{port}"
