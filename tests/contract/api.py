"""The client's API layer: headers, failures and how bodies are read (``http-core.md`` §2.7-2.8)."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.contract.circuit import Circuit
from tests.contract.shown import Breach

HEALTH_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the client reads it: a 2xx body, or the text of a toast."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return 200 <= self.status < 300

    @property
    def error(self) -> str:
        """What the toast says."""
        return self.body["error"] if isinstance(self.body, dict) and "error" in self.body else f"HTTP {self.status}"


class Api:
    """Sends calls as the client does: bearer header, JSON content type on every call, failures counted.

    Parameters:
        base_url: of the server.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.token: str | None = None
        self.circuit = Circuit()
        self.http = aiohttp.ClientSession()

    async def call(self, method: str, path: str, body: Any = None, *, token: bool = True) -> Reply:
        """Send one API call as the client does; failures count for the overlay."""
        headers = {"Content-Type": "application/json"}
        if token and self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body)
        try:
            async with self.http.request(method, self.base_url + path, headers=headers, data=data) as response:
                reply = Reply(response.status, _parse(response.status, await response.text()))
        except (aiohttp.ClientError, TimeoutError):
            self.circuit.note(None, f"{method} {path}")
            return Reply(0, {"error": "network failure"})
        self.circuit.note(reply.status, f"{method} {path} {reply.body}")
        return reply

    async def probe(self) -> bool:
        """Let the health probe decide about the overlay, as after its 15 s."""
        limit = aiohttp.ClientTimeout(total=HEALTH_TIMEOUT)
        try:
            async with self.http.get(self.base_url + "/api/health", timeout=limit) as response:
                healthy = response.status < 300
        except (aiohttp.ClientError, TimeoutError):
            healthy = False
        self.circuit.probed(healthy)
        return healthy


def _parse(status: int, text: str) -> Any:
    """Parse a body: success is always JSON (``http-core.md`` §2.8), a failure may be anything."""
    try:
        return json.loads(text)
    except ValueError:
        if 200 <= status < 300:
            raise Breach(f"a success without JSON: {text[:200]!r}") from None
        return text
