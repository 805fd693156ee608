"""Reading lists of threads and whole threads."""

import http.client
import statistics
import subprocess
import sys
import time
from urllib.parse import urlsplit

from bench.corpus import fill
from bench.report import Figure, rate
from bench.server import BenchServer

THREADS, MESSAGES = 200, 2000


def requests_a_second(url: str, path: str, token: str, seconds: float = 2.0) -> float:
    """Return how many requests one connection gets answered in a second."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}"}
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:200]
        assert len(body) > 1000
        count += 1
    connection.close()
    return count / passed


def figures() -> list[Figure]:
    """Measure both kinds of reading against bare handlers on the same file."""
    with BenchServer() as server:
        project = server.project()
        server.stop()
        thread = fill(server.database, project, THREADS, MESSAGES)
        server.start()
        words = [sys.executable, "-m", "bench.limits.reads", str(server.database)]
        program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert program.stdout is not None
        bare = f"http://127.0.0.1:{program.stdout.readline().split()[1]}"
        found = [
            _figure("GET /api/threads?projectId= (200 threads)", server, bare, f"/api/threads?projectId={project}"),
            _figure("GET /api/threads/:id (2,000 messages)", server, bare, f"/api/threads/{thread}"),
        ]
        program.communicate("", 10)
    return found


def _figure(name: str, server: BenchServer, bare: str, path: str) -> Figure:
    ours, limits = [], []
    for _ in range(3):
        limits.append(requests_a_second(bare, path, ""))
        ours.append(requests_a_second(server.url, path, server.token))
    return rate(name, statistics.median(ours), statistics.median(limits), 0.50)
