"""Headers that every answer of the pipeline carries (``http-core.md`` §2.2, §2.3, §2.11)."""

from aiohttp import web
from multidict import CIMultiDict

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


def decorate(response: web.StreamResponse, client: Client, *, listed: bool) -> None:
    """Add what is missing of the security and CORS headers; the answer's own win.

    Parameters:
        response: not sent yet.
        client: who gets it.
        listed: the client's origin is on the allow-list.
    """
    headers = response.headers
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    if client.secure:
        headers.setdefault("Strict-Transport-Security", HSTS)
    headers.setdefault("Access-Control-Allow-Credentials", "true")
    if listed and client.origin is not None:
        headers.setdefault("Access-Control-Allow-Origin", client.origin)
    vary(headers, "Origin")


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
