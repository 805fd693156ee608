"""From an agent's line to a durable row to a frame at every socket."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.programs import Listeners, program
from bench.report import Figure, in_turns, rate
from bench.server import BenchServer

SOCKETS = 20
SIZE = 300
START = 6.0
"""Seconds after which all runs begin to talk at once; until then their threads are made."""


def figures(runs: int = 50, steps: int = 100) -> list[Figure]:
    """Measure `runs` scripted runs of `steps` steps each against the plain program, in turns."""
    pairs = in_turns(3, lambda: measured(runs, steps), lambda: limit(runs, steps))
    name = f"agent line → durable row → frame at {SOCKETS} sockets, {runs} runs at once"
    return [rate(name, pairs, 0.30)]


def limit(runs: int, steps: int) -> float:
    """Return the plain program's events a second."""
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "data.db")
        with program("stream", str(runs), str(steps), str(SIZE), path) as bare:
            clients = Listeners(f"ws://{bare.address}/ws?", SOCKETS, runs)
            bare.say("go")
            counted = clients.outcome()
    assert set(counted["frames"]) == {runs * (steps * 3 + 1)}, counted
    return float(runs * steps * 3 / counted["seconds"])


def _prompt(begin: float, steps: int) -> str:
    return f"!sleep {max(0.0, begin - time.monotonic())}\n!flood {steps} {SIZE}"


def measured(runs: int, steps: int) -> float:
    """Return the server's events a second: messages, tool calls and their outputs."""
    with BenchServer() as server:
        project = server.project()
        clients = Listeners(f"{server.url.replace('http', 'ws', 1)}/ws?token={server.token}", SOCKETS, runs)
        begin = time.monotonic() + START
        with ThreadPoolExecutor(runs) as pool:
            ids = list(pool.map(lambda _: server.thread(project, _prompt(begin, steps)), range(runs)))
        assert time.monotonic() < begin, "the threads do not start in time"
        counted = clients.outcome()
        assert len(set(counted["frames"])) == 1, "the sockets saw different numbers of frames"
        rows = server.call("GET", f"/api/threads/{ids[0]}")["messages"]
        calls = [call for message in rows for call in message["toolCalls"]]
        assert len(calls) == steps, f"{len(calls)} tool calls were stored, not {steps}"
    return float(runs * steps * 3 / counted["seconds"])
