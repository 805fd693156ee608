"""Reading lists of threads and conversations, whole, in pages and unchanged, among few and many."""

import shutil
import time
import urllib.request

from bench.corpus import Corpus, crowd, fill
from bench.programs import Program, Question, program, requests_a_second
from bench.report import Figure, rate
from bench.server import BenchServer

LISTED, MESSAGES, PAGE = 200, 2_000, 100
FEW, MANY = 2_000, 10_000
"""Threads of all projects, before and after the crowd has come."""
OTHERS = Corpus(FEW - LISTED, 110, 2)
"""Two hundred thousand messages and four hundred thousand tool calls, together."""


def figures() -> list[Figure]:
    """Measure each kind of reading against bare handlers on the same file, and among many threads, in turns."""
    with BenchServer() as server:
        project = server.project()
        server.stop()
        thread = fill(server.database, project, Corpus(LISTED, MESSAGES, 2))
        crowd(server.database, range(OTHERS.threads), OTHERS)
        server.start()
        listed, one = f"/api/threads?projectId={project}", f"/api/threads/{thread}"
        with program("reads", str(server.database)) as bare:
            found = [
                _figure(f"GET /api/threads ({LISTED} among {FEW:,})", server, bare, listed),
                _figure(f"GET /api/threads/:id ({MESSAGES:,} messages)", server, bare, one),
                _figure(f"GET /api/threads/:id?limit={PAGE}", server, bare, f"{one}?limit={PAGE}"),
                _unchanged("GET /api/threads, unchanged", server, listed),
                _unchanged(f"GET /api/threads/:id ({MESSAGES:,} messages), unchanged", server, one),
            ]
        return [*found, _among_many(server, listed)]


def _figure(name: str, server: BenchServer, bare: Program, path: str) -> Figure:
    ours, limit = Question(f"{server.url}{path}", server.token), Question(f"http://{bare.address}{path}")
    return rate(name, requests_a_second(ours, limit), 0.70)


def _unchanged(name: str, server: BenchServer, path: str) -> Figure:
    tag = _settled_tag(server, path)
    with program("routes") as bare:
        ours = Question(f"{server.url}{path}", server.token, tag)
        return rate(name, requests_a_second(ours, Question(f"http://{bare.address}/unchanged", "", tag)), 0.80)


def _settled_tag(server: BenchServer, path: str) -> str:
    """Return the tag of an answer once it stays: a server that has just started writes a few rows."""
    asked = urllib.request.Request(f"{server.url}{path}", headers={"Authorization": f"Bearer {server.token}"})  # noqa: S310
    tags = [""]
    while len(tags) < 3 or tags[-1] != tags[-2]:
        time.sleep(1)
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - loopback
            tags.append(str(answer.headers["ETag"]))
    return tags[-1]


def _among_many(server: BenchServer, path: str) -> Figure:
    with BenchServer() as crowded:
        server.stop()
        crowded.stop()
        shutil.copy(server.database, crowded.database)
        crowd(crowded.database, range(FEW, MANY), Corpus(0, 0))
        server.start()
        crowded.start()
        among_many, among_few = (Question(f"{each.url}{path}", each.token) for each in (crowded, server))
        pairs = requests_a_second(among_many, among_few)
    return rate(f"GET /api/threads ({LISTED} among {MANY:,}), against among {FEW:,}", pairs, 0.75)
