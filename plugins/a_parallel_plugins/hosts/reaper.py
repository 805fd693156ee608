"""Reaps children: a future for the exit status of each."""

import asyncio
import contextlib
import logging
import os
import sys
import threading
from functools import partial

UNKNOWN_STATUS = 255
"""Told when somebody else has reaped the child, as asyncio's own watchers do."""

log = logging.getLogger("a_parallel.hosts")


def watch(pid: int) -> "asyncio.Future[int]":
    """Return a future for the exit status of a child, negative for a signal.

    Through a process descriptor in the event loop where the system has them (pidfd_open(2)), else with a
    thread. asyncio's child watchers are left out: their public setters are deprecated since Python 3.12
    and gone in 3.14, and the default up to 3.11 starts a thread for each child.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()
    descriptor = _open(pid)
    if descriptor is None:
        threading.Thread(target=_wait, args=(pid, loop, ended), name=f"reap {pid}", daemon=True).start()
        return ended
    loop.add_reader(descriptor, _reap, pid, ended)
    ended.add_done_callback(partial(_close, loop, descriptor))
    return ended


def _open(pid: int) -> int | None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # an old kernel, a sandbox, or no descriptor left
            return os.pidfd_open(pid)
    return None


def _close(loop: asyncio.AbstractEventLoop, descriptor: int, _ended: "asyncio.Future[int]") -> None:
    loop.remove_reader(descriptor)
    os.close(descriptor)


def _reap(pid: int, ended: "asyncio.Future[int]") -> None:
    if not ended.done() and (status := _status(pid, os.WNOHANG)) is not None:
        ended.set_result(status)


def _wait(pid: int, loop: asyncio.AbstractEventLoop, ended: "asyncio.Future[int]") -> None:
    status = _status(pid, 0)
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_tell, ended, UNKNOWN_STATUS if status is None else status)


def _tell(ended: "asyncio.Future[int]", status: int) -> None:
    if not ended.done():
        ended.set_result(status)


def _status(pid: int, options: int) -> int | None:
    try:
        reaped, status = os.waitpid(pid, options)
    except ChildProcessError:
        log.warning("somebody else has reaped process %d; its exit status is unknown", pid)
        return UNKNOWN_STATUS
    return os.waitstatus_to_exitcode(status) if reaped else None
