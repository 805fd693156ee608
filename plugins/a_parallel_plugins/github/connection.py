"""HTTP calls to GitHub: bounded in time, size and number, and never with anybody's cookies."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
from msgspec import Struct
from multidict import CIMultiDictProxy

from a_parallel_contracts import FailedDependency

_LARGEST = 8 * 1024 * 1024
"""Bytes of an answer; a page of 100 repositories has about 600 KiB."""


class Reply(Struct, frozen=True):
    """An answer of GitHub's.

    Attributes:
        status: of HTTP.
        headers: whatever their case.
        data: the parsed body, or None if it is no JSON.
        size: of the body in bytes.
    """

    status: int
    headers: CIMultiDictProxy[str]
    data: Any
    size: int

    @property
    def fields(self) -> dict[str, Any]:
        """The body if it is an object, else nothing."""
        return self.data if isinstance(self.data, dict) else {}


class Connection:
    """A pool of connections that is opened with the first call.

    Parameters:
        timeout: seconds for one call.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request and return the whole answer, whatever its status.

        Raises:
            FailedDependency: there is none, or it is too large.
        """
        try:
            async with self._opened().request(
                method,
                url,
                headers=headers,
                params=query,
                data=form,
                proxy=_proxy(url),
                allow_redirects=False,
            ) as response:
                body = await _whole(response)
                return Reply(response.status, response.headers, _parsed(body), len(body))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            reason = str(error) or "it did not answer in time"
            raise FailedDependency(f"GitHub cannot be reached at {urlsplit(url).netloc}: {reason}") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Not trust_env: it brings ~/.netrc too, whose entry for GitHub aiohttp refuses beside a token.
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=aiohttp.TCPConnector(limit=20, limit_per_host=10),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "a-parallel"},
            )
        return self._session


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address (``HTTPS_PROXY``, ``NO_PROXY``)."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST:
            raise ValueError(f"its answer is over {_LARGEST} bytes")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
