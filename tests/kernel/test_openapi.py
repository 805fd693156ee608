"""The description of the API is valid OpenAPI and says what the routes say."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import Field

from a_parallel_contracts import (
    Event,
    FileResponse,
    Ok,
    Omissible,
    Request,
    Response,
    Topic,
    WireModel,
    delete,
    get,
    patch,
    post,
)
from a_parallel_kernel.openapi import document
from a_parallel_kernel.router import RouteTable
from a_parallel_kernel.topics import TopicTable
from tests.kernel.serving import THINGS, Thing


class Note(WireModel):
    """A note."""

    id: str
    text_body: str
    parent: "Note | None" = None


class NewNote(WireModel):
    text_body: str = Field(min_length=1)
    color: Omissible[Annotated[str, Field(pattern="^#")]] = None


class Search(WireModel):
    search_text: str
    page: int = 1


class NoteAdded(Event):
    thing_id: str
    owner: str
    text_body: str
    color: str | None = None


class Unspeakable:
    """Has no schema."""


async def add(request: Request[Thing, NewNote]) -> Note:
    """Add a note.

    At great length.
    """
    raise NotImplementedError


async def search(request: Request[None, None, Search]) -> list[Note]:
    raise NotImplementedError


async def remove(request: Request[Thing]) -> Ok:
    """Remove it."""
    return Ok()


async def page(request: Request) -> Response:
    raise NotImplementedError


async def either(request: Request) -> Note | Response:
    raise NotImplementedError


async def file(request: Request) -> FileResponse | Response:
    raise NotImplementedError


async def anything(request: Request) -> dict[str, Any]:
    raise NotImplementedError


async def unspeakable(request: Request) -> Unspeakable:
    raise NotImplementedError


async def chunks() -> AsyncIterator[bytes]:
    yield b""


def described() -> dict[str, Any]:
    table, topics = RouteTable(), TopicTable()
    table.mount(
        "notes",
        [
            post("/api/notes/{thing}", add, loads=THINGS, status=201),
            get("/api/notes", search),
            get("/api/health", anything, access="public", summary="Whether it lives"),
            get("/api/odd", unspeakable),
            get("/api/either", either),
            get("/api/file", file),
        ],
    )
    table.mount(
        "more", [delete("/api/notes/{id}", remove, loads=THINGS), patch("/api/notes/{id}/x", remove, loads=THINGS)]
    )
    table.mount("web", [get("/{rest:path}", page, access="public")])
    topics.mount("notes", [Topic("notes:added", NoteAdded, subject="thing_id", owner="owner")])
    return document(table.endpoints(), "1.2.3", topics.topics())


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(described()).validate()


def test_every_route_is_there_with_its_plugin_as_tag() -> None:
    paths = described()["paths"]
    found = {(method, path): item["tags"] for path, items in paths.items() for method, item in items.items()}
    assert found == {
        ("post", "/api/notes/{id}"): ["notes"],
        ("delete", "/api/notes/{id}"): ["more"],
        ("patch", "/api/notes/{id}/x"): ["more"],
        ("get", "/api/notes"): ["notes"],
        ("get", "/api/health"): ["notes"],
        ("get", "/api/odd"): ["notes"],
        ("get", "/api/either"): ["notes"],
        ("get", "/api/file"): ["notes"],
        ("get", "/{rest}"): ["web"],
    }


def test_an_operation_tells_bodies_parameters_answers_and_access() -> None:
    whole = described()
    operation = whole["paths"]["/api/notes/{id}"]["post"]
    assert operation["summary"] == "Add a note."
    assert operation["security"] == [{"token": []}]
    identity, key = operation["parameters"]
    assert identity == {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", False)
    assert operation["requestBody"]["required"]
    assert set(operation["responses"]) == {"201", "400", "401", "403", "404", "413", "429", "4XX", "503", "507"}
    schemas = whole["components"]["schemas"]
    assert set(schemas["NewNote"]["properties"]) == {"textBody", "color"}
    assert schemas["NewNote"]["properties"]["color"]["type"] == "string"
    assert whole["paths"]["/api/health"]["get"]["security"] == []
    query = whole["paths"]["/api/notes"]["get"]["parameters"]
    assert [(one["name"], one["in"], one["required"]) for one in query] == [
        ("searchText", "query", True),
        ("page", "query", False),
    ]
    nothing = whole["paths"]["/api/notes/{id}"]["delete"]["responses"]["200"]
    assert nothing["content"]["application/json"]["schema"]["required"] == ["ok"]
    assert "$ref" in whole["paths"]["/api/either"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


def test_only_what_has_no_schema_is_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    described()
    assert [record.getMessage().partition(" returns")[0] for record in caplog.records] == ["GET /api/odd"]


def test_operation_ids_are_unique() -> None:
    ids = [item["operationId"] for items in described()["paths"].values() for item in items.values()]
    assert len(set(ids)) == len(ids)


def test_topics_tell_what_is_in_their_data() -> None:
    topic = described()["x-topics"]["notes:added"]
    assert (topic["plugin"], topic["subject"]) == ("notes", "thing_id")
    assert set(topic["data"]["properties"]) == {"textBody", "color"}
    assert topic["data"]["required"] == ["textBody"]
