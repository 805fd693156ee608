"""Headers that every answer of the pipeline carries (``http-core.md`` §2.2, §2.3, §2.11), and heads made of them."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import web
from multidict import CIMultiDict, istr

from a_parallel_kernel.clients import Client

SECURITY = {
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not same-origin: that cuts the opener link of sign-in pop-ups (§2.11).
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Origin-Agent-Cluster": "?1",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",
    # Not the versions that the HTTP library would tell.
    "Server": "a-parallel",
}
HSTS = "max-age=15552000; includeSubDomains"
METHODS = "GET,HEAD,PUT,POST,DELETE,PATCH"


_USUAL = CIMultiDict(
    {istr(name): value for name, value in {**SECURITY, "Access-Control-Allow-Credentials": "true"}.items()}
)
_VARY = istr("Vary")
_TAKEN = {_VARY, "Strict-Transport-Security", "Access-Control-Allow-Origin", *map(str, _USUAL)}
_FRAMING = {"Connection", "Content-Length", "Date", "Transfer-Encoding"}
_RESERVED = frozenset(name.lower() for name in _TAKEN | _FRAMING)


def decorate(response: web.StreamResponse, client: Client, *, listed: bool) -> None:
    """Add what is missing of the security and CORS headers; the answer's own win.

    Parameters:
        response: not sent yet.
        client: who gets it.
        listed: the client's origin is on the allow-list.
    """
    headers = response.headers
    own = headers.copy()
    # Not one by one: all at once takes a fifth of the time, and every answer comes through here.
    headers.clear()
    headers.extend(_usual(client.secure, client.origin if listed else None))
    headers.update(own)
    if _VARY in own:
        vary(headers, "Origin")


@lru_cache(64)
def _usual(secure: bool, origin: str | None) -> CIMultiDict[str]:
    headers = CIMultiDict(_USUAL)
    if secure:
        headers["Strict-Transport-Security"] = HSTS
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
    headers[_VARY] = "Origin"
    return headers


def head(status: int, own: CIMultiDict[str], size: int | None, client: Client, *, listed: bool) -> bytes | None:
    """Return status line and headers of an answer as they are sent (RFC 9112 §2.1).

    Parameters:
        status: of the answer.
        own: headers that only this answer has.
        size: bytes of the body; None if the status allows none.
        client: who gets it.
        listed: the client's origin is on the allow-list.

    Returns:
        None if an own header would replace one that all answers have, or one that frames the body.

    Raises:
        ValueError: a header would end its line.
    """
    origin = client.origin if listed else None
    known = _all_but_length(status, client.secure, origin, int(time.time()), tuple(own.items()))
    if known is None:
        return None
    return known + b"\r\n" if size is None else known + b"Content-Length: %d\r\n\r\n" % size


@lru_cache(256)
def _all_but_length(
    status: int, secure: bool, origin: str | None, second: int, own: tuple[tuple[str, str], ...]
) -> bytes | None:
    if any(name.lower() in _RESERVED for name, _ in own):
        return None
    headers = (*_usual(secure, origin).items(), *own, ("Date", formatdate(second, usegmt=True)))
    return b"".join([f"HTTP/1.1 {status} {_reason(status)}\r\n".encode(), *(_line(*each) for each in headers)])


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _line(name: str, value: str) -> bytes:
    line = f"{name}: {value}"
    if "\r" in line or "\n" in line or "\0" in line:
        raise ValueError(f"a header would end its line: {line!r}")
    return f"{line}\r\n".encode()


def preflight(request: web.BaseRequest) -> web.Response:
    """Return the answer to an OPTIONS request: the one place where 204 is right."""
    response = web.Response(status=204, headers={"Access-Control-Allow-Methods": METHODS})
    wanted = request.headers.get("Access-Control-Request-Headers")
    if wanted:
        response.headers["Access-Control-Allow-Headers"] = wanted
        response.headers["Vary"] = "Origin, Access-Control-Request-Headers"
    return response


def vary(headers: CIMultiDict[str], name: str) -> None:
    """Add `name` to the header Vary unless it stands there already."""
    listed = [one.strip() for value in headers.popall("Vary", ()) for one in value.split(",")]
    if "*" not in listed and name.lower() not in (one.lower() for one in listed):
        listed.append(name)
    headers["Vary"] = ", ".join(listed)
