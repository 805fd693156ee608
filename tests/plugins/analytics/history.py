"""Random threads with their histories, and the contract's figures computed from them without a database."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from a_parallel_contracts import iso, new_id

STAGES = ("backlog", "in_progress", "review", "done")
FORMATS = {"day": "%Y-%m-%d", "week": "%Y-W%W", "month": "%Y-%m", "year": "%Y"}


@dataclass
class Past:
    """One thread."""

    id: str
    project: str
    user: str
    created: str
    completed: str | None
    cost: float
    stage: str
    archived: bool
    moves: list[tuple[str, str]] = field(default_factory=list)


def invented(count: int, seed: int, now: datetime) -> list[Past]:
    """Return threads of two users in two projects over two years up to `now`."""
    chance = random.Random(seed)
    return [_one(chance, now, number) for number in range(count)]


def _one(chance: random.Random, now: datetime, number: int) -> Past:
    def moment() -> str:
        recent = chance.choice([1, 7, 31, 730])
        return iso(now - timedelta(seconds=chance.uniform(60, recent * 86400)))

    user = chance.choice(["u1", "u2"])
    return Past(
        id=f"t{number}",
        project=f"{user}-p{chance.randrange(2)}",
        user=user,
        created=moment(),
        completed=chance.choice([None, moment(), moment()]),
        cost=chance.choice([0.0, 0.25, 1.5]),
        stage=chance.choice(STAGES),
        archived=chance.random() < 0.2,
        moves=[(chance.choice((*STAGES, "archived")), moment()) for _ in range(chance.randrange(6))],
    )


def store(directory: Path, threads: list[Past]) -> None:
    """Write threads, their projects and their histories into the database of a running server."""
    with closing(sqlite3.connect(directory / "data.db", timeout=20)) as connection:
        projects = sorted({(thread.project, thread.user) for thread in threads})
        connection.executemany(
            "INSERT INTO projects (id, name, path, created_at, user_id) VALUES (?1, ?1, '/' || ?1, '2020', ?2)",
            projects,
        )
        connection.executemany(
            "INSERT INTO threads (id, project_id, user_id, title, mode, status, created_at, completed_at, cost, stage, "
            "archived) VALUES (?, ?, ?, 'A thread', 'local', 'completed', ?, ?, ?, ?, ?)",
            [
                (one.id, one.project, one.user, one.created, one.completed, one.cost, one.stage, one.archived)
                for one in threads
            ],
        )
        connection.executemany(
            "INSERT INTO stage_history (id, thread_id, to_stage, changed_at) VALUES (?, ?, ?, ?)",
            [(new_id(), one.id, stage, at) for one in threads for stage, at in one.moves],
        )
        connection.commit()


def overview(threads: list[Past], start: str, end: str) -> dict[str, Any]:
    """Return what ``GET /api/analytics/overview`` should, without the range."""
    stages = Counter(one.stage for one in threads if not one.archived)
    created = [one for one in threads if start <= one.created < end]
    return {
        "currentStageDistribution": {
            **dict.fromkeys(STAGES, 0),
            **stages,
            "archived": sum(one.archived for one in threads),
        },
        "createdCount": len(created),
        "completedCount": sum(start <= (one.completed or "") < end for one in threads),
        **{
            f"movedTo{stage.capitalize()}Count": len({id for id, _ in _moves(threads, stage, start, end)})
            for stage in ("review", "done", "archived")
        },
        "totalCost": sum(one.cost for one in created),
    }


def timeline(threads: list[Past], start: str, end: str, group_by: str, offset: int) -> dict[str, Any]:
    """Return the lists of ``GET /api/analytics/timeline``.

    Parameters:
        threads: visible ones.
        start, end: of the range.
        group_by: name of a format.
        offset: minutes to subtract from UTC.
    """

    def counted(pairs: set[tuple[Any, str]]) -> list[dict[str, Any]]:
        numbers = Counter(date for _, date in pairs)
        return [{"date": date, "count": numbers[date]} for date in sorted(numbers)]

    def date(text: str) -> str:
        moment = datetime.fromisoformat(text).astimezone(UTC) - timedelta(minutes=offset)
        return moment.strftime(FORMATS[group_by])

    made = {(one.id, date(one.created)) for one in threads if start <= one.created < end}
    ended = {(one.id, date(one.completed)) for one in threads if one.completed and start <= one.completed < end}
    return {
        "createdByDate": counted(made),
        "completedByDate": counted(ended),
        **{
            f"movedTo{stage.capitalize()}ByDate": counted(
                {(id, date(at)) for id, at in _moves(threads, stage, start, end)}
            )
            for stage in ("review", "done", "archived")
        },
    }


def _moves(threads: list[Past], stage: str, start: str, end: str) -> Iterator[tuple[str, str]]:
    for one in threads:
        for to, at in one.moves:
            if to == stage and start <= at < end:
                yield one.id, at
