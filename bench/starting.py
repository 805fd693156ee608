"""Starting cold, and doing nothing."""

import subprocess
import sys
import time
import urllib.request

from bench.programs import Listeners
from bench.report import Figure, duration, in_turns, most
from bench.server import BenchServer

WAITING, SOCKETS = 50, 100
MEMORY = 110.0
"""Mebibytes of a server that has just started."""


def figures() -> list[Figure]:
    """Measure the cold start with all plugins, its memory, and the idle server with waiting threads and sockets."""
    return [cold_start(), memory(), idle()]


def cold_start() -> Figure:
    """From the start of the process to the first healthy answer."""
    with BenchServer() as server:
        server.stop()
        pairs = in_turns(5, lambda: _start(server), _limit)
    return duration("cold start to the first healthy response, all plugins", pairs, 1 / 1.5)


def _start(server: BenchServer) -> float:
    began = time.perf_counter()
    server.start()
    _healthy(server.url)
    seconds = time.perf_counter() - began
    server.stop()
    return seconds


def _limit() -> float:
    began = time.perf_counter()
    program = subprocess.Popen([sys.executable, "-m", "bench.limits.start"], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    _healthy(program.stdout.readline().split()[-1])
    seconds = time.perf_counter() - began
    program.kill()
    program.wait()
    return seconds


def _healthy(url: str) -> None:
    with urllib.request.urlopen(f"{url}/api/health", timeout=30) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def memory() -> Figure:
    """Resident memory of a server with all plugins that has answered once."""
    with BenchServer() as server:
        _healthy(server.url)
        return most("memory at rest, all plugins", "MB", server.memory(), MEMORY)


def idle(seconds: float = 10.0) -> Figure:
    """Processor time of a server whose threads all wait for an answer, with sockets that listen."""
    with BenchServer() as server:
        listeners = Listeners(f"{server.url.replace('http', 'ws', 1)}/ws?token={server.token}", SOCKETS, 1)
        project = server.project()
        for _ in range(WAITING):
            server.thread(project, "!ask Colour: Which colour? | Red | Blue")
        _until_waiting(server, project)
        before = server.cpu_seconds()
        time.sleep(seconds)
        used = server.cpu_seconds() - before
        listeners.stop()
    name = f"idle with {WAITING} waiting threads and {SOCKETS} sockets, share of a core"
    return most(name, "%", used / seconds * 100, 0.5)


def _until_waiting(server: BenchServer, project: str) -> None:
    end = time.monotonic() + 60
    while True:
        threads = server.call("GET", f"/api/threads?projectId={project}")
        if sum(thread["status"] == "waiting" for thread in threads) == WAITING:
            return
        assert time.monotonic() < end, "the threads do not come to wait"
        time.sleep(0.1)
