"""From an agent's line to a durable row to a frame at every socket."""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.programs import Listeners
from bench.report import Figure, rate
from bench.server import BenchServer

SOCKETS = 20
SIZE = 300


def figures(runs: int = 50, steps: int = 100) -> list[Figure]:
    """Measure `runs` scripted runs of `steps` steps each against the plain program, in turns."""
    ours, limits = [], []
    for _ in range(3):
        limits.append(limit(runs, steps))
        ours.append(measured(runs, steps))
    name = f"agent line → durable row → frame at {SOCKETS} sockets, {runs} runs at once"
    return [rate(name, sorted(ours)[1], sorted(limits)[1], 0.30)]


def limit(runs: int, steps: int) -> float:
    """Return the plain program's events a second."""
    with tempfile.TemporaryDirectory() as directory:
        words = [sys.executable, "-m", "bench.limits.stream", str(runs), str(steps), str(SIZE)]
        path = str(Path(directory) / "data.db")
        program = subprocess.Popen([*words, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert program.stdin is not None
        assert program.stdout is not None
        port = program.stdout.readline().split()[1]
        clients = Listeners(f"ws://127.0.0.1:{port}/ws?", SOCKETS, runs)
        program.stdin.write("go\n")
        program.stdin.flush()
        counted = clients.outcome()
        program.communicate("end\n", 10)
    assert set(counted["frames"]) == {runs * (steps * 3 + 1)}, counted
    return float(runs * steps * 3 / counted["seconds"])


def measured(runs: int, steps: int) -> float:
    """Return the server's events a second: messages, tool calls and their outputs."""
    with BenchServer() as server:
        project = server.project()
        clients = Listeners(f"{server.url.replace('http', 'ws', 1)}/ws?token={server.token}", SOCKETS, runs)
        with ThreadPoolExecutor(runs) as pool:
            ids = list(pool.map(lambda _: server.thread(project, f"!flood {steps} {SIZE}"), range(runs)))
        counted = clients.outcome()
        assert len(set(counted["frames"])) == 1, "the sockets saw different numbers of frames"
        rows = server.call("GET", f"/api/threads/{ids[0]}")["messages"]
        calls = [call for message in rows for call in message["toolCalls"]]
        assert len(calls) == steps, f"{len(calls)} tool calls were stored, not {steps}"
    return float(runs * steps * 3 / counted["seconds"])
