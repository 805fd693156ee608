"""``a-parallel demo``: a server of its own in a temporary directory, and a scripted agent at work in it."""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from a_parallel_plugins.scripted.sample import NAME, make_sample
from a_parallel_plugins.scripted.showing import Show

READY = b"ready at "
START_LIMIT = 60.0
"""Seconds that the server may take to start."""
STOP_LIMIT = 20.0
TASK = "Please have a look at this repository and leave a note."

_SERVE = (
    "import sys; from importlib.metadata import entry_points; "
    "(script,) = entry_points(group='console_scripts', name='a-parallel'); sys.exit(script.load()())"
)


def demo_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``a-parallel demo``."""
    parser.add_argument(
        "-p", "--port", type=int, default=0, metavar="N", help="port to listen on; a free one by default"
    )
    parser.add_argument("--prompt", default=TASK, metavar="TEXT", help="what the agent is asked to do")
    parser.add_argument("--once", action="store_true", help="end when the agent has finished")


async def run_demo(arguments: argparse.Namespace) -> int:
    """Run the demo until it is interrupted, and remove everything it made; returns the exit status."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    directory = Path(tempfile.mkdtemp(prefix="a-parallel-demo-"))
    try:
        return await _until(stop, _demo(arguments, directory))
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, int]) -> int:
    """Return what `work` returns, or 0 when `stop` is set before; `work` has cleaned up by then."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return 0
    return task.result()


async def _demo(arguments: argparse.Namespace, directory: Path) -> int:
    repository = await asyncio.to_thread(make_sample, directory / NAME)
    print(f"A sample repository is in {repository}", flush=True)
    async with _server(directory / "data", arguments.port) as (process, url):
        print(f"A server of its own runs at {url}", flush=True)
        token = (directory / "data" / "auth-token").read_text("utf-8").strip()
        async with Show(url, token) as show:
            await show.run(repository, arguments.prompt)
        if arguments.once:
            return 0
        print(f"\nOpen {url} in a browser, or end the demo with Ctrl-C.", flush=True)
        return await process.wait()


@asynccontextmanager
async def _server(data: Path, port: int) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the server, which is this same program, and end it afterwards."""
    options = ["--data-directory", str(data), "-p", str(port), "-h", "127.0.0.1", "--auth-mode", "local"]
    options += ["--set", "plugins.agents.provider=scripted", "--set", "logging.level=error", "--disable", "claude"]
    # In a session of its own, so that Ctrl-C reaches it once, through us.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVE, "serve", *options, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        async with asyncio.timeout(START_LIMIT):
            url = await _address(process)
        draining = asyncio.ensure_future(_drain(process))
        yield process, url
        draining.cancel()
    finally:
        await _end(process)


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if READY in line:
            return line.partition(READY)[2].decode().strip()
    raise SystemExit(f"a-parallel demo: the server did not start (exit status {await process.wait()})")


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read what the server prints, since a full pipe would stop it."""
    assert process.stdout is not None
    async for _ in process.stdout:
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_LIMIT):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
