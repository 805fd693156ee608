"""Turns what handlers return or raise into answers (``http-core.md`` §0, §2.8)."""

import asyncio
import logging
import mimetypes
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from pathlib import Path
from types import NoneType
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict, istr

from a_parallel_contracts.errors import ApiError, NotFound
from a_parallel_contracts.http import FileResponse, Ok, Response
from a_parallel_kernel.clients import Client
from a_parallel_kernel.encoding import encode
from a_parallel_kernel.endpoints import Endpoint
from a_parallel_kernel.headers import decorate, head


class ClientGone(Exception):
    """The client closed the connection before it had its answer."""


log = logging.getLogger("a_parallel.http")

JSON = "application/json"
_JSON_ALONE = CIMultiDict({istr("Content-Type"): JSON})
_TYPES = mimetypes.MimeTypes()  # the table of Python alone: what the machine has installed must not matter
for _extension, _type in {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": JSON,
    ".map": JSON,
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".md": "text/markdown",
}.items():
    _TYPES.add_type(_type, _extension)


class Answer(web.Response):
    """A whole answer, of which head and body are sent in one piece.

    aiohttp makes each head of its parts, which takes longer than everything else that a small answer needs. Most of it
    is the same in all answers and is kept as bytes here. Whatever is unusual goes the usual way.
    """

    _writer: AbstractStreamWriter | None = None
    _head: bytes | None = None

    def address(self, client: Client, *, listed: bool) -> None:
        """Say who gets it.

        Parameters:
            client: who asked.
            listed: the client's origin is on the allow-list.
        """
        self._client, self._listed = client, listed

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays."""
        return True if self._head else super().keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Begin the answer."""
        if request.version == HttpVersion11 and request.keep_alive and request.method != "HEAD":
            size = None if self.status == 304 else len(self._whole)
            self._head = head(self.status, self.headers, size, self._client, listed=self._listed)
        if self._head is None:
            decorate(self, self._client, listed=self._listed)
            return await super().prepare(request)
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send it."""
        if self._head is None or self._writer is None:
            await super().write_eof(data)
        else:
            await self._writer.write_eof(self._head + self._whole)

    @property
    def _whole(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else b""


def json_answer(status: int, value: Any, headers: dict[str, str] | None = None) -> Answer:
    """Return `value` as JSON."""
    if headers is None:
        return Answer(status=status, body=encode(value), headers=_JSON_ALONE)
    return Answer(status=status, body=encode(value), headers={**headers, "Content-Type": JSON})


def error_answer(error: ApiError) -> Answer:
    """Return ``{"error": text}`` with the error's further keys and headers."""
    return json_answer(error.status, {"error": error.message, **error.extra}, error.headers)


def text_answer(status: int, text: str) -> web.Response:
    """Return plain text, as outside of ``/api``."""
    return web.Response(status=status, text=text, content_type="text/plain")


def content_type(path: Path) -> str:
    """Return the type of a file by its extension, with charset for text."""
    guessed = _TYPES.guess_type(path.name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


async def file_answer(path: Path, status: int = 200, headers: dict[str, str] | None = None) -> web.FileResponse:
    """Return a file, with ETag, ranges and conditions.

    Raises:
        NotFound: there is no such file.
    """
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("Not found")
    chosen = CIMultiDict(headers or {})
    chosen.setdefault("Content-Type", content_type(path))
    return web.FileResponse(path, status=status, headers=chosen)


async def answer(endpoint: Endpoint, result: Response | FileResponse) -> web.StreamResponse:
    """Return the answer that a handler has built itself; one with a streamed body is not started yet."""
    if isinstance(result, Response):
        return _own_answer(endpoint, result)
    return await file_answer(result.path, result.status, dict(result.headers))


def serialised(endpoint: Endpoint, result: Any) -> Answer:
    """Return the answer for anything else that a handler returned."""
    if result is None and endpoint.signature.returns in (None, NoneType):
        result = Ok()
    return json_answer(endpoint.route.status, result)


def _own_answer(endpoint: Endpoint, result: Response) -> web.StreamResponse:
    if result.status == 204:
        # The client parses every success as JSON (``http-core.md`` §0).
        log.error("%s of plugin %s answers 204; sent as 200 with a body", endpoint.action, endpoint.plugin)
        return json_answer(200, Ok(), dict(result.headers))
    headers = CIMultiDict(result.headers)
    headers.setdefault("Content-Type", result.content_type)
    for cookie in result.cookies:
        headers.add("Set-Cookie", cookie)
    if isinstance(result.body, bytes):
        return Answer(status=result.status, body=result.body, headers=headers)
    return web.StreamResponse(status=result.status, headers=headers)


async def stream(request: web.BaseRequest, response: web.StreamResponse, body: AsyncIterator[bytes]) -> None:
    """Send a streamed body; on a failure midway the connection is cut, lest a part be taken for the whole.

    Raises:
        ClientGone: nobody listens any more.
        Exception: whatever the iterator raises.
    """
    try:
        if request.method == "HEAD":
            await _connected(response.prepare(request))
        else:
            await _send(request, response, body)
        await _connected(response.write_eof())
    except BaseException:
        if response.prepared and request.transport is not None:
            request.transport.abort()
        raise
    finally:
        if isinstance(body, AsyncGenerator):
            await body.aclose()


async def _send(request: web.BaseRequest, response: web.StreamResponse, body: AsyncIterator[bytes]) -> None:
    async for chunk in body:
        if not response.prepared:
            # Only now: an iterator that fails at once is answered like any other failure.
            await _connected(response.prepare(request))
        await _connected(response.write(chunk))
    if not response.prepared:
        await _connected(response.prepare(request))


async def _connected(sending: Awaitable[Any]) -> None:
    try:
        await sending
    except ConnectionError as error:
        raise ClientGone(str(error)) from error
