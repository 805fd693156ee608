"""The figures, counted by the database; timestamps are compared as text (``database.md`` §4)."""

from collections.abc import Mapping
from typing import Any

from a_parallel_contracts import Reader

STAGES = ("backlog", "in_progress", "review", "done")
"""Told even if no thread is there; others as they come."""

MOVES = ("review", "done", "archived")
"""Stages whose entries are counted; the query names them too."""

FORMATS = {"day": "%Y-%m-%d", "week": "%Y-W%W", "month": "%Y-%m", "year": "%Y"}
"""Of ``strftime`` in SQLite; weeks begin on Monday, and ``W00`` is before the first one."""

_SEEN = "(:all OR t.user_id = :user) AND (:project IS NULL OR t.project_id = :project)"

_STAGES = f"SELECT archived, stage, count(*) AS number FROM threads AS t WHERE {_SEEN} GROUP BY archived, stage"  # noqa: S608

_TOTALS = f"""
    SELECT
      count(*) FILTER (WHERE created_at >= :start AND created_at < :end) AS created_count,
      count(*) FILTER (WHERE completed_at >= :start AND completed_at < :end) AS completed_count,
      total(cost) FILTER (WHERE created_at >= :start AND created_at < :end) AS total_cost
    FROM threads AS t WHERE {_SEEN}
"""  # noqa: S608

_MOVED = f"""
    FROM stage_history AS h JOIN threads AS t ON t.id = h.thread_id
    WHERE h.to_stage IN ('review', 'done', 'archived') AND h.changed_at >= :start AND h.changed_at < :end AND {_SEEN}
"""

_MOVES = f"SELECT to_stage, count(DISTINCT thread_id) AS number {_MOVED} GROUP BY to_stage"

_MOVES_BY_DATE = f"""
    SELECT to_stage AS kind, strftime(:format, changed_at, :shift) AS date, count(DISTINCT thread_id) AS count
    {_MOVED} GROUP BY kind, date ORDER BY date
"""

_THREADS_BY_DATE = f"""
    SELECT strftime(:format, {{column}}, :shift) AS date, count(*) AS count
    FROM threads AS t WHERE {{column}} >= :start AND {{column}} < :end AND {_SEEN} GROUP BY date ORDER BY date
"""  # noqa: S608

_CREATED_BY_DATE = _THREADS_BY_DATE.format(column="created_at")
_COMPLETED_BY_DATE = _THREADS_BY_DATE.format(column="completed_at")

Parameters = Mapping[str, Any]
Buckets = list[dict[str, Any]]


def overview(reader: Reader, parameters: Parameters) -> dict[str, Any]:
    """Return the fields of `Overview`, without the range.

    Parameters:
        reader: sees one state of the database.
        parameters: ``all``, ``user``, ``project``, ``start`` and ``end``.
    """
    moves = {row["to_stage"]: row["number"] for row in reader.all(_MOVES, parameters)}
    return {
        "current_stage_distribution": _distribution(reader, parameters),
        **(reader.one(_TOTALS, parameters) or {}),
        **{f"moved_to_{stage}_count": moves.get(stage, 0) for stage in MOVES},
    }


def _distribution(reader: Reader, parameters: Parameters) -> dict[str, int]:
    stages, archived = dict.fromkeys(STAGES, 0), 0
    for row in reader.all(_STAGES, parameters):
        if row["archived"]:
            archived += row["number"]
        else:
            stages[row["stage"]] = row["number"]
    return {**stages, "archived": archived}


def timeline(reader: Reader, parameters: Parameters) -> dict[str, Buckets]:
    """Return the five lists of `Timeline`.

    Parameters:
        reader: sees one state of the database.
        parameters: those of `overview`, ``format`` of the dates and ``shift`` from UTC, as SQLite takes them.
    """
    moves = reader.all(_MOVES_BY_DATE, parameters)
    return {
        "created_by_date": _dated(reader.all(_CREATED_BY_DATE, parameters)),
        "completed_by_date": _dated(reader.all(_COMPLETED_BY_DATE, parameters)),
        **{f"moved_to_{stage}_by_date": _dated([row for row in moves if row["kind"] == stage]) for stage in MOVES},
    }


def _dated(rows: Buckets) -> Buckets:
    """Leave out timestamps that SQLite cannot read: a bucket without a date crashes the client's chart."""
    return [row for row in rows if row["date"] is not None]
