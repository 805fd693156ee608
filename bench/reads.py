"""Reading lists of threads and conversations, whole, in pages and unchanged, among few and many."""

import statistics
import time
import urllib.request

from bench.corpus import Corpus, crowd, fill
from bench.programs import Program, program, requests_a_second
from bench.report import Figure, rate
from bench.server import BenchServer

LISTED, MESSAGES, PAGE = 200, 2_000, 100
FEW, MANY = 2_000, 10_000
"""Threads of all projects, before and after the crowd has come."""
OTHERS = Corpus(FEW - LISTED, 110, 2)
"""Two hundred thousand messages and four hundred thousand tool calls, together."""


def figures() -> list[Figure]:
    """Measure each kind of reading against bare handlers on the same file, in turns."""
    with BenchServer() as server:
        project = server.project()
        server.stop()
        thread = fill(server.database, project, Corpus(LISTED, MESSAGES, 2))
        crowd(server.database, range(OTHERS.threads), OTHERS)
        server.start()
        with program("reads", str(server.database)) as bare:
            listed, one = f"/api/threads?projectId={project}", f"/api/threads/{thread}"
            among = _figure(f"GET /api/threads ({LISTED} among {FEW:,})", server, bare, listed)
            found = [
                among,
                _figure(f"GET /api/threads/:id ({MESSAGES:,} messages)", server, bare, one),
                _figure(f"GET /api/threads/:id?limit={PAGE}", server, bare, f"{one}?limit={PAGE}"),
                _unchanged("GET /api/threads, unchanged", server, listed),
                _unchanged(f"GET /api/threads/:id ({MESSAGES:,} messages), unchanged", server, one),
            ]
        found.append(_among_many(server, listed, among.ours))
    return found


def _figure(name: str, server: BenchServer, bare: Program, path: str) -> Figure:
    ours, limits = [], []
    for _ in range(3):
        limits.append(requests_a_second(f"http://{bare.address}{path}"))
        ours.append(requests_a_second(f"{server.url}{path}", server.token))
    return rate(name, statistics.median(ours), statistics.median(limits), 0.70)


def _unchanged(name: str, server: BenchServer, path: str) -> Figure:
    tag = _settled_tag(server, path)
    ours, limits = [], []
    with program("routes") as bare:
        for _ in range(3):
            limits.append(requests_a_second(f"http://{bare.address}/unchanged", "", tag))
            ours.append(requests_a_second(f"{server.url}{path}", server.token, tag))
    return rate(name, statistics.median(ours), statistics.median(limits), 0.80)


def _settled_tag(server: BenchServer, path: str) -> str:
    """Return the tag of an answer once it stays: a server that has just started writes a few rows."""
    asked = urllib.request.Request(f"{server.url}{path}", headers={"Authorization": f"Bearer {server.token}"})  # noqa: S310
    tags = [""]
    while len(tags) < 3 or tags[-1] != tags[-2]:
        time.sleep(1)
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - loopback
            tags.append(str(answer.headers["ETag"]))
    return tags[-1]


def _among_many(server: BenchServer, path: str, among_few: float) -> Figure:
    server.stop()
    crowd(server.database, range(FEW, MANY), Corpus(0, 0))
    server.start()
    ours = statistics.median(requests_a_second(f"{server.url}{path}", server.token) for _ in range(3))
    return rate(f"GET /api/threads ({LISTED} among {MANY:,}), against among {FEW:,}", ours, among_few, 0.75)
