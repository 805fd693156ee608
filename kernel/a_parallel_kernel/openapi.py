"""Describes everything that is mounted as an OpenAPI 3.1 document."""

import inspect
from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from a_parallel_contracts.http import FileResponse, Ok, Response
from a_parallel_kernel.endpoints import Endpoint
from a_parallel_kernel.schemas import Mode, Schema, Schemas, data_schema, topic_key
from a_parallel_kernel.topics import MountedTopic

_ERROR = {"$ref": "#/components/responses/Error"}
_OK = {"type": "object", "properties": {"ok": {"const": True}}, "required": ["ok"]}
_RAW = (Response, FileResponse)
_NOTHING = (None, NoneType, Ok)


def document(endpoints: Iterable[Endpoint], version: str, topics: Iterable[MountedTopic] = ()) -> dict[str, Any]:
    """Return the document.

    Parameters:
        endpoints: of the route table.
        version: of the server.
        topics: of the hub; described under ``x-topics``, each with the schema of its ``data``.
    """
    routes, sent = list(endpoints), list(topics)
    schemas = Schemas([*_wanted(routes), *((topic_key(one), "serialization", one.topic.event) for one in sent)])
    paths: dict[str, dict[str, Any]] = {}
    canonical: dict[tuple[str, ...], Endpoint] = {}
    for endpoint in routes:
        # Two paths that differ only in the names of their parameters are one path to OpenAPI.
        first = canonical.setdefault(endpoint.pattern.shape, endpoint)
        path = first.route.path.replace(":path}", "}")
        paths.setdefault(path, {})[endpoint.route.method.lower()] = _operation(endpoint, first, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "a-parallel", "version": version},
        "paths": paths,
        "tags": [{"name": plugin} for plugin in sorted({endpoint.plugin for endpoint in routes})],
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Error": _content("An error; `error` says what to do next.", _error_schema())},
        },
        "x-topics": {one.topic.name: _topic(one, schemas) for one in sent},
    }


def _wanted(routes: list[Endpoint]) -> Iterator[tuple[str, Mode, Any]]:
    for endpoint in routes:
        yield f"{endpoint.action} body", "validation", endpoint.signature.body
        yield f"{endpoint.action} query", "validation", endpoint.signature.query
        yield f"{endpoint.action} returns", "serialization", _serialised(endpoint.documented)


def _serialised(returns: Any) -> Any:
    """Return what is left of a return type without the answers that a handler builds itself."""
    if returns in (*_NOTHING, Any) or _is_raw(returns):
        return None
    members = get_args(returns) if get_origin(returns) in (Union, UnionType) else (returns,)
    return Union[tuple(member for member in members if member not in _RAW)]  # noqa: UP007 - built from a tuple


def _is_raw(returns: Any) -> bool:
    """Tell whether the handler always builds its answer itself."""
    members = get_args(returns) if get_origin(returns) in (Union, UnionType) else (returns,)
    return all(member in _RAW for member in members)


def _operation(endpoint: Endpoint, first: Endpoint, schemas: Schemas) -> dict[str, Any]:
    route = endpoint.route
    text = inspect.getdoc(route.handler) or "" if inspect.isroutine(route.handler) else ""
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.plugin}.{route.method.lower()}." + ".".join(_words(endpoint)),
        "tags": [endpoint.plugin],
        "summary": route.summary or text.partition("\n")[0] or endpoint.action,
        "security": [] if route.access == "public" else [{"token": []}],
        "parameters": [*_path_parameters(first), *_query_parameters(endpoint, schemas), *_key_parameter(endpoint)],
        "responses": _responses(endpoint, schemas),
        "x-access": route.access,
        "x-scope": endpoint.scope,
    }
    body = schemas.get(f"{endpoint.action} body", "validation")
    if endpoint.signature.body is not None:
        content = {"application/json": {"schema": body or {}}}
        operation["requestBody"] = {"required": not route.lenient_body, "content": content}
    return operation


def _words(endpoint: Endpoint) -> Iterator[str]:
    for segment in endpoint.pattern.segments:
        if segment.text:
            yield f"by-{segment.text}" if segment.parameter else segment.text


def _path_parameters(first: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in first.pattern.parameters
    ]


def _query_parameters(endpoint: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    model = schemas.resolved(f"{endpoint.action} query", "validation")
    required = model.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in model.get("properties", {}).items()
    ]


def _key_parameter(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.route.method == "GET":
        return []
    said = "A UUID, say: the same request under the same key within 24 hours is carried out once and answered again."
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": said,
        }
    ]


def _responses(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    route, returns = endpoint.route, endpoint.documented
    schema: Schema = _OK if returns in _NOTHING else {}
    schema = schemas.get(f"{endpoint.action} returns", "serialization") or schema
    success = _content("Success.", schema) if not _is_raw(returns) else {"description": "Success."}
    brings = endpoint.signature.body is not None or endpoint.signature.query is not None
    errors = {
        "400": brings,
        "401": route.access != "public",
        "403": route.access != "public",
        "404": route.loads is not None,
        "413": endpoint.signature.body is not None,
        "429": route.path.startswith("/api"),
        "4XX": True,
        "503": True,
        "507": route.method != "GET",
    }
    unchanged = {"304": {"description": "Nothing has changed since."}} if route.from_rows else {}
    return {str(route.status): success, **unchanged, **{status: _ERROR for status, occurs in errors.items() if occurs}}


def _content(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _error_schema() -> Schema:
    return {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}


def _topic(mounted: MountedTopic, schemas: Schemas) -> dict[str, Any]:
    return {
        "plugin": mounted.plugin,
        "event": mounted.topic.event.__name__,
        "subject": mounted.topic.subject,
        "data": data_schema(mounted, schemas),
    }
