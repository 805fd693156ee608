"""What authentication, limits, mounting, validation, metrics and the log cost a request."""

import statistics

from bench.programs import program, requests_a_second
from bench.report import Figure, rate
from bench.server import BenchServer

PATH = "/api/bench/hello?name=you"


def figures() -> list[Figure]:
    """Measure the trivial route of a plugin against a bare aiohttp handler, in turns."""
    ours, limits = [], []
    with BenchServer() as server, program("routes") as bare:
        for _ in range(3):
            limits.append(requests_a_second(f"http://{bare.address}{PATH}"))
            ours.append(requests_a_second(f"{server.url}{PATH}", server.token))
    return [rate("trivial route of a plugin", statistics.median(ours), statistics.median(limits), 1 / 1.5)]
