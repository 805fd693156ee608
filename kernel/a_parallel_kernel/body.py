"""Reads and validates what a request brings: its body and its query string (``http-core.md`` §2.7)."""

import functools
from typing import Any, get_args, get_origin

from aiohttp import HttpVersion11, web
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError

from a_parallel_contracts.errors import BadRequest, PayloadTooLarge
from a_parallel_kernel.answers import ClientGone
from a_parallel_kernel.endpoints import Endpoint
from a_parallel_kernel.problems import sentence

_MANY = (list, tuple, set, frozenset)


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the body, decompressed if need be.

    Raises:
        PayloadTooLarge: it is over `limit` bytes; what follows is not read.
        BadRequest: its encoding is broken.
        ClientGone: it will never be complete.
    """
    declared = request.content_length
    if declared is not None and declared > limit:
        raise _too_large(limit)
    await _invite(request)
    chunks, size = [], 0
    try:
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
    except ConnectionError as error:
        raise ClientGone(str(error)) from error
    except web.RequestPayloadError as error:
        raise BadRequest(f"The request body cannot be read: {error}") from error
    return b"".join(chunks)


async def _invite(request: web.BaseRequest) -> None:
    """Tell a client that waits with its body to send it (RFC 9110 §10.1.1); what else it expects is nothing we know."""
    if request.version == HttpVersion11 and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The request body is over the limit of {limit} bytes")


def parse_body(endpoint: Endpoint, raw: bytes) -> Any:
    """Return the validated body: JSON whatever the Content-Type, strict types, unknown keys dropped.

    Raises:
        BadRequest: names the first problem.
    """
    if endpoint.body is None:
        return None
    lenient = endpoint.route.lenient_body
    if not raw.strip():
        if not lenient:
            raise BadRequest("Request body is empty; send a JSON object")
        raw = b"{}"
    try:
        return endpoint.body.validate_json(raw, strict=True)
    except ValidationError as error:
        if lenient and error.errors(include_url=False)[0]["type"] == "json_invalid":
            return parse_body(endpoint, b"{}")
        raise BadRequest(sentence(error, "Request body")) from None


def parse_query(endpoint: Endpoint, query: MultiMapping[str]) -> Any:
    """Return the validated query string; text is converted, and a field that is a list takes all values.

    Raises:
        BadRequest: names the first problem.
    """
    adapter = endpoint.query
    if adapter is None:
        return None
    many = _many(endpoint.signature.query)
    given = {key: query.getall(key) if key in many else query[key] for key in query}
    try:
        return adapter.validator.validate_python(given)
    except ValidationError as error:
        raise BadRequest(sentence(error, "Query")) from None


@functools.cache
def _many(model: Any) -> frozenset[str]:
    """Return the keys of a query model whose fields are lists."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return frozenset()
    fields = model.model_fields.items()
    listed = {name: field for name, field in fields if _is_many(field.annotation)}
    return frozenset(key for name, field in listed.items() for key in (name, field.alias) if key)


def _is_many(annotation: Any) -> bool:
    kinds = [annotation, *get_args(annotation)]
    return any((get_origin(kind) or kind) in _MANY for kind in kinds)
