"""Counting 10,000 threads: the routes against the same queries on plain ``sqlite3``."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from a_parallel_contracts import iso
from a_parallel_plugins.analytics import queries
from bench.report import Figure, duration, in_turns
from bench.server import BenchServer

THREADS = 10_000
ROUNDS = 7
GOAL = 0.70

_THREAD = (
    "INSERT INTO threads (id, project_id, title, mode, status, stage, archived, cost, created_at, completed_at)"
    " VALUES (?, ?, 'A thread', 'worktree', 'completed', ?, ?, 0.25, ?, ?)"
)
_MOVE = "INSERT INTO stage_history (id, thread_id, from_stage, to_stage, changed_at) VALUES (?, ?, 'backlog', ?, ?)"


class Plain:
    """What the queries need of a reader, on a bare connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        self._connection = connection

    def all(self, sql: str, params: Any = ()) -> list[dict[str, Any]]:
        """Return all rows."""
        return [dict(row) for row in self._connection.execute(sql, params)]

    def one(self, sql: str, params: Any = ()) -> dict[str, Any] | None:
        """Return the first row."""
        return next(iter(self.all(sql, params)), None)

    def value(self, sql: str, params: Any = ()) -> Any:
        """Return the first column of the first row."""
        return next(iter((self.one(sql, params) or {}).values()), None)

    def tuples(self, sql: str, params: Any = ()) -> Iterator[tuple[Any, ...]]:
        """Return all rows as tuples."""
        return (tuple(row) for row in self._connection.execute(sql, params))


def figures() -> list[Figure]:
    """Measure both routes over all times, grouped by the days of a client east of UTC."""
    with BenchServer() as server:
        project = server.project()
        server.stop()
        _fill(server.database, project)
        server.start()
        with closing(sqlite3.connect(server.database)) as connection:
            plain = Plain(connection)
            return [_figure(server, plain, name) for name in ("overview", "timeline")]


def _figure(server: BenchServer, plain: Plain, name: str) -> Figure:
    path = f"/api/analytics/{name}?" + urlencode({"timeRange": "all", "tz": "-330"})
    span = server.call("GET", path)["timeRange"]
    parameters = {"all": True, "user": "", "project": None, "format": "%Y-%m-%d", "shift": "+330 minutes", **span}
    count: Callable[[Any, Any], Any] = getattr(queries, name)
    pairs = in_turns(
        ROUNDS,
        lambda: _seconds(lambda: server.call("GET", path)),
        lambda: _seconds(lambda: count(plain, parameters)),
    )
    return duration(f"GET /api/analytics/{name} ({THREADS:,} threads)", pairs, GOAL)


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _fill(database: Path, project: str) -> None:
    chance = random.Random(7)  # noqa: S311 - the same threads in every run
    with closing(sqlite3.connect(database)) as connection:
        for number in range(THREADS):
            id, stage = f"thread-{number:05}", chance.choice(queries.STAGES)
            times = sorted(_moment(chance) for _ in range(4))
            connection.execute(_THREAD, (id, project, stage, number % 5 == 0, times[0], times[3]))
            moves = [(f"{id}-{to}", id, to, at) for to, at in zip(queries.MOVES, times[1:], strict=True)]
            connection.executemany(_MOVE, moves)
        connection.commit()


def _moment(chance: random.Random) -> str:
    return iso(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(300 * 1440)))
