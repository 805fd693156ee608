"""The two descriptions of the server's interfaces are complete, and what the server sends fits them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from a_parallel_kernel.testkit import RunningKernel
from tests.support.repository import make_repository

PLUGINS = Path(__file__).parents[2] / "plugins"
SCRIPT = "!say One\n!write a.txt first\n!stream Word by word"


async def test_openapi_covers_the_router_exactly(everything: RunningKernel) -> None:
    document = await everything.client.get("/api/kernel/openapi.json")
    OpenAPIV31SpecValidator(document).validate()
    described = {
        (method.upper(), shape(path), operation["tags"][0])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    mounted = {
        (one.route.method, shape(one.route.path), one.plugin) for one in everything.kernel.http.routes.endpoints()
    }
    assert described == mounted


def shape(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


async def test_every_answer_is_described(everything: RunningKernel) -> None:
    document = await everything.client.get("/api/kernel/openapi.json")
    vague = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if not answer_schema(operation)
    }
    # Pages, files and figures, and no more.
    assert vague == {"GET /", "GET /{path}", "GET /api/mcp/oauth/callback", "GET /metrics"}
    loose = {name for name, schema in document["components"]["schemas"].items() if {} in properties(schema)}
    # The input of a tool is whatever JSON the agent made of it, and the log holds events of all topics.
    assert loose == {"AgentToolCall", "LoggedEvent"}


def answer_schema(operation: Any) -> Any:
    """Return the schema of an operation's success."""
    success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
    return success.get("content", {}).get("application/json", {}).get("schema")


def properties(schema: Any) -> list[Any]:
    """Return the schemas of an object's fields without their titles."""
    return [
        {key: one for key, one in field.items() if key not in ("title", "description", "default")}
        for field in schema.get("properties", {}).values()
    ]


async def test_asyncapi_covers_the_topics_and_messages_exactly(everything: RunningKernel) -> None:
    document = await everything.client.get("/api/kernel/asyncapi.json")
    hub = everything.kernel.http.hub
    assert names(document, "send") == {one.topic.name for one in hub.topics()} | {"sync:ready", "sync:reset"}
    assert names(document, "receive") == {one.inbound.name for one in hub.messages()}
    owners = {(one.topic.name, one.plugin) for one in hub.topics()}
    owners |= {("sync:ready", "kernel"), ("sync:reset", "kernel")}
    messages = document["components"]["messages"].items()
    assert {(one["name"], one["tags"][0]["name"]) for id, one in messages if id.startswith("sent.")} == owners
    answered = {one["name"] for id, one in messages if id.startswith("answer.")}
    assert answered == set(sent_to_one_socket())


def names(document: Any, action: str) -> set[str]:
    """Return the names of the messages that go in one direction."""
    used = [
        resolve(document, resolve(document, message["$ref"])["$ref"])
        for operation in document["operations"].values()
        if operation["action"] == action
        for message in operation["messages"]
    ]
    return {message["name"] for message in used}


def sent_to_one_socket() -> Iterator[str]:
    """Yield what plugins send past the topics, from their code."""
    for path in PLUGINS.rglob("*.py"):
        yield from re.findall(r"\bsocket\.send\(\"([a-z_]+:[a-z_]+)\"", path.read_text(encoding="utf-8"))


def resolve(document: Any, reference: str) -> Any:
    """Return what a reference within the document names."""
    found = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


async def test_every_reference_leads_somewhere(everything: RunningKernel) -> None:
    document = await everything.client.get("/api/kernel/asyncapi.json")
    assert document["asyncapi"] == "3.0.0"
    for reference in references(document):
        assert resolve(document, reference)
    for group in ("messages", "schemas"):
        assert all(re.fullmatch(r"[\w.-]+", id) for id in document["components"][group])
    for message in document["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])


def references(value: Any) -> Iterator[str]:
    """Yield every reference of a document."""
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


async def test_what_the_server_sends_fits_the_description(everything: RunningKernel, tmp_path: Path) -> None:
    client = everything.client
    document = await client.get("/api/kernel/asyncapi.json")
    repository = make_repository(tmp_path / "demo")
    project = await client.post("/api/projects", json={"name": "demo", "path": str(repository.path)})
    async with client.websocket(since="latest") as page:
        await page.receive("sync:ready")
        await page.send("pty:spawn", {"id": "t1", "cwd": str(repository.path), "rows": 24, "cols": 80})
        await page.send("pty:list", {})
        await page.receive("pty:list")
        body = {"projectId": project["id"], "mode": "worktree", "title": "Look", "prompt": SCRIPT}
        await client.post("/api/threads", json=body)
        await page.receive("agent:result")
        await page.send("pty:kill", {"id": "t1"})
        await page.receive("pty:exit")
    checkers = {
        one["name"]: Draft202012Validator({**one["payload"], "components": document["components"]})
        for id, one in document["components"]["messages"].items()
        if not id.startswith("received.")
    }
    async with client.websocket(since="999999") as late:
        await late.receive("sync:reset")
    assert any("seq" in frame for frame in page.frames)
    for frame in [*page.frames, *late.frames]:
        checkers[frame["type"]].validate(frame)
    assert {"agent:init", "agent:message", "agent:status", "agent:tool_call", "pty:data"} <= {
        frame["type"] for frame in page.frames
    }
