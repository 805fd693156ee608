"""One event to very many sockets."""

import threading

from bench.programs import Listeners, program
from bench.report import Figure, in_turns, rate
from bench.server import BenchServer

SOCKETS, EVENTS = 1_000, 300
TICK = '"bench:tick"'
END = f'"number":{EVENTS - 1},'


def figures() -> list[Figure]:
    """Measure events to a thousand sockets against prebuilt frames written to as many transports, in turns."""
    pairs = in_turns(3, _measured, _limit)
    return [rate(f"one event to {SOCKETS:,} sockets, frames sent", pairs, 0.60)]


def _limit() -> float:
    with program("fanout", str(EVENTS)) as bare:
        listeners = Listeners(f"ws://{bare.address}/ws?", SOCKETS, 1, END, TICK)
        bare.say("go")
        return _rate(listeners)


def _measured() -> float:
    with BenchServer() as server:
        listeners = Listeners(f"{server.url.replace('http', 'ws', 1)}/ws?token={server.token}", SOCKETS, 1, END, TICK)
        sender = threading.Thread(target=server.call, args=("POST", "/api/bench/ticks", {"count": EVENTS}))
        sender.start()
        found = _rate(listeners)
        sender.join()
        return found


def _rate(listeners: Listeners) -> float:
    counted = listeners.outcome()
    assert set(counted["frames"]) == {EVENTS}, set(counted["frames"])
    return float(SOCKETS * EVENTS / counted["seconds"])
