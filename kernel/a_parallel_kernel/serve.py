"""Runs the server until a signal ends it."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable

from a_parallel_kernel import handover, logs
from a_parallel_kernel.app import Kernel
from a_parallel_kernel.config import Config
from a_parallel_kernel.listen import AddressInUse
from a_parallel_kernel.lock import DirectoryInUse
from a_parallel_kernel.migrate import DatabaseRefused
from a_parallel_kernel.supervisor import BootError
from a_parallel_kernel.tallies import keep_no_tally

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Signals:
    """What people and service managers ask for.

    Parameters:
        kernel: the server.
        check: raises if the next server would not understand its command line or configuration.

    Attributes:
        stop: set when the server is to stop.
        next: descriptor of the socket for the next server, if there is to be one.
    """

    def __init__(self, kernel: Kernel, check: Callable[[], object]) -> None:
        self.stop = asyncio.Event()
        self.next: int | None = None
        self._kernel = kernel
        self._check = check

    def install(self) -> None:
        """Listen to them."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        # A terminal that is closed sends it more than once; under nohup it is ignored.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self.stop.set)
        loop.add_signal_handler(handover.SIGNAL, self._hand_over)

    def _end(self) -> None:
        if self.next is not None:
            self._kernel.handing_over, self.next = False, None
        elif self.stop.is_set():
            os._exit(1)
        self.stop.set()
        _say("a-parallel is stopping; once more ends it at once")

    def _hand_over(self) -> None:
        if self.stop.is_set():
            return
        try:
            self._check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next server would not start
            _say(f"a-parallel is not replaced, since it would not start again: {error}")
            return
        self.next = self._kernel.hand_over()
        self.stop.set()
        _say("a-parallel is being replaced")


YOUNG = 20_000
"""Objects made since the last collection that cause the next."""


def serve(config: Config, check: Callable[[], object] = lambda: None) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; a further one of the first two exits at once. Returns the exit status.

    After SIGUSR2 the process becomes a new server (`handover`), unless `check` raises.
    """
    listener = logs.set_up(config.logging.level, config.logging.format)
    keep_no_tally()
    try:
        descriptor = asyncio.run(_serve(config, check))
    except (AddressInUse, DirectoryInUse, DatabaseRefused, BootError) as error:
        print(f"a-parallel: {error}", file=sys.stderr)
        return 1
    finally:
        listener.stop()
    if descriptor is not None:
        handover.execute(descriptor)
    return 0


async def _serve(config: Config, check: Callable[[], object]) -> int | None:
    """Return the descriptor for the next server, if there is to be one."""
    kernel = Kernel(config)
    signals = Signals(kernel, check)
    signals.install()
    try:
        await kernel.start()
        _collect_seldom()
        print(f"a-parallel is ready at {kernel.url}", flush=True)
        _warn(config)
        _give_back_memory()
        await signals.stop.wait()
    finally:
        await kernel.stop()
        await _leave_nobody_behind(signals)
    return signals.next


def _collect_seldom() -> None:
    """Switch the garbage collection on that was off while starting: what is there now stays and is not looked at.

    The young generation is let grow larger than Python's 700, since with that a sixth of each request's time
    goes into looking through objects that are still in use.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    gc.enable()


def _give_back_memory() -> None:
    """Let large blocks go back to the system; ctypes takes some milliseconds that nobody should wait for."""
    from a_parallel_kernel.blocks import give_back_large_blocks

    give_back_large_blocks()


async def _leave_nobody_behind(signals: Signals) -> None:
    """Cancel what still runs; a task that will not end must not keep the process alive, as ``asyncio.run`` would."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        _, stubborn = await asyncio.wait(left, timeout=1)
        if stubborn:
            names = ", ".join(sorted(task.get_name() for task in stubborn))
            _say(f"a-parallel: ended although these would not: {names}")
            if signals.next is not None:
                handover.execute(signals.next)
            os._exit(0)


def _say(text: str) -> None:
    """Write to standard error, which may be a terminal that is closed or a pipe that nobody reads any more."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _warn(config: Config) -> None:
    server = config.server
    if server.host in LOOPBACK or server.unix_socket is not None or server.trusted_proxies:
        return
    secret = "passwords" if server.auth_mode == "multi" else "the token"
    _say(
        f"warning: listening on {server.host} without TLS: whoever sees the traffic has {secret}, and with it can run "
        "programs here. Put a TLS proxy in front and list its address under trusted_proxies in the section [server]."
    )
