"""One call of a handler: body, resource, permission, the handler itself, its answer."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from a_parallel_contracts.auth import Actor
from a_parallel_contracts.errors import ApiError, FailedDependency, HookError, InternalError
from a_parallel_contracts.http import FileResponse, Request, Response, Route
from a_parallel_kernel.admission import Admission, HttpServices
from a_parallel_kernel.answers import ClientGone, answer, serialised, stream
from a_parallel_kernel.body import parse_body, parse_query, read_body
from a_parallel_kernel.clients import Client, ClientGate
from a_parallel_kernel.endpoints import Endpoint
from a_parallel_kernel.flights import Flights
from a_parallel_kernel.headers import decorate
from a_parallel_kernel.idempotency import HEADER, SAFE, Identity, fingerprint, key_of
from a_parallel_kernel.loaded import Loaded
from a_parallel_kernel.router import Match
from a_parallel_kernel.validators import Validators

log = logging.getLogger("a_parallel.http")

_BUILT = (Response, FileResponse)
"""What handlers return that build their answer themselves."""

STRANGERS_BODY = 1024 * 1024
"""Bytes of a body on public routes, where the route itself sets no limit."""


class Caller:
    """Calls handlers of routes.

    Parameters:
        services: the rest of the kernel.
        admission: decides who may.
        gate: knows the allowed origins.
        max_body: bytes of a body, where the route says nothing.
    """

    def __init__(self, services: HttpServices, admission: Admission, gate: ClientGate, max_body: int) -> None:
        self.flights = Flights()
        self._services = services
        self._admission = admission
        self._gate = gate
        self._max_body = max_body
        self._validators = Validators(services.changes)
        self._loaded = Loaded(services.changes)

    def call(self, request: web.BaseRequest, client: Client, match: Match) -> Awaitable[web.StreamResponse]:
        """Return the answer of a route; one with a streamed body has been sent.

        Raises:
            ApiError: what to answer instead.
            ClientGone: there is nobody to answer.
        """
        reform = match.endpoint.route.refusal
        called = self._call(request, client, match)
        return called if reform is None else self._reformed(called, reform)

    async def _reformed(
        self, called: Awaitable[web.StreamResponse], reform: Callable[[ApiError], ApiError]
    ) -> web.StreamResponse:
        try:
            return await called
        except ApiError as error:
            raise reform(error) from error

    async def _call(self, request: web.BaseRequest, client: Client, match: Match) -> web.StreamResponse:
        endpoint = match.endpoint
        actor = await self._admission.admit(request, client, endpoint)
        tag = self._validators.tag(endpoint, actor)  # before anything is read
        unchanged = self._validators.unchanged(request, tag) if tag else None
        if unchanged is not None:
            return unchanged
        began = time.perf_counter()
        error: BaseException | None = None
        self.flights.depart(endpoint.plugin)
        try:
            return await self._run(request, client, match, actor, tag)
        except ClientGone:
            raise
        except Exception as raised:
            error = raised if _is_fault(raised) else None
            raise _refusal(endpoint, raised) from raised
        finally:
            self.flights.land(endpoint.plugin)
            self._services.report(endpoint.plugin, error, time.perf_counter() - began)

    async def _run(
        self, request: web.BaseRequest, client: Client, match: Match, actor: Actor, tag: str | None
    ) -> web.StreamResponse:
        route, once = match.endpoint.route, self._services.idempotency
        raw = await read_body(request, self._limit_of(route)) if request.can_read_body else b""
        key = client.headers.get(HEADER)
        if key is None or once is None or request.method in SAFE or actor.role == "anonymous":
            return await self._carry_out(request, client, match, actor, raw, tag)
        return await once.once(
            Identity(actor.user_id, request.method, request.rel_url.raw_path, key_of(key)),
            await fingerprint(request.query_string, raw),
            lambda: self._carry_out(request, client, match, actor, raw),
            confidential=route.confidential,
            repeatable=route.repeatable,
            reform=route.refusal,
        )

    async def _carry_out(
        self, request: web.BaseRequest, client: Client, match: Match, actor: Actor, raw: bytes, tag: str | None = None
    ) -> web.StreamResponse:
        endpoint, route = match.endpoint, match.endpoint.route
        resource = await self._load(match, actor) if route.loads and route.load_first else None
        query = parse_query(endpoint, request.query)
        body = parse_body(endpoint, raw)
        if route.loads and not route.load_first:
            resource = await self._load(match, actor)
        await self._admission.authorize(actor, endpoint, resource)
        asked = Request(
            actor=actor,
            resource=resource,
            body=body,
            query=query,
            params=match.params,
            method=request.method,
            path=request.path,
            headers=client.headers,
            cookies=request.cookies if "cookie" in client.headers else {},
            peer=client.peer,
            secure=client.secure,
            origin_allowed=client.origin_allowed,
            origin_present=client.origin is not None,
            peer_trusted=client.trusted,
            raw=raw,
        )
        result = await route.handler(asked)
        if isinstance(result, _BUILT):
            return await self._respond(request, client, endpoint, result, tag)
        response = serialised(endpoint, result)
        self._add_tag(response, tag)
        return response

    def _limit_of(self, route: Route) -> int:
        """Return how many bytes of a body are read; of strangers fewer, who could fill the memory otherwise."""
        if route.max_body is not None:
            return route.max_body
        return min(self._max_body, STRANGERS_BODY) if route.access == "public" else self._max_body

    async def _load(self, match: Match, actor: Actor) -> Any:
        route = match.endpoint.route
        key = route.loads
        assert key is not None
        service = self._services.resources(key)
        if service is None:
            raise FailedDependency(f"The service {key}, which this needs, does not run; see the plugins' states")
        id = match.params[match.endpoint.pattern.parameters[0]]
        return await (self._loaded.load(service, actor, id) if route.from_rows else service.load(actor, id))

    def _add_tag(self, response: web.StreamResponse, tag: str | None) -> None:
        if tag is not None and response.status == 200:
            response.headers.update(self._validators.headers(tag))

    async def _respond(
        self,
        request: web.BaseRequest,
        client: Client,
        endpoint: Endpoint,
        result: Response | FileResponse,
        tag: str | None,
    ) -> web.StreamResponse:
        response = await answer(endpoint, result)
        self._add_tag(response, tag)
        if (
            isinstance(result, Response)
            and not isinstance(result.body, bytes)
            and not isinstance(response, web.Response)
        ):
            decorate(response, client, listed=self._gate.listed(client.origin))
            await stream(request, response, result.body)
        return response


def _refusal(endpoint: Endpoint, error: Exception) -> ApiError:
    """Return what is answered; internals of an unexpected error go to the log alone."""
    if isinstance(error, HookError):
        log.error("%s: %s", endpoint.action, error, exc_info=error)
    elif _is_fault(error):
        log.error("%s of plugin %s failed", endpoint.action, endpoint.plugin, exc_info=error)
    return error if isinstance(error, ApiError) else InternalError("Internal server error")


def _is_fault(error: BaseException) -> bool:
    """Tell whether the plugin that was called is to blame: for a hook it is another one."""
    if isinstance(error, ApiError):
        return error.status == 500
    return not isinstance(error, HookError)
