"""What authentication, limits, mounting, validation, metrics and the log cost a request."""

from bench.programs import Question, program, requests_a_second
from bench.report import Figure, rate
from bench.server import BenchServer

PATH = "/api/bench/hello?name=you"


def figures() -> list[Figure]:
    """Measure the trivial route of a plugin against a bare aiohttp handler, in turns."""
    with BenchServer() as server, program("routes") as bare:
        ours, limit = Question(f"{server.url}{PATH}", server.token), Question(f"http://{bare.address}{PATH}")
        return [rate("trivial route of a plugin", requests_a_second(ours, limit), 1 / 1.5)]
