"""Bodies and query strings: what is accepted, and the one sentence that says what is wrong."""

import json
import zlib
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field

from a_parallel_contracts import Omissible, Request, WireModel, delete, get, post
from a_parallel_kernel.clients import HttpSettings
from tests.kernel.serving import THINGS, Served, Thing, serving

LIMIT = 100_000


class Mode(StrEnum):
    LOCAL = "local"
    WORKTREE = "worktree"


class Reference(WireModel):
    path: str = Field(min_length=1)


def absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("The path must be absolute")
    return path


class New(WireModel):
    name: str = Field(min_length=1)
    mode: Mode = Mode.LOCAL
    cost: float = 0
    count: int = Field(default=0, le=10)
    pinned: bool = False
    kind: Literal["a", "b", "c"] = "a"
    color: str | None = Field(default=None, pattern="^#[0-9a-f]{6}$")
    title: Omissible[Annotated[str, Field(max_length=5)]] = None
    tags: list[str] = Field(default_factory=list)
    ids: list[str] = Field(default=["x"], min_length=1)
    file_references: list[Reference] = Field(default_factory=list, max_length=2)
    path: Annotated[str, AfterValidator(absolute)] = "/"


class Page(WireModel):
    page: int = Field(default=1, ge=1)
    include_archived: bool = False
    tag: list[str] = Field(default_factory=list)
    search: str = ""


async def make(request: Request[None, New]) -> New:
    return request.body


async def lenient(request: Request[None, New]) -> dict[str, Any]:
    return {"name": request.body.name}


async def optional(request: Request[None, Reference | None]) -> str:
    return "none" if request.body is None else request.body.path


async def bare(request: Request) -> dict[str, int]:
    return {"size": len(request.raw)}


async def listing(request: Request[None, None, Page]) -> Page:
    return request.query


async def change(request: Request[Thing, Reference]) -> Thing:
    return request.resource


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(HttpSettings(max_body=LIMIT)) as running:
        running.server.mount(
            "bodies",
            [
                post("/api/make", make),
                delete("/api/make", make),
                post("/api/lenient", lenient, lenient_body=True),
                post("/api/bare", bare),
                get("/api/bare", bare),
                post("/api/small", bare, max_body=10),
                get("/api/list", listing),
                post("/api/first/{id}", change, loads=THINGS, load_first=True),
                post("/api/last/{id}", change, loads=THINGS),
                post("/api/optional", optional),
            ],
        )
        yield running


async def refused(served: Served, body: Any, method: str = "POST", path: str = "/api/make") -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await served.call(method, path, data=data, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert set(answer.json()) == {"error"}
    text: str = answer.json()["error"]
    return text


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "name is required"),
        ({"name": ""}, "name is required"),
        ({"name": 1}, "name: expected string, received number"),
        ({"name": None}, "name: expected string, received null"),
        ({"name": []}, "name: expected string, received array"),
        ({"name": "x", "mode": "other"}, 'mode: expected one of "local"|"worktree"'),
        ({"name": "x", "kind": "z"}, 'kind: expected one of "a"|"b"|"c"'),
        ({"name": "x", "cost": "1"}, "cost: expected number, received string"),
        ({"name": "x", "count": "1"}, "count: expected integer, received string"),
        ({"name": "x", "count": 1.5}, "count: expected integer, received number"),
        ({"name": "x", "count": True}, "count: expected integer, received boolean"),
        ({"name": "x", "count": 11}, "count: input should be less than or equal to 10"),
        ({"name": "x", "pinned": 1}, "pinned: expected boolean, received number"),
        ({"name": "x", "pinned": "true"}, "pinned: expected boolean, received string"),
        ({"name": "x", "color": "red"}, "color: must match ^#[0-9a-f]{6}$"),
        ({"name": "x", "title": None}, "title must not be null"),
        ({"name": "x", "title": "longer"}, "title: at most 5 characters are allowed"),
        ({"name": "x", "tags": "a"}, "tags: expected array, received string"),
        ({"name": "x", "tags": ["a", 1]}, "tags[1]: expected string, received number"),
        ({"name": "x", "ids": []}, "ids must not be empty"),
        ({"name": "x", "fileReferences": [{"path": "a"}, {}]}, "fileReferences[1].path is required"),
        ({"name": "x", "fileReferences": ["a"]}, "fileReferences[0]: expected object, received string"),
        ({"name": "x", "fileReferences": [{"path": "a"}] * 3}, "fileReferences: at most 2 items are allowed"),
        ({"name": "x", "path": "relative"}, "The path must be absolute"),
        ({"mode": "other", "count": "1"}, "name is required"),
        ([], "Request body: expected object, received array"),
        ("text", "Request body: expected object, received string"),
        (None, "Request body: expected object, received null"),
        (b"", "Request body is empty; send a JSON object"),
        (b"  ", "Request body is empty; send a JSON object"),
    ],
)
async def test_the_first_problem_is_told_in_one_sentence(served: Served, body: Any, sentence: str) -> None:
    assert await refused(served, body) == sentence


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nope",
        b"{'name': 'x'}",
        b'{"name": "x"',
        b"\xff\xfe",
        b'{"name": "\\ud800"}',
        b"[" * 5000,
        b'{"name":"x"}}',
    ],
)
async def test_malformed_json_is_a_400(served: Served, body: bytes) -> None:
    assert (await refused(served, body)).startswith("Request body is not valid JSON: ")


async def test_a_good_body_is_taken_whatever_its_content_type(served: Served) -> None:
    body = {"name": " x ", "mode": "worktree", "cost": 1, "color": None, "unknown": {"dropped": True}}
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", None):
        headers = {"Content-Type": content_type} if content_type else {}
        answer = await served.call("POST", "/api/make", data=json.dumps(body).encode(), headers=headers)
        assert answer.status == 200
        made = answer.json()
        assert (made["name"], made["mode"], made["cost"], made["color"]) == (" x ", "worktree", 1, None)
        assert "unknown" not in made


async def test_a_delete_may_carry_a_body(served: Served) -> None:
    assert (await served.json("DELETE", "/api/make", data=b'{"name":"x"}'))[0] == 200
    assert await refused(served, {}, method="DELETE") == "name is required"


@pytest.mark.parametrize("body", [b"", b"nonsense", b"{}", None])
async def test_without_a_model_any_body_is_accepted(served: Served, body: bytes | None) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await served.json("POST", "/api/bare", data=body, headers=headers))[0] == 200
    assert (await served.json("GET", "/api/bare", data=body, headers=headers))[1] == {"size": len(body or b"")}


async def test_a_lenient_route_takes_a_missing_or_broken_body_for_an_empty_object(served: Served) -> None:
    for body in (b"", b"{", b"{}"):
        assert await refused(served, body, path="/api/lenient") == "name is required"
    assert await served.json("POST", "/api/lenient", data=b'{"name":"x"}') == (200, {"name": "x"})
    assert await refused(served, {"name": 1}, path="/api/lenient") == "name: expected string, received number"


async def test_a_body_that_may_be_null(served: Served) -> None:
    assert await served.json("POST", "/api/optional", data=b"null") == (200, "none")
    assert await served.json("POST", "/api/optional", data=b'{"path":"a"}') == (200, "a")


# --- sizes ----------------------------------------------------------------------------------------


async def test_bodies_over_the_limit_are_413_and_the_server_goes_on(served: Served) -> None:
    assert (await served.json("POST", "/api/bare", data=b"x" * LIMIT)) == (200, {"size": LIMIT})
    status, body = await served.json("POST", "/api/bare", data=b"x" * (LIMIT + 1))
    assert (status, body) == (413, {"error": f"The request body is over the limit of {LIMIT} bytes"})

    async def chunked() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 10_000

    assert (await served.json("POST", "/api/bare", data=chunked()))[0] == 413
    assert (await served.json("POST", "/api/small", data=b"x" * 11))[0] == 413
    assert (await served.json("POST", "/api/small", data=b"x" * 10))[0] == 200


async def test_a_compressed_body_counts_as_what_it_unpacks_to(served: Served) -> None:
    bomb = zlib.compress(b"x" * (LIMIT * 50))
    assert len(bomb) < LIMIT
    headers = {"Content-Encoding": "deflate"}
    assert (await served.json("POST", "/api/bare", data=bomb, headers=headers))[0] == 413
    small = zlib.compress(b"x" * 1000)
    assert await served.json("POST", "/api/bare", data=small, headers=headers) == (200, {"size": 1000})


async def test_a_broken_encoding_is_a_400(served: Served) -> None:
    answer = await served.call("POST", "/api/bare", data=b"not deflate", headers={"Content-Encoding": "deflate"})
    assert answer.status == 400


async def test_nobody_reads_the_body_of_a_stranger(served: Served) -> None:
    status, headers, _ = await served.raw(
        "POST /api/bare HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\nConnection: close\r\n\r\n{"
    )
    assert status == 401
    assert headers["content-type"] == "application/json"


async def test_several_images_in_one_body_are_no_problem() -> None:
    async with serving() as served:
        served.server.mount("bodies", [post("/api/make", make)])
        body = json.dumps({"name": "x", "tags": ["i" * 4_000_000] * 5}).encode()
        answer = await served.call("POST", "/api/make", data=body)
        assert answer.status == 200
        assert len(answer.body) > 20_000_000


# --- order of checks ------------------------------------------------------------------------------


async def test_validation_comes_before_loading_unless_the_route_says_otherwise(served: Served) -> None:
    assert (await served.json("POST", "/api/last/unknown", data=b"{}"))[0] == 400
    assert (await served.json("POST", "/api/last/unknown", data=b'{"path":"a"}'))[0] == 404
    assert (await served.json("POST", "/api/first/unknown", data=b"{}"))[0] == 404
    assert (await served.json("POST", "/api/first/t1", data=b"{}"))[0] == 400


# --- query strings --------------------------------------------------------------------------------


async def test_query_strings_are_converted(served: Served) -> None:
    path = "/api/list?page=2&includeArchived=true&tag=a&tag=b%20c&search=%C3%A9&unknown=1"
    assert await served.json("GET", path) == (
        200,
        {"page": 2, "includeArchived": True, "tag": ["a", "b c"], "search": "é"},
    )
    assert (await served.json("GET", "/api/list"))[1]["page"] == 1
    assert (await served.json("GET", "/api/list?page=3&page=4"))[1]["page"] == 3


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("page=x", "page: expected integer, received string"),
        ("page=0", "page: input should be greater than or equal to 1"),
        ("includeArchived=maybe", "includeArchived: expected boolean, received string"),
    ],
)
async def test_a_query_string_that_does_not_fit_is_a_400(served: Served, query: str, sentence: str) -> None:
    assert await served.json("GET", f"/api/list?{query}") == (400, {"error": sentence})
