"""Cron expressions: what is accepted, and when they fire (``http-features.md`` §4.4)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a_parallel_plugins.automations.cron import ExpressionError, parse
from tests.plugins.automations import brute
from tests.support.examples import examples

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Sydney",
    "America/Sao_Paulo",  # had daylight saving until 2019, and skipped midnight
    "Africa/Casablanca",  # puts its clocks back for Ramadan
    "Asia/Kolkata",  # half an hour off
)


def fires(expression: str, count: int = 2, zone: str = "UTC", after: datetime = NEW_YEAR) -> list[str]:
    """Return the wall times of the first `count` moments."""
    found: list[str] = []
    moment = parse(expression).next_after(after, ZoneInfo(zone))
    while moment is not None and len(found) < count:
        found.append(moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S"))
        moment = parse(expression).next_after(moment, ZoneInfo(zone))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 9 1 * MON", ["2026-01-01 09:00:00", "2026-01-05 09:00:00"]),
        ("0 9 1 * +MON", ["2026-06-01 09:00:00", "2027-02-01 09:00:00"]),
        ("0 9 15W * *", ["2026-01-15 09:00:00", "2026-02-16 09:00:00"]),
        ("0 9 LW * *", ["2026-01-30 09:00:00", "2026-02-27 09:00:00"]),
        ("0 9 * * 5#2", ["2026-01-09 09:00:00", "2026-02-13 09:00:00"]),
        ("0 9 * * 5L", ["2026-01-30 09:00:00", "2026-02-27 09:00:00"]),
        ("*/7 * * * *", ["2026-01-01 00:07:00", "2026-01-01 00:14:00"]),
    ],
)
def test_the_check_values_of_the_contract(expression: str, expected: list[str]) -> None:
    assert fires(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("  0   9\t* *  1 ", ["2026-01-05 09:00:00", "2026-01-12 09:00:00"]),
        ("30 0 9 * * *", ["2026-01-01 09:00:30", "2026-01-02 09:00:30"]),
        ("0 0 0 1 1 * 2028", ["2028-01-01 00:00:00"]),
        ("0 0 0 1 1 * 2027-2030/2", ["2027-01-01 00:00:00", "2029-01-01 00:00:00"]),
        ("0 0 1 feb,Nov *", ["2026-02-01 00:00:00", "2026-11-01 00:00:00"]),
        ("0 0 * * 7", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
        ("0 0 * * 0", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
        ("0 0 * * sat-SUN", ["2026-01-03 00:00:00", "2026-01-04 00:00:00"]),
        ("0 0 * * 5-7", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
        ("? ? 15 1 ?", ["2026-01-15 00:00:00", "2026-01-15 00:01:00"]),
        ("0 0 ? * MON", ["2026-01-05 00:00:00", "2026-01-12 00:00:00"]),
        ("10-20/5 12 * * *", ["2026-01-01 12:10:00", "2026-01-01 12:15:00"]),
        ("0 0 L * *", ["2026-01-31 00:00:00", "2026-02-28 00:00:00"]),
        ("0 0 15,L 2 *", ["2026-02-15 00:00:00", "2026-02-28 00:00:00"]),
        ("0 0 1W * *", ["2026-02-02 00:00:00", "2026-03-02 00:00:00"]),
        ("0 0 31W * *", ["2026-01-30 00:00:00", "2026-03-31 00:00:00"]),
        ("0 0 * * FRI#L", ["2026-01-30 00:00:00", "2026-02-27 00:00:00"]),
        ("0 0 * * mon#1,wed#3", ["2026-01-05 00:00:00", "2026-01-21 00:00:00"]),
        ("0 0 */2 * +TUE", ["2026-01-13 00:00:00", "2026-01-27 00:00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("@yearly", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ("@annually", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ("@Monthly", ["2026-02-01 00:00:00", "2026-03-01 00:00:00"]),
        ("@weekly", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
        ("@daily", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
        ("@midnight", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
        (" @hourly ", ["2026-01-01 01:00:00", "2026-01-01 02:00:00"]),
        ("2026-03-01T08:30:00", ["2026-03-01 08:30:00"]),
        ("2026-03-01T08:30:00.000Z", ["2026-03-01 08:30:00"]),
        ("2025-12-31T08:30:00", []),
        ("0 0 31 2 *", []),
        ("0 0 31W 4 *", []),
        ("0 0 0 1 1 * 2020", []),
    ],
)
def test_everything_else_that_is_accepted(expression: str, expected: list[str]) -> None:
    assert fires(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "   ",
        "not a cron",
        "zzz",
        "* * * *",
        "* * * * * * * *",
        "99 * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * FOO *",
        "* * * * 8",
        "* * * * MOO",
        "5/10 * * * *",
        "*/0 * * * *",
        "*/61 * * * *",
        "1-30/0 * * * *",
        "30-10 * * * *",
        "* * * * SAT-MON",
        "1,,2 * * * *",
        ",1 * * * *",
        "1, * * * *",
        "1- * * * *",
        "-1 * * * *",
        "* * 1-5W * *",
        "* * */2W * *",
        "* * W * *",
        "* * 32W * *",
        "L * * * *",
        "* * * * L",
        "* * * * 5#0",
        "* * * * 5#6",
        "* * * * 5##2",
        "* * 5#2 * *",
        "* * * * +",
        "+1 * * * *",
        "@reboot",
        "@every 5m",
        "1.5 * * * *",
        "* * * * *; ls",
        "\uff12 * * * *",
        "2026-13-01T00:00:00",
        "2026-01-01 00:00:00",
        "2026-01-01",
        "0 " * 5000,
    ],
)
def test_what_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        parse(expression)


def test_a_moment_without_a_zone_is_one_of_the_automations_zone() -> None:
    assert fires("2026-07-01T08:00:00", zone="Asia/Tokyo") == ["2026-07-01 08:00:00"]
    assert fires("2026-07-01T08:00:00Z", zone="Asia/Tokyo") == ["2026-07-01 17:00:00"]
    assert fires("2026-07-01T08:00:00+02:00", zone="Asia/Tokyo") == ["2026-07-01 15:00:00"]


@pytest.mark.parametrize(
    ("expression", "within_a_minute"),
    [
        ("* * * * *", False),
        ("30 * * * * *", False),
        ("*/30 * * * * *", True),
        ("0,1 0 0 1 1 *", True),
        ("@daily", False),
    ],
)
def test_whether_it_can_fire_twice_in_a_minute(expression: str, within_a_minute: bool) -> None:
    assert parse(expression).within_a_minute is within_a_minute


# --- daylight saving ------------------------------------------------------------------------------

SPRING = datetime(2026, 3, 8, 5, tzinfo=UTC)  # midnight in New York, where 02:00 becomes 03:00
AUTUMN = datetime(2026, 11, 1, 4, tzinfo=UTC)  # midnight in New York, where 02:00 becomes 01:00
NEW_YORK = "America/New_York"


def test_a_time_that_is_skipped_in_spring_fires_an_hour_later() -> None:
    assert fires("30 2 * * *", 2, NEW_YORK, SPRING) == ["2026-03-08 03:30:00", "2026-03-09 02:30:00"]


def test_a_skipped_time_and_the_time_it_moves_to_are_one() -> None:
    assert fires("0 2,3 * * *", 3, NEW_YORK, SPRING) == [
        "2026-03-08 03:00:00",
        "2026-03-09 02:00:00",
        "2026-03-09 03:00:00",
    ]


def test_a_skipped_time_is_found_after_the_clocks_were_put_forward() -> None:
    ten_past_three = datetime(2026, 3, 8, 7, 10, tzinfo=UTC)
    assert fires("30 2 * * *", 1, NEW_YORK, ten_past_three) == ["2026-03-08 03:30:00"]
    assert fires("5 2,4 * * *", 1, NEW_YORK, ten_past_three) == ["2026-03-08 04:05:00"]


def test_steps_run_through_the_skipped_hour_without_a_gap_or_a_repetition() -> None:
    expected = ["00:30", "01:00", "01:30", "03:00", "03:30", "04:00"]
    assert [text[11:16] for text in fires("*/30 * * * *", 6, NEW_YORK, SPRING)] == expected


def test_the_repeated_hour_fires_the_first_time_only() -> None:
    zone = ZoneInfo(NEW_YORK)
    first = parse("30 1 * * *").next_after(AUTUMN, zone)
    assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert parse("30 1 * * *").next_after(first, zone) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_steps_rest_while_an_hour_is_repeated() -> None:
    zone, moment = ZoneInfo(NEW_YORK), AUTUMN
    found: list[str] = []
    for _ in range(5):
        moment = parse("*/30 * * * *").next_after(moment, zone) or moment
        found.append(moment.strftime("%H:%M"))
    assert found == ["04:30", "05:00", "05:30", "07:00", "07:30"]


def test_midnight_itself_may_be_skipped() -> None:
    before = datetime(2018, 11, 3, 12, tzinfo=UTC)
    assert fires("0 0 * * *", 2, "America/Sao_Paulo", before) == ["2018-11-04 01:00:00", "2018-11-05 00:00:00"]


def test_where_half_an_hour_is_skipped_a_time_moves_by_half_an_hour() -> None:
    before = datetime(2026, 10, 3, 12, tzinfo=UTC)
    assert fires("15 2 * * *", 2, "Australia/Lord_Howe", before) == ["2026-10-04 02:45:00", "2026-10-05 02:15:00"]


# --- against the slow way -------------------------------------------------------------------------

TEN_YEARS = (date(2016, 1, 1), date(2026, 1, 1))
EXPRESSIONS = (
    "15 0,1 * * SUN",
    "0 9 LW 1-6/2 *",
    "5 1 13 * FRI",
    "0 2 */5 MAR,OCT,NOV +SUN",
    "59 59 23 L,1W,15W * 5#L",
)


PAIRS = [("30 2 * * *", zone) for zone in ZONES] + [
    (expression, zone) for expression, zone in zip(EXPRESSIONS, ZONES, strict=False)
]


@pytest.mark.parametrize(("expression", "zone"), PAIRS)
def test_ten_years_in_six_zones_are_as_worked_out_the_slow_way(expression: str, zone: str) -> None:
    begin, end = TEN_YEARS
    start = datetime(2016, 1, 2, tzinfo=UTC)
    expected = [moment for moment in brute.fires(expression, zone, begin, end) if moment > start]
    schedule, clock = parse(expression), ZoneInfo(zone)
    found: list[datetime] = []
    moment = schedule.next_after(start, clock)
    while moment is not None and moment <= expected[-1]:
        found.append(moment)
        moment = schedule.next_after(moment, clock)
    assert found == expected


def plain(low: int, high: int, *, sparse: bool = False) -> st.SearchStrategy[str]:
    """Return fields of numbers: a star, values, ranges and steps."""
    value = st.integers(low, high)
    pair = st.tuples(value, value).map(sorted)
    ranges = pair.map(lambda ends: f"{ends[0]}-{ends[1]}")
    steps = st.tuples(ranges, st.integers(1, high)).map(lambda parts: f"{parts[0]}/{parts[1]}")
    item = st.one_of(value.map(str), ranges, steps)
    lists = st.lists(value.map(str) if sparse else item, min_size=1, max_size=3).map(",".join)
    return lists if sparse else st.one_of(st.just("*"), st.integers(2, high).map("*/{}".format), lists)


day_items = st.one_of(
    st.integers(1, 31).map(str), st.integers(1, 31).map("{}W".format), st.sampled_from(["L", "LW", "10-20/3"])
)
weekday_items = st.one_of(
    st.sampled_from([*brute.DAYS, "0", "7", "MON-FRI", "5-7", "*/2"]),
    st.tuples(st.sampled_from([*brute.DAYS, "3"]), st.sampled_from(["#1", "#2", "#5", "#L", "L"])).map("".join),
)
days = st.one_of(st.just("*"), st.lists(day_items, min_size=1, max_size=2).map(",".join))
weekdays = st.one_of(st.just("*"), st.lists(weekday_items, min_size=1, max_size=2).map(",".join))
expressions = st.builds(
    "{} {} {} {} {} {}{}".format,
    st.sampled_from(["0", "0", "30", "15,45"]),
    plain(0, 59),
    plain(0, 23),
    days,
    st.one_of(st.just("*"), plain(1, 12, sparse=True)),
    st.sampled_from(["", "", "+"]),
    weekdays,
)


def changes_of(zone: str) -> list[date]:
    """Return the dates in ten years on which a zone changed its offset."""
    begin, end = TEN_YEARS
    days = [begin + timedelta(n) for n in range((end - begin).days)]
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, before, after in zip(days[1:], noons, noons[1:], strict=False) if before != after]


CHANGES = [(zone, day) for zone in ZONES for day in changes_of(zone)]
moments = st.one_of(
    st.sampled_from(CHANGES), st.tuples(st.sampled_from(ZONES), st.dates(TEN_YEARS[0], date(2025, 12, 1)))
)


@settings(max_examples=examples(40), deadline=None)
@given(expressions, moments, st.integers(0, 2 * 24 * 60))
def test_any_expression_fires_as_worked_out_the_slow_way(
    expression: str, place: tuple[str, date], minutes: int
) -> None:
    zone, day = place
    begin = day - timedelta(2)
    start = datetime(begin.year, begin.month, begin.day, tzinfo=UTC) + timedelta(minutes=minutes)
    limit = start + timedelta(days=3)
    planned = brute.fires(expression, zone, begin - timedelta(1), limit.date() + timedelta(2))
    expected = [moment for moment in planned if start < moment <= limit][:60]
    found: list[datetime] = []
    moment = parse(expression).next_after(start, ZoneInfo(zone))
    while moment is not None and moment <= limit and len(found) < 60:
        found.append(moment)
        moment = parse(expression).next_after(moment, ZoneInfo(zone))
    assert found == expected
