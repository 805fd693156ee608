"""What the answers of a plugin take while another one hangs, floods the bus, or leaks tasks."""

import contextlib
import http.client
import shutil
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from bench.report import Figure, Pair, duration
from bench.server import BenchServer

ZOO = Path(__file__).parents[1] / "tests" / "zoo" / "site" / "zoo"
POINTS = "[a_parallel.plugins]\n" + "".join(
    f"zoo_{name} = zoo.pests:{name.title()}\n" for name in ("hangs", "floods", "leaks")
)
CALLS = 400
HANGING = 20


class PestServer(BenchServer):
    """A server with the plugin that is measured, and those that give it a hard time once they are provoked."""

    def _plugin(self) -> Path:
        place = super()._plugin()
        shutil.copytree(ZOO, place / "zoo", dirs_exist_ok=True)
        described = place / "zoo-1.0.dist-info"
        described.mkdir(exist_ok=True)
        (described / "METADATA").write_text("Metadata-Version: 2.1\nName: zoo\nVersion: 1.0\n")
        (described / "entry_points.txt").write_text(POINTS)
        return place


def figures() -> list[Figure]:
    """Measure the median answer of a trivial route alone and beside each pest, in turns."""
    return [
        _beside("answer beside 20 hanging requests", _hang, 0.5),
        _beside("answer beside a flood of events", lambda server: server.call("POST", "/api/zoo/flood"), 0.1),
        _beside("answer beside 5,000 leaked tasks", lambda server: server.call("POST", "/api/zoo/leak"), 0.5),
    ]


def _beside(name: str, provoke: Callable[[PestServer], object], goal: float) -> Figure:
    with PestServer() as server:
        _latency(server)
        alone = _latency(server)
        provoke(server)
        return duration(name, [Pair(_latency(server), alone)], goal)


def _hang(server: PestServer) -> None:
    for _ in range(HANGING):
        threading.Thread(target=_call_in_vain, args=(server,), daemon=True).start()
    time.sleep(1)


def _call_in_vain(server: PestServer) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):  # the server ends before it answers
        server.call("POST", "/api/zoo/hang")


def _latency(server: PestServer) -> float:
    """Return the median of several answers, one after another on one connection."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        connection.request("GET", "/api/bench/hello", headers={"Authorization": f"Bearer {server.token}"})
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - began)
        assert answer.status == 200, answer.status
    connection.close()
    return statistics.median(taken)
