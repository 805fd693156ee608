"""What happens to a request between the socket and the route, in the order of ``http-core.md`` §2.1."""

import logging
import time
from collections.abc import Callable

from aiohttp import web

from a_parallel_contracts.errors import ApiError, Forbidden, InternalError, NotFound, TooManyRequests
from a_parallel_kernel.access_log import AccessLog, redacted
from a_parallel_kernel.admission import Admission, HttpServices
from a_parallel_kernel.answers import Answer, ClientGone, error_answer, file_answer, text_answer
from a_parallel_kernel.calls import Caller
from a_parallel_kernel.clients import Client, ClientGate, HttpSettings
from a_parallel_kernel.figures import RequestFigures, Visit
from a_parallel_kernel.files import PluginFiles
from a_parallel_kernel.headers import decorate, preflight
from a_parallel_kernel.limits import RateLimiter
from a_parallel_kernel.paths import segments_of
from a_parallel_kernel.router import RouteTable

log = logging.getLogger("a_parallel.http")

HEALTH = ("api", "health")
"""Has a budget of its own under the rate limit, so that a busy page can still see that the server is there."""

OPEN_PREFIX = ("api", "auth")
"""Below it nothing needs credentials, known or unknown (``http-core.md`` §2.5)."""

HOST_REFUSED = (
    "This server is not called by that name. Use http://localhost, or list the name under allowed_hosts in the "
    "section [server] of the configuration"
)


class Pipeline:
    """Answers every HTTP request but those for ``/ws``.

    Parameters:
        settings: of the server.
        services: the rest of the kernel.
        routes: what plugins have mounted.
        clock: of the rate limit, in seconds; for tests.
    """

    def __init__(
        self,
        settings: HttpSettings,
        services: HttpServices,
        routes: RouteTable,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.files = PluginFiles()
        self.log = AccessLog()
        self.figures = RequestFigures()
        self._routes = routes
        self._gate = ClientGate(settings)
        self._admission = Admission(services)
        self._caller = Caller(services, self._admission, self._gate, settings.max_body)
        self.flights = self._caller.flights
        self._limits = RateLimiter(settings.rate_limit, clock=clock)
        self._health_limits = RateLimiter(settings.rate_limit, clock=clock)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request.

        Raises:
            ConnectionResetError: the client is gone.
        """
        began = time.perf_counter()
        client = self._gate.identify(request)
        visit = Visit()
        status = 499  # what nginx writes for a client that did not wait
        try:
            response = await self._answer(request, client, visit)
            status = response.status
        except ClientGone as error:
            raise ConnectionResetError(str(error)) from error
        finally:
            seconds = time.perf_counter() - began
            self.log.note(request.method, request.raw_path, status, seconds)
            self.figures.count(visit.endpoint, status, seconds)
        return response

    async def _answer(self, request: web.BaseRequest, client: Client, visit: Visit) -> web.StreamResponse:
        try:
            response = await self._dispatch(request, client, visit)
        except ClientGone:
            raise
        except ApiError as error:
            response = error_answer(error)
        except Exception:
            log.exception("%s %s failed", request.method, redacted(request.raw_path))
            response = error_answer(InternalError("Internal server error"))
        listed = self._gate.listed(client.origin)
        if isinstance(response, Answer):
            response.address(client, listed=listed)
        elif not response.prepared:
            decorate(response, client, listed=listed)
        return response

    async def _dispatch(self, request: web.BaseRequest, client: Client, visit: Visit) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return preflight(request)
        raw = request.rel_url.raw_path
        decoded = segments_of(raw)
        # A path that cannot be decoded is no route, but it still has a place: below /api it needs credentials.
        segments = decoded or tuple(raw[1:].split("/"))
        if segments[0] == "api":
            self._limit(client, segments)
            self._check_host(client)
        if PluginFiles.owns(segments):
            return await self._static(request, segments)
        match = self._routes.match(request.method, segments) if decoded else None
        if match is None:
            return await self._unknown(request, client, segments)
        visit.endpoint = match.endpoint
        return await self._caller.call(request, client, match)

    def _limit(self, client: Client, segments: tuple[str, ...]) -> None:
        limits = self._health_limits if segments == HEALTH else self._limits
        wait = limits.admit(client.rate_key)
        if wait:
            raise TooManyRequests("Too many requests", headers={"Retry-After": str(wait)})

    def _check_host(self, client: Client) -> None:
        if not client.host_allowed:
            raise Forbidden(HOST_REFUSED)

    async def _static(self, request: web.BaseRequest, segments: tuple[str, ...]) -> web.StreamResponse:
        path = await self.files.find(segments) if request.method in ("GET", "HEAD") else None
        return text_answer(404, "404 Not Found") if path is None else await file_answer(path)

    async def _unknown(self, request: web.BaseRequest, client: Client, segments: tuple[str, ...]) -> web.StreamResponse:
        if segments[0] != "api":
            return text_answer(404, "404 Not Found")
        if segments[:2] != OPEN_PREFIX and not self._routes.is_public(segments):
            await self._admission.authenticate(request, client)
        raise NotFound("Not found")
