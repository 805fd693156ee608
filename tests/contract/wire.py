"""HTTP exactly as the recordings have it: no header added, no path tidied, raw bytes where they were raw."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server.

    Attributes:
        status: of HTTP.
        headers: names in lower case; values of repeated headers joined by a comma.
        text: the body.
    """

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        """The body under ``json`` if its type says so, else under ``text``."""
        if self.text and self.headers.get("content-type", "").startswith("application/json"):
            return {"json": json.loads(self.text)}
        return {"text": self.text}


def request(base_url: str, method: str, path: str, headers: Mapping[str, str], body: str | None = None) -> Answer:
    """Send one request with just these headers (and Host, and Content-Length with a body) and read the answer."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=TIMEOUT)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1"))
        data = None if body is None else body.encode()
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        return _read(connection.getresponse())
    finally:
        connection.close()


def raw_request(base_url: str, data: bytes) -> Answer:
    """Send bytes and read whatever comes back."""
    parts = urlsplit(base_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT) as sock:
        sock.sendall(data)
        response = http.client.HTTPResponse(sock)
        response.begin()
        return _read(response)


def _read(response: http.client.HTTPResponse) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return Answer(response.status, headers, response.read().decode("utf-8", "replace"))
