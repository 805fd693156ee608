"""Runs the server until a signal ends it."""

import asyncio
import contextlib
import gc
import os
import signal
import sys

from a_parallel_kernel import logs
from a_parallel_kernel.app import Kernel
from a_parallel_kernel.config import Config
from a_parallel_kernel.listen import AddressInUse
from a_parallel_kernel.lock import DirectoryInUse
from a_parallel_kernel.migrate import DatabaseRefused
from a_parallel_kernel.supervisor import BootError


def serve(config: Config) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; a further one of the first two exits at once. Returns the exit status."""
    listener = logs.set_up(config.logging.level, config.logging.format)
    try:
        return asyncio.run(_serve(config))
    except (AddressInUse, DirectoryInUse, DatabaseRefused, BootError) as error:
        print(f"a-parallel: {error}", file=sys.stderr)
        return 1
    finally:
        listener.stop()


async def _serve(config: Config) -> int:
    stop = asyncio.Event()
    _install_signals(stop)
    kernel = Kernel(config)
    try:
        await kernel.start()
        gc.freeze()
        gc.enable()
        print(f"a-parallel is ready at {kernel.url}", flush=True)
        _warn(config)
        await stop.wait()
    finally:
        await kernel.stop()
        await _leave_nobody_behind()
    return 0


async def _leave_nobody_behind() -> None:
    """Cancel what still runs; a task that will not end must not keep the process alive, as ``asyncio.run`` would."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        _, stubborn = await asyncio.wait(left, timeout=1)
        if stubborn:
            names = ", ".join(sorted(task.get_name() for task in stubborn))
            _say(f"a-parallel: ended although these would not: {names}")
            os._exit(0)


def _install_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()
        _say("a-parallel is stopping; once more ends it at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    # A terminal that is closed sends it more than once; under nohup it is ignored.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop.set)


def _say(text: str) -> None:
    """Write to standard error, which may be a terminal that is closed or a pipe that nobody reads any more."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def _warn(config: Config) -> None:
    if config.server.host not in ("127.0.0.1", "::1", "localhost") and config.server.unix_socket is None:
        _say(
            f"warning: listening on {config.server.host} without TLS; whoever reaches this port and has the token "
            "can run programs here. Put a TLS proxy in front and list its address under trusted_proxies."
        )
