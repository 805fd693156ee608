"""Lists of threads, and the search among archived ones."""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_plugins.threads.lists import clamped_page, folded, leading_integer, matches
from tests.plugins.threads.conftest import Home

ARCHIVED = "/api/threads/archived"


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00.000Z"


def titles(threads: list[dict[str, Any]]) -> list[str]:
    return [thread["title"] for thread in threads]


async def test_pinned_threads_come_first_then_the_newest_by_completion_or_creation(home: Home) -> None:
    await home.make("old", created_at=day(1))
    await home.make("done late", created_at=day(2), completed_at=day(9))
    await home.make("new", created_at=day(5))
    await home.make("pinned", created_at=day(1), pinned=1)
    await home.make("pinned later", created_at=day(3), pinned=1)
    expected = ["pinned later", "pinned", "done late", "new", "old"]
    assert titles(await home.client.get("/api/threads")) == expected
    assert titles(await home.client.get("/api/threads?projectId=p1")) == expected


async def test_threads_of_the_same_moment_keep_their_order(home: Home) -> None:
    for title in ("first", "second", "third"):
        await home.make(title, created_at=day(1))
    assert titles(await home.client.get("/api/threads")) == ["third", "second", "first"]


async def test_a_list_is_of_one_project_or_of_all(home: Home) -> None:
    await home.make("one", created_at=day(1))
    await home.make("two", project_id="p2", created_at=day(2))
    assert titles(await home.client.get("/api/threads?projectId=p2")) == ["two"]
    assert titles(await home.client.get("/api/threads?projectId=")) == ["two", "one"]
    assert await home.client.get("/api/threads?projectId=nope") == []


@pytest.mark.parametrize(("query", "shown"), [("true", 1), ("TRUE", 0), ("1", 0), ("", 0), ("false", 0)])
async def test_archived_threads_are_listed_only_on_the_exact_word(home: Home, query: str, shown: int) -> None:
    await home.make(archived=1)
    threads = await home.client.get(f"/api/threads?includeArchived={query}")
    assert [thread["archived"] for thread in threads] == [True] * shown


async def test_everybody_sees_their_own_threads_and_the_local_user_all(home: Home) -> None:
    await home.make("mine")
    await home.make("annas", project_id="p3", user_id="anna", archived=1)
    anna = home.client.acting_as("anna")
    assert titles(await anna.get("/api/threads?includeArchived=true")) == ["annas"]
    assert titles((await anna.get(ARCHIVED))["threads"]) == ["annas"]
    assert (await home.client.acting_as("bert").get(ARCHIVED))["total"] == 0
    assert len(await home.client.get("/api/threads?includeArchived=true")) == 2
    assert (await home.client.get(ARCHIVED))["total"] == 1


async def test_archived_threads_come_in_pages(home: Home) -> None:
    for number in range(1, 6):
        await home.make(f"t{number}", archived=1, created_at=day(number), pinned=int(number == 1))
    await home.make("here")
    page = await home.client.get(f"{ARCHIVED}?page=2&limit=2")
    assert titles(page.pop("threads")) == ["t3", "t2"]
    assert page == {"total": 5, "page": 2, "limit": 2}
    assert titles((await home.client.get(f"{ARCHIVED}?page=9"))["threads"]) == []
    everything = await home.client.get(ARCHIVED)
    assert (everything["page"], everything["limit"], len(everything["threads"])) == (1, 100, 5)


@pytest.mark.parametrize(
    ("query", "page", "limit"),
    [
        ("page=abc&limit=xyz", 1, 100),
        ("page=&limit=", 1, 100),
        ("page=0&limit=0", 1, 1),
        ("page=-3&limit=-3", 1, 1),
        ("page=2.9&limit=5000", 2, 1000),
        ("page=%2B2&limit=7px", 2, 7),
        ("page=NaN&limit=1e3", 1, 1),
        ("page=999999999999999999999999&limit=10", 999999999999999999, 10),
    ],
)
async def test_nonsense_falls_back_and_numbers_are_clamped(home: Home, query: str, page: int, limit: int) -> None:
    answer = await home.client.get(f"{ARCHIVED}?{query}")
    assert answer == {"threads": [], "total": 0, "page": page, "limit": limit}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("100%", ["100% done"]),
        ("_", ["snake_case"]),
        ("SNAKE_C", ["snake_case"]),
        ("äPFEL", ["Äpfel und Birnen"]),
        ("STRASSE", ["Straße"]),
        ("  done  ", ["100% done"]),
        ("feature/x", ["Äpfel und Birnen"]),
        ("stop", ["Straße"]),
        ("\\", []),
        ("nothing", []),
        ("*", []),
        ("'", []),
    ],
)
async def test_a_search_finds_text_in_title_branch_and_status(home: Home, search: str, found: list[str]) -> None:
    await home.make("snake_case", archived=1)
    await home.make("Äpfel und Birnen", archived=1, branch="feature/X")
    await home.make("100% done", archived=1, branch=None)
    await home.make("Straße", archived=1, status="stopped")
    await home.make("stop_100% äpfel straße here")
    answer = await home.client.get(ARCHIVED, params={"search": search})
    assert titles(answer["threads"]) == found
    assert answer["total"] == len(found)


@given(st.text(), st.text(), st.text())
def test_any_part_of_a_title_finds_it_in_whatever_case(before: str, part: str, after: str) -> None:
    title = unicodedata.normalize("NFC", before + part + after)
    for wanted in (part, part.swapcase(), part.casefold()):
        if folded(wanted) in folded(title):
            assert matches(folded(wanted), [None, title])
    assert matches(folded(title), [title.casefold()])
    assert matches(folded(unicodedata.normalize("NFD", title)), [title])


@given(st.text(alphabet="%_\\*?[]'\"ab", min_size=1), st.text(alphabet="xyz", max_size=5))
def test_characters_of_patterns_stand_for_themselves(wanted: str, title: str) -> None:
    assert not matches(folded(wanted), [title])
    assert matches(folded(wanted), [f"{title}{wanted.upper()}{title}"])


@given(
    st.text(" \t", max_size=3), st.integers(-(10**17), 10**17), st.text().filter(lambda rest: not rest[:1].isdigit())
)
def test_a_number_counts_as_far_as_its_digits_go(space: str, number: int, rest: str) -> None:
    assert leading_integer(f"{space}{number}{rest}", 0) == number


@given(st.text().filter(lambda text: not re.search("[0-9]", text)) | st.none())
def test_without_digits_the_default_counts(text: str | None) -> None:
    assert leading_integer(text, 42) == 42


@given(st.text() | st.integers().map(str), st.text() | st.integers().map(str))
def test_pages_stay_within_their_bounds(page: str, limit: str) -> None:
    number, size = clamped_page(page, limit)
    assert number >= 1
    assert 1 <= size <= 1000
