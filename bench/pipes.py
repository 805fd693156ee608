"""From a line on an agent's standard output to a durable row to a frame at every socket, and how long that takes."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.programs import Listeners, program
from bench.report import Figure, Pair, duration, in_turns, most, rate
from bench.server import BenchServer

AGENT = Path(__file__).with_name("agent.py")
SOCKETS, SIZE, EVENTS = 20, 300, 15_000
ROUNDS = 3
LOAD = 0.2
"""Part of the server's own rate at which the delays are measured."""


def figures() -> list[Figure]:
    """Measure rates with 10, 50 and 200 agents, and the delay at a fifth of the rate."""
    rates = {runs: _both(partial(_rate, runs=runs, steps=EVENTS // 3 // runs)) for runs in (10, 50, 200)}
    name = f"line on an agent's pipe → durable row → frame at {SOCKETS} sockets"
    found = [
        rate(f"{name}, 50 agents", rates[50], 0.50),
        rate(f"{name}, 10 agents against 50", _among(rates, 10, 50), 0.75),
        rate(f"{name}, 200 agents against 50", _among(rates, 200, 50), 0.75),
    ]
    pace = 50 * 3 / (LOAD * found[0].ours)
    delays = _both(partial(_delay, runs=50, steps=40, pace=pace))
    slow = duration(f"{name}, p99 of the delay at {LOAD:.0%} load", delays, 1 / 3)
    return [*found, slow, _growth()]


def _growth() -> Figure:
    """Memory that the server keeps of a round, once an earlier one has filled its buffers."""
    with _gate() as gate, _serving(gate, EVENTS // 150, 0.0) as server:
        _play(server, gate, 50)
        before = server.memory()
        _play(server, gate, 50)
        return most("memory that grows with another round", "MB", server.memory() - before, 10)


def _both(measure: Callable[[Any], float]) -> list[Pair]:
    return in_turns(ROUNDS, lambda: measure(_server), lambda: measure(_plain))


def _among(rates: dict[int, list[Pair]], runs: int, others: int) -> list[Pair]:
    """Pair the server's own rates with two numbers of agents."""
    return [Pair(ours=one.ours, limit=other.ours) for one, other in zip(rates[runs], rates[others], strict=True)]


def _rate(kind: Any, runs: int, steps: int) -> float:
    with kind(runs, steps, 0.0) as counted:
        return float(runs * steps * 3 / counted()["seconds"])


def _delay(kind: Any, runs: int, steps: int, pace: float) -> float:
    with kind(runs, steps, pace) as counted:
        delays = sorted(counted()["delays"])
        assert len(delays) >= runs * steps
        return float(delays[int(len(delays) * 0.99)] / 1e9)


@contextmanager
def _gate() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "gate"
        os.mkfifo(path)
        yield path


def _open(gate: Path, runs: int) -> None:
    """Let all agents begin once all of them wait."""
    end = time.monotonic() + 60
    while len(list(gate.parent.glob("gate.*"))) < runs:
        assert time.monotonic() < end, "the agents do not start"
        time.sleep(0.05)
    number = os.open(gate, os.O_RDWR)  # does not wait for a reader (fifo(7)), and stays open for late ones
    os.set_blocking(number, False)


@contextmanager
def _plain(runs: int, steps: int, pace: float) -> Iterator[Callable[[], dict[str, Any]]]:
    with _gate() as gate:
        words = [sys.executable, "-I", "-S", str(AGENT), str(steps), str(SIZE), str(pace), str(gate), "plain"]
        with program("pipes", str(runs), str(gate.with_name("data.db")), *words) as bare:
            listeners = Listeners(f"ws://{bare.address}/ws?", SOCKETS, runs)
            bare.say("go")

            def counted() -> dict[str, Any]:
                _open(gate, runs)
                return listeners.outcome()

            yield counted


@contextmanager
def _server(runs: int, steps: int, pace: float) -> Iterator[Callable[[], dict[str, Any]]]:
    with _gate() as gate, _serving(gate, steps, pace) as server:
        yield lambda: _play(server, gate, runs)


@contextmanager
def _serving(gate: Path, steps: int, pace: float) -> Iterator[BenchServer]:
    binary = gate.with_name("claude")
    words = f"{steps} {SIZE} {pace} {gate} claude"
    binary.write_text(f'#!/bin/sh\nBENCH_AGENT="{words}" exec {sys.executable} -I -S {AGENT} "$@"\n')
    binary.chmod(0o700)
    with BenchServer("plugins.agents.provider=claude", f"plugins.claude.binary={binary}") as server:
        server.project()
        yield server


def _play(server: BenchServer, gate: Path, runs: int) -> dict[str, Any]:
    """Start so many agents, let them begin together, and return what the sockets counted."""
    listeners = Listeners(f"{server.url.replace('http', 'ws', 1)}/ws?token={server.token}", SOCKETS, runs)
    project = server.call("GET", "/api/projects")[0]["id"]
    for waited in gate.parent.glob("gate.*"):
        waited.unlink()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.thread(project, "go"), range(runs)))
    _open(gate, runs)
    return listeners.outcome()
