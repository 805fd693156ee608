"""HTTP routes as descriptions: the kernel authenticates, validates, loads, serialises and documents them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Literal

from msgspec import Struct, field
from typing_extensions import TypeVar

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.errors import ApiError
from a_parallel_contracts.services import ServiceKey

ResourceT = TypeVar("ResourceT", default=None)
BodyT = TypeVar("BodyT", default=None)
QueryT = TypeVar("QueryT", default=None)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Access = Literal["public", "user", "admin"]


# Not frozen, which takes three times as long to make: one is made for each request.
class Request(Struct, Generic[ResourceT, BodyT, QueryT], eq=False):
    """A request that has passed authentication, validation and loading. It is read, not changed.

    The type arguments are read from the handler's annotation: what the route's ``loads`` yields, the
    model of the JSON body, the model of the query string. None stands for "there is none".

    Attributes:
        actor: who asks; `ANONYMOUS` on public routes without credentials.
        resource: the thing named by the path, visible to the actor.
        body, query: validated models.
        params: decoded path parameters.
        headers: names in lower case.
        cookies: decoded.
        peer: address of the client's socket, or None on a Unix socket.
        secure: the request came over TLS.
        origin_allowed: the Origin header is absent, same-origin or on the allow-list.
        origin_present: an Origin header was sent.
        peer_trusted: the client runs on this machine, or the server's settings admit other machines
            to what needs no credentials but gives some away (``http-core.md`` §2.11).
        raw: the body's bytes, for handlers without a body model.
    """

    actor: Actor
    resource: ResourceT
    body: BodyT
    query: QueryT
    params: Mapping[str, str]
    method: str = "GET"
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    peer: str | None = None
    secure: bool = False
    origin_allowed: bool = True
    origin_present: bool = False
    peer_trusted: bool = True
    raw: bytes = b""


class Response(Struct, frozen=True):
    """An answer that a handler builds itself, instead of returning something to serialise.

    Attributes:
        body: bytes, or an iterator of bytes that is streamed.
        status: HTTP status.
        content_type: with charset where it matters.
        headers: further headers; they win over the kernel's own.
        cookies: values of ``Set-Cookie`` headers, one for each.
    """

    body: bytes | AsyncIterator[bytes] = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


class FileResponse(Struct, frozen=True):
    """A file of this machine, sent with its type by extension. The handler vouches for the path."""

    path: Path
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Any], Awaitable[Any]]


class Route(Struct, frozen=True):
    """One method on one path.

    Attributes:
        method: of HTTP; HEAD follows GET by itself.
        path: full path with ``{name}`` for a segment, ``{name:path}`` for the rest (last segment only).
        handler: ``async def handler(request: Request[...]) -> ...``; the annotations say what to validate
            and what to document.
        access: who may call it. With ``public`` nobody is asked for credentials.
        loads: service that turns the first path parameter into ``request.resource``.
        load_first: load before the body is validated, so that an unknown id wins over a bad body.
        status: of a successful answer.
        returns: what a handler's own `Response` holds, for the documentation; its return annotation by default.
        summary: one line for the documentation; the handler's docstring by default.
        scope: what an access token needs; by default ``admin`` for `access` admin, else ``read`` for GET and
            ``run`` for the others.
        lenient_body: an absent or unparsable body counts as ``{}``.
        max_body: limit of the body in bytes; the server's setting by default, and 1 MiB on public routes.
        confidential: the answer holds a secret; it is not kept for requests that are repeated under an
            ``Idempotency-Key``, which are refused instead.
        repeatable: whatever the handler does before its first transaction may be done twice. A request that is sent
            again under its ``Idempotency-Key`` after the server was killed is carried out if none was committed.
        from_rows: the answer to a GET depends on the database, the address and the actor alone; browsers that have
            it are told ``304 Not Modified`` for as long as no row changes, and what was loaded for the actor is used
            again.
        refusal: gives what is answered instead of success another form, where a client expects one.
    """

    method: Method
    path: str
    handler: Handler
    access: Access = "user"
    loads: ServiceKey[Any] | None = None
    load_first: bool = False
    status: int = 200
    returns: Any = None
    summary: str = ""
    scope: Literal["read", "run", "admin"] | None = None
    lenient_body: bool = False
    max_body: int | None = None
    confidential: bool = False
    repeatable: bool = False
    from_rows: bool = False
    refusal: Callable[[ApiError], ApiError] | None = None


def get(path: str, handler: Handler, **options: Any) -> Route:
    """Describe a GET route; `options` are the further attributes of `Route`."""
    return Route("GET", path, handler, **options)


def post(path: str, handler: Handler, **options: Any) -> Route:
    """Describe a POST route; `options` are the further attributes of `Route`."""
    return Route("POST", path, handler, **options)


def put(path: str, handler: Handler, **options: Any) -> Route:
    """Describe a PUT route; `options` are the further attributes of `Route`."""
    return Route("PUT", path, handler, **options)


def patch(path: str, handler: Handler, **options: Any) -> Route:
    """Describe a PATCH route; `options` are the further attributes of `Route`."""
    return Route("PATCH", path, handler, **options)


def delete(path: str, handler: Handler, **options: Any) -> Route:
    """Describe a DELETE route; `options` are the further attributes of `Route`."""
    return Route("DELETE", path, handler, **options)


class Ok(dict[str, bool]):
    """The answer ``{"ok": true}`` of routes that have nothing else to say; never 204 (``http-core.md`` §0)."""

    def __init__(self) -> None:
        super().__init__(ok=True)
