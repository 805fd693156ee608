"""The command ``a-parallel restart``."""

import asyncio
import os
import sys
import time
from pathlib import Path

import aiohttp

from a_parallel_kernel.cli import Parser, add_config_options, read_config
from a_parallel_kernel.handover import SIGNAL
from a_parallel_kernel.lock import Holder, announced

LIMIT = 120.0
PAUSE = 0.05


def restart(words: list[str]) -> int:
    """Let the running server be replaced, and return when the new one answers: 0 if it does."""
    parser = Parser("a-parallel restart", "replace the running server; agents go on with plugins.agents.survive = true")
    add_config_options(parser)
    parser.add_argument("--timeout", type=float, default=LIMIT, metavar="S", help="seconds to wait (default 120)")
    arguments = parser.parse_args(words)
    directory = read_config(arguments).server.data_directory
    before = announced(directory)
    if before is None:
        print(f"a-parallel: no server runs on {directory}; start one with: a-parallel", file=sys.stderr)
        return 1
    try:
        os.kill(before.pid, SIGNAL)
    except (ProcessLookupError, PermissionError) as error:
        print(
            f"a-parallel: process {before.pid} cannot be asked ({error.strerror}); start: a-parallel", file=sys.stderr
        )
        return 1
    print(f"process {before.pid} at {before.url} was asked to hand over", flush=True)
    return asyncio.run(_wait(directory, before, arguments.timeout))


async def _wait(directory: Path, before: Holder, limit: float) -> int:
    until, stopping = time.monotonic() + limit, False
    while time.monotonic() < until:
        now = announced(directory)
        if now is None and not stopping:
            stopping = True
            print("it has stopped; the new server is starting", flush=True)
        if now is not None and now.instance != before.instance and await _answers(now):
            print(f"a-parallel {now.version} is ready at {now.url}")
            return 0
        if not _alive(before.pid):
            print("a-parallel: the server ended and did not come back; its log says why", file=sys.stderr)
            return 1
        await asyncio.sleep(PAUSE)
    print(f"a-parallel: it was not replaced within {limit:g} s; its log says why", file=sys.stderr)
    return 1


async def _answers(server: Holder) -> bool:
    path = server.url.removeprefix("unix:")
    connector, base = (aiohttp.UnixConnector(path), "http://localhost") if path != server.url else (None, server.url)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(5)) as session,
            session.get(f"{base}/api/health") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
