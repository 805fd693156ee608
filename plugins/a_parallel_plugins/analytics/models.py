"""Queries and answers of ``/api/analytics`` (``http-features.md`` §7)."""

import re

from a_parallel_contracts import WireModel

_NUMBER = re.compile(r"\s*[+-]?[0-9]+(?:\.[0-9]*)?\s*")
_FURTHEST = 840
"""Minutes; no time zone is further from UTC."""


class AnalyticsQuery(WireModel):
    """What both routes take. Values that make no sense count as absent."""

    project_id: str | None = None
    time_range: str = "month"
    tz: str = "0"

    @property
    def offset(self) -> int:
        """Minutes to subtract from UTC for the client's time, as JavaScript's ``getTimezoneOffset`` tells them."""
        number = float(self.tz) if _NUMBER.fullmatch(self.tz) else 0
        return int(max(-_FURTHEST, min(_FURTHEST, number)))


class TimelineQuery(AnalyticsQuery):
    """What the timeline takes besides; an unknown `group_by` counts as ``day``."""

    group_by: str = "day"


class TimeRange(WireModel):
    """From `start` up to but not including `end`, ISO timestamps."""

    start: str
    end: str


class Overview(WireModel):
    """Answer of ``GET /api/analytics/overview``.

    Attributes:
        current_stage_distribution: threads by stage, archived ones under ``archived``; of all times.
        created_count, completed_count: threads made and ended in the range; however they ended.
        moved_to_review_count, moved_to_done_count, moved_to_archived_count: threads moved at least once.
        total_cost: US dollars, of threads made in the range.
        time_range: the range.
    """

    current_stage_distribution: dict[str, int]
    created_count: int
    completed_count: int
    moved_to_review_count: int
    moved_to_done_count: int
    moved_to_archived_count: int
    total_cost: float
    time_range: TimeRange


class Bucket(WireModel):
    """How many in a day, week, month or year of the client's time."""

    date: str
    count: int


class Timeline(WireModel):
    """Answer of ``GET /api/analytics/timeline``; buckets without anything are left out."""

    created_by_date: list[Bucket]
    completed_by_date: list[Bucket]
    moved_to_review_by_date: list[Bucket]
    moved_to_done_by_date: list[Bucket]
    moved_to_archived_by_date: list[Bucket]
    time_range: TimeRange
    group_by: str
