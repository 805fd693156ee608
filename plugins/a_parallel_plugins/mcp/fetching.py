"""Requests to MCP servers and authorization servers: few, small, soon over, and only where the guard lets them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from a_parallel_contracts import BadRequest
from a_parallel_plugins.mcp.guard import Guard, PublicResolver, web_address

SIZE_LIMIT = 1024 * 1024
"""Bytes of an answer that are read; metadata and tokens have a few KiB."""

REDIRECT_LIMIT = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PROTOCOL = {"MCP-Protocol-Version": "2025-11-25"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        status: of HTTP.
        headers: case-insensitive.
        body: at most `SIZE_LIMIT`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether it is a success."""
        return 200 <= self.status < 300

    @property
    def object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one if it is something else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Fetcher:
    """Asks on behalf of one MCP server; an async context manager.

    Parameters:
        guard: decides where.
        timeout: seconds for a request.
    """

    def __init__(self, guard: Guard, timeout: float) -> None:
        self.guard = guard
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def __aenter__(self) -> Self:
        self._own = self._session(aiohttp.TCPConnector())
        self._others = self._own if self.guard.local else self._session(aiohttp.TCPConnector(resolver=PublicResolver()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._own.close()
        await self._others.close()

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        jar = aiohttp.DummyCookieJar()
        return aiohttp.ClientSession(connector=connector, timeout=self._timeout, cookie_jar=jar)

    async def probe(self, url: str, authorization: str | None = None) -> Fetched:
        """Return the head of the server's answer to a GET; it may be a stream without end, so no body is read."""
        headers = {"Accept": "application/json, text/event-stream", **_PROTOCOL}
        if authorization:
            headers["Authorization"] = authorization
        return await self._request("GET", self.guard.check(url), headers=headers, read=False)

    async def get(self, url: str) -> Fetched:
        """Return metadata, following a few redirects."""
        place = self.guard.check(url)
        for _ in range(REDIRECT_LIMIT + 1):
            answer = await self._request("GET", place, headers={"Accept": "application/json", **_PROTOCOL})
            target = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            place = self.guard.check(str(web_address(target, place)))
        raise BadRequest(f"{place.origin()} redirects too often")

    async def post_json(self, url: str, body: Mapping[str, Any]) -> Fetched:
        """Return the answer to a JSON document."""
        return await self._request("POST", self.guard.check(url), json=body, headers={"Accept": "application/json"})

    async def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Fetched:
        """Return the answer to a form; redirects are not followed, since the form holds secrets."""
        accepting = {"Accept": "application/json", **headers}
        return await self._request("POST", self.guard.check(url), data=form, headers=accepting)

    async def _request(self, method: str, url: URL, *, read: bool = True, **options: Any) -> Fetched:
        session = self._own if self.guard.is_own(url) else self._others
        try:
            async with session.request(method, url, allow_redirects=False, **options) as response:
                body = await _limited(response) if read else b""
                return Fetched(response.status, response.headers, body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise BadRequest(f"{url.origin()} could not be reached: {_reason(error)}") from error


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > SIZE_LIMIT:
            raise BadRequest(f"{response.url.origin()} answered with too much")
    return body


def _reason(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else str(error)
