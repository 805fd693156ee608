"""The figures of ``http-features.md`` §7, compared with a computation outside the database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client
from a_parallel_plugins.analytics.ranges import time_range
from tests.plugins.analytics.history import Past, invented, overview, store, timeline
from tests.plugins.secrets.test_rotation import execute

NAMES = ["Created", "Completed", "MovedToReview", "MovedToDone", "MovedToArchived"]
LISTS = {f"{name[0].lower()}{name[1:]}ByDate" for name in NAMES}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The data directory."""
    return tmp_path / "data"


@pytest.fixture
async def client(kernel: KernelFactory, directory: Path) -> Client:
    """Calls the server."""
    running = await kernel(installed=("analytics",), data_directory=directory)
    running.expect_running("analytics")
    return running.client


@pytest.fixture
def threads(client: Client, directory: Path) -> list[Past]:
    """Threads that are in the database."""
    made = invented(300, 20261124, datetime.now(UTC))
    store(directory, made)
    return made


async def ask(client: Client, what: str, **query: Any) -> Any:
    return await client.get(f"/api/analytics/{what}", params=query)


async def test_an_empty_database_has_every_key_and_only_zeros(client: Client) -> None:
    found = await ask(client, "overview")
    span = found.pop("timeRange")
    assert found == {
        "currentStageDistribution": dict.fromkeys(("backlog", "in_progress", "review", "done", "archived"), 0),
        **{f"{name[0].lower()}{name[1:]}Count": 0 for name in NAMES},
        "totalCost": 0,
    }
    assert [len(text) for text in span.values()] == [24, 24]
    found = await ask(client, "timeline")
    assert {key: found[key] for key in LISTS} == {key: [] for key in LISTS}
    assert set(found) == {*LISTS, "timeRange", "groupBy"}
    assert found["groupBy"] == "day"


@pytest.mark.parametrize("span", ["day", "week", "month", "all", "fortnight"])
async def test_the_overview_counts_what_lies_in_the_range(client: Client, threads: list[Past], span: str) -> None:
    for project in (None, "u1-p0"):
        query = {"timeRange": span, **({"projectId": project} if project else {})}
        found = await ask(client, "overview", **query)
        start, end = found.pop("timeRange").values()
        seen = [one for one in threads if project in (None, one.project)]
        assert found == overview(seen, start, end)


async def test_the_timeline_counts_in_the_time_of_the_client(client: Client, threads: list[Past]) -> None:
    for group_by in ["day", "week", "month", "year"]:
        for offset in [0, 480, -330, -840, 210]:
            found = await ask(client, "timeline", timeRange="all", groupBy=group_by, tz=offset)
            start, end = found.pop("timeRange").values()
            assert start == "1970-01-01T00:00:00.000Z"
            assert found.pop("groupBy") == group_by
            assert found == timeline(threads, start, end, group_by, offset)
            assert all(len(found[key]) > 1 for key in LISTS)


ODD_ZONES = [("100000", 840), ("-1441", -840), ("9" * 400, 840), ("nonsense", 0), ("", 0), ("60abc", 0), ("330.5", 330)]


async def test_an_impossible_time_zone_never_yields_a_bucket_without_date(client: Client, threads: list[Past]) -> None:
    for tz, offset in ODD_ZONES:
        found = await ask(client, "timeline", timeRange="all", tz=tz)
        start, end = found["timeRange"].values()
        expected = timeline(threads, start, end, "day", offset)
        assert {key: found[key] for key in LISTS} == expected


async def test_an_unknown_grouping_behaves_as_day_and_is_echoed(client: Client, threads: list[Past]) -> None:
    found = await ask(client, "timeline", groupBy="decade", timeRange="all")
    assert found["groupBy"] == "decade"
    start, end = found["timeRange"].values()
    assert {key: found[key] for key in LISTS} == timeline(threads, start, end, "day", 0)


async def test_weeks_begin_on_monday_and_the_days_before_the_first_are_week_zero(
    client: Client, directory: Path
) -> None:
    at = {"a": "2026-01-04T23:59:59.999Z", "b": "2026-01-05T00:00:00.000Z"}  # a Sunday and a Monday
    store(directory, [Past(id, "p", "u", time, None, 0, "backlog", False) for id, time in at.items()])
    found = await ask(client, "timeline", timeRange="all", groupBy="week")
    assert found["createdByDate"] == [{"date": "2026-W00", "count": 1}, {"date": "2026-W01", "count": 1}]
    found = await ask(client, "timeline", timeRange="all", groupBy="week", tz=1)
    assert found["createdByDate"] == [{"date": "2026-W00", "count": 2}]


async def test_each_user_counts_the_own_threads_only(client: Client, threads: list[Past]) -> None:
    one = client.acting_as("u1")
    own = [thread for thread in threads if thread.user == "u1"]
    found = await ask(one, "overview", timeRange="all")
    start, end = found.pop("timeRange").values()
    assert found == overview(own, start, end)
    found = await ask(one, "timeline", timeRange="all")
    start, end = found["timeRange"].values()
    assert {key: found[key] for key in LISTS} == timeline(own, start, end, "day", 0)
    for what in ("overview", "timeline"):
        foreign, unknown = [await ask(one, what, projectId=id) for id in ("u2-p0", "nothing")]
        del foreign["timeRange"], unknown["timeRange"]
        assert foreign == unknown
    assert foreign["createdByDate"] == []
    assert (await client.acting_as(None).answer("GET", "/api/analytics/overview")).status == 401


async def test_unknown_stages_add_a_key_and_unreadable_times_do_no_harm(
    client: Client, threads: list[Past], directory: Path
) -> None:
    execute(directory, "UPDATE threads SET stage = 'parked', archived = 0 WHERE id = 't1'")
    execute(directory, "UPDATE threads SET created_at = '2026-99-99' WHERE id = 't2'")
    found = await ask(client, "overview", timeRange="all")
    assert found["currentStageDistribution"]["parked"] == 1
    found = await ask(client, "timeline", timeRange="all")
    assert all(isinstance(bucket["date"], str) for key in LISTS for bucket in found[key])


async def test_deleted_threads_vanish_from_all_numbers(client: Client, threads: list[Past], directory: Path) -> None:
    execute(directory, "DELETE FROM threads")  # foreign keys are off here: their history stays behind
    found = await ask(client, "overview", timeRange="all")
    assert found["movedToReviewCount"] == found["createdCount"] == 0
    found = await ask(client, "timeline", timeRange="all")
    assert all(found[key] == [] for key in LISTS)


@pytest.mark.parametrize(
    ("name", "end", "start"),
    [
        ("month", "2026-03-31T10:00:00", "2026-02-28T10:00:00.000Z"),
        ("month", "2024-03-31T10:00:00", "2024-02-29T10:00:00.000Z"),
        ("month", "2026-01-15T10:00:00", "2025-12-15T10:00:00.000Z"),
        ("month", "2026-12-31T10:00:00", "2026-11-30T10:00:00.000Z"),
        ("anything", "2026-11-24T10:00:00", "2026-10-24T10:00:00.000Z"),
        ("day", "2026-03-01T10:00:00", "2026-02-28T10:00:00.000Z"),
        ("week", "2026-01-03T10:00:00", "2025-12-27T10:00:00.000Z"),
        ("all", "2026-01-03T10:00:00", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_ranges_are_counted_back_in_utc(name: str, end: str, start: str) -> None:
    span = time_range(name, datetime.fromisoformat(end).replace(tzinfo=UTC))
    assert (span.start, span.end) == (start, f"{end}.000Z")
