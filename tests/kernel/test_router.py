"""The route table: literals before parameters, atomic mounting, and a tree that agrees with a naive matcher."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from itertools import permutations
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a_parallel_contracts import Request, Route, ServiceKey, WireModel, delete, get, patch, post
from a_parallel_kernel.endpoints import signature_of
from a_parallel_kernel.paths import RouteError, segments_of
from a_parallel_kernel.router import RouteConflict, RouteTable

THINGS = ServiceKey[Any]("things")


class Thing(WireModel):
    id: str


class Body(WireModel):
    name: str


class Query(WireModel):
    page: int = 1


async def handler(request: Request[Any]) -> None:
    """Do nothing."""


async def plain(request: Request) -> list[Thing]:
    return []


def matched(table: RouteTable, method: str, path: str) -> tuple[str, Mapping[str, str]] | None:
    segments = segments_of(path)
    match = table.match(method, segments) if segments is not None else None
    return (match.endpoint.route.path, match.params) if match else None


ORDERS = [
    get("/api/threads/{id}", plain),
    get("/api/threads/archived", plain),
    get("/api/{kind}/archived", plain),
    get("/api/threads/{id}/messages", plain),
    patch("/api/threads/{id}", plain),
]


@pytest.mark.parametrize("order", list(permutations(range(len(ORDERS)))))
def test_a_literal_goes_before_a_parameter_whatever_the_load_order(order: tuple[int, ...]) -> None:
    table = RouteTable()
    for number in order:
        table.mount(f"plugin{number}", [ORDERS[number]])
    assert matched(table, "GET", "/api/threads/archived") == ("/api/threads/archived", {})
    assert matched(table, "GET", "/api/threads/x1") == ("/api/threads/{id}", {"id": "x1"})
    assert matched(table, "GET", "/api/projects/archived") == ("/api/{kind}/archived", {"kind": "projects"})
    assert matched(table, "GET", "/api/threads/archived/messages") == (
        "/api/threads/{id}/messages",
        {"id": "archived"},
    )
    assert matched(table, "PATCH", "/api/threads/archived") == ("/api/threads/{id}", {"id": "archived"})


def test_a_dead_end_below_a_literal_is_left_again() -> None:
    table = RouteTable()
    table.mount("one", [get("/api/a/b/c", plain), get("/api/{x}/b/{y}/d", plain)])
    assert matched(table, "GET", "/api/a/b/c/d") == ("/api/{x}/b/{y}/d", {"x": "a", "y": "c"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/threads/"),
        ("GET", "/api/threads/x/"),
        ("GET", "/api//threads"),
        ("GET", "/API/threads/x"),
        ("GET", "/api/Threads/x"),
        ("POST", "/api/threads/x"),
        ("GET", "/api/threads"),
        ("GET", "/api/threads/.."),
        ("GET", "/api/threads/%2e%2E"),
        ("GET", "/api/threads/%"),
        ("GET", "/api/threads/%zz"),
        ("GET", "/api/threads/%ff"),
        ("GET", "/api/threads/a%00b"),
    ],
)
def test_what_is_not_exactly_a_route_is_unknown(method: str, path: str) -> None:
    table = RouteTable()
    table.mount("threads", ORDERS)
    assert matched(table, method, path) is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [("a%2Fb", "a/b"), ("%E2%82%AC", "€"), ("a+b", "a+b"), ("a%20b", "a b"), ("%2520", "%20"), ("é", "é")],
)
def test_parameters_are_decoded_once_after_cutting(raw: str, value: str) -> None:
    table = RouteTable()
    table.mount("threads", [get("/api/threads/{id}", plain)])
    assert matched(table, "GET", f"/api/threads/{raw}") == ("/api/threads/{id}", {"id": value})


def test_head_follows_get() -> None:
    table = RouteTable()
    table.mount("threads", [get("/api/x", plain), post("/api/y", plain)])
    assert matched(table, "HEAD", "/api/x") == ("/api/x", {})
    assert matched(table, "HEAD", "/api/y") is None


def test_a_catch_all_takes_the_rest_but_never_the_api() -> None:
    table = RouteTable()
    table.mount("web", [get("/{rest:path}", plain), get("/docs/{page}", plain), get("/{top}", plain)])
    assert matched(table, "GET", "/") == ("/{rest:path}", {"rest": ""})
    assert matched(table, "GET", "/settings") == ("/{top}", {"top": "settings"})
    assert matched(table, "GET", "/a/b%20c/") == ("/{rest:path}", {"rest": "a/b c/"})
    assert matched(table, "GET", "/docs/x") == ("/docs/{page}", {"page": "x"})
    assert matched(table, "GET", "/docs/x/y") == ("/{rest:path}", {"rest": "docs/x/y"})
    for path in ("/api", "/api/", "/api/x", "/ws", "/ws/x", "/%61pi/x"):
        assert matched(table, "GET", path) is None
    for path in ("/../x", "/a/%2e%2e/x", "/..%2fx/y", "/a/./b", "/a%2fb/c"):
        assert matched(table, "GET", path) is None


def test_a_conflict_names_both_plugins_and_mounts_nothing() -> None:
    table = RouteTable()
    table.mount("first", [get("/api/notes/{thread}", plain)])
    with pytest.raises(RouteConflict) as conflict:
        table.mount("second", [get("/api/other", plain), get("/api/notes/{note}", plain)])
    assert "first" in str(conflict.value)
    assert "second" in str(conflict.value)
    assert matched(table, "GET", "/api/other") is None
    assert matched(table, "GET", "/api/notes/x") == ("/api/notes/{thread}", {"thread": "x"})


def test_a_plugin_cannot_conflict_with_itself_either() -> None:
    table = RouteTable()
    with pytest.raises(RouteConflict):
        table.mount("one", [get("/api/{a}", plain), get("/api/{b}", plain)])
    assert table.endpoints() == []


def test_other_methods_on_the_same_shape_are_no_conflict() -> None:
    table = RouteTable()
    table.mount("one", [get("/api/{a}", plain)])
    table.mount("two", [delete("/api/{b}", plain)])
    assert matched(table, "DELETE", "/api/x") == ("/api/{b}", {"b": "x"})


def test_unmounting_takes_away_one_plugin_alone() -> None:
    table = RouteTable()
    table.mount("one", [get("/api/x/{a}", plain)])
    table.mount("two", [get("/api/x/y", plain)])
    table.unmount("two")
    assert matched(table, "GET", "/api/x/y") == ("/api/x/{a}", {"a": "y"})
    table.unmount("one")
    assert matched(table, "GET", "/api/x/y") is None


@pytest.mark.parametrize(
    "path",
    [
        "api/x",
        "/api/x/",
        "/api//x",
        "/api/{a}/{a}",
        "/api/x{a}",
        "/api/{a",
        "/{rest:path}/x",
        "/api/{rest:path}",
        "/ws",
        "/plugins/x",
        "/a/../b",
        "/api/{1}",
    ],
)
def test_paths_that_cannot_work_are_refused_with_a_reason(path: str) -> None:
    table = RouteTable()
    with pytest.raises(RouteError, match=r".{20}"):
        table.mount("one", [get(path, plain)])


@pytest.mark.parametrize(
    "route",
    [
        get("/api/x", plain, status=204),
        get("/api/x", plain, status=404),
        get("/api/x", plain, loads=THINGS),
        get("/api/{x}", handler),
    ],
)
def test_descriptions_that_contradict_themselves_are_refused(route: Route) -> None:
    with pytest.raises(RouteError):
        RouteTable().mount("one", [route])


# --- annotations ----------------------------------------------------------------------------------


async def full(request: Request[Thing, Body, Query]) -> Thing:
    return request.resource


class Handlers:
    async def method(self, request: Request[None, Body]) -> None:
        """Take a body."""

    async def __call__(self, request: Request[None, None, Query]) -> list[Thing]:
        return []


async def bound(store: str, request: Request[None, Body]) -> None:
    """Take a first argument from a partial."""


def test_annotations_say_what_to_validate() -> None:
    found = signature_of(full)
    assert (found.resource, found.body, found.query, found.returns) == (Thing, Body, Query, Thing)
    assert signature_of(plain).returns == list[Thing]
    assert signature_of(plain).body is None
    assert signature_of(Handlers().method).body is Body
    assert signature_of(Handlers()).query is Query
    assert signature_of(functools.partial(bound, "store")).body is Body


def test_a_handler_in_a_closure_may_use_classes_of_the_enclosing_function() -> None:
    class Local(WireModel):
        name: str

    async def inner(request: Request[None, Local]) -> None:
        Local.model_validate({})

    assert signature_of(inner).body is Local


def test_names_that_cannot_be_found_are_told_with_a_way_out() -> None:
    class Hidden(WireModel):
        name: str

    async def inner(request: Request[None, Hidden]) -> None:
        """Annotated with a name that only the enclosing function knows."""

    with pytest.raises(RouteError, match=r"Hidden.*top of the module"):
        signature_of(inner)


def test_a_handler_without_a_request_is_refused() -> None:
    async def nothing() -> None:
        """Take nothing."""

    async def wrong(request: int) -> None:
        """Take something else."""

    for bad in (nothing, wrong):
        with pytest.raises(RouteError):
            signature_of(bad)


# --- against a naive matcher ----------------------------------------------------------------------

LITERALS = st.sampled_from(["a", "b", "c"])
PATTERNS = st.lists(LITERALS | st.sampled_from(["{p}", "{*}"]), min_size=1, max_size=4).map(
    lambda parts: parts[: parts.index("{*}") + 1] if "{*}" in parts else parts
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "d", "", ".."]), min_size=1, max_size=5)


def as_route(parts: list[str]) -> Route:
    names = [f"{{p{i}}}" if part == "{p}" else "{rest:path}" if part == "{*}" else part for i, part in enumerate(parts)]
    return get("/" + "/".join(names), plain)


def fits(pattern: list[str], path: list[str]) -> bool:
    if pattern[-1] == "{*}":
        head, rest = pattern[:-1], path[len(pattern) - 1 :]
        return len(path) >= len(pattern) and ".." not in rest and fits_exactly(head, path[: len(head)])
    return fits_exactly(pattern, path)


def fits_exactly(pattern: list[str], path: list[str]) -> bool:
    def one(wanted: str, found: str) -> bool:
        return found not in ("", "..") if wanted == "{p}" else wanted == found

    return len(pattern) == len(path) and all(map(one, pattern, path))


def rank(pattern: list[str]) -> list[int]:
    return [2 if part == "{*}" else 1 if part == "{p}" else 0 for part in pattern]


@given(st.lists(PATTERNS, max_size=8), st.lists(PATHS, min_size=1, max_size=8))
def test_the_tree_agrees_with_a_naive_matcher(patterns: list[list[str]], paths: list[list[str]]) -> None:
    unique = {tuple(pattern): pattern for pattern in patterns}
    table = RouteTable()
    table.mount("one", [as_route(pattern) for pattern in unique.values()])
    for path in paths:
        candidates = sorted((pattern for pattern in unique.values() if fits(pattern, path)), key=rank)
        match = table.match("GET", tuple(path))
        expected = as_route(candidates[0]).path if candidates else None
        assert (match.endpoint.route.path if match else None) == expected


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_what_a_client_encodes_comes_back(parts: list[str]) -> None:
    try:
        raw = "/" + "/".join(quote(part, safe="") for part in parts)
    except UnicodeEncodeError:
        return  # lone surrogates cannot be encoded
    expected = None if any("\0" in part for part in parts) else tuple(parts)
    assert segments_of(raw) == expected


def test_a_path_asked_for_before_is_answered_by_what_is_mounted_now() -> None:
    table = RouteTable()
    table.mount("one", [get("/api/{thing}", plain)])
    assert matched(table, "GET", "/api/a") == matched(table, "GET", "/api/a") == ("/api/{thing}", {"thing": "a"})
    table.mount("two", [get("/api/a", plain)])
    assert matched(table, "GET", "/api/a") == ("/api/a", {})
    table.unmount("two")
    table.unmount("one")
    assert matched(table, "GET", "/api/a") is None
