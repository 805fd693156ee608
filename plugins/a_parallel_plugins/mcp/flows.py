"""Who is on the way to sign in: kept in memory for ten minutes, and good for one return (``http-features.md`` §1.6)."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from a_parallel_plugins.mcp.discovery import AuthorizationServer
from a_parallel_plugins.mcp.registration import OAuthClient

LIFETIME = 600.0
"""Seconds."""

LIMIT = 200
"""Flows at a time; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Somebody who was sent to an authorization server.

    Attributes:
        server_name, server_url: of the MCP server.
        directory: where the CLI runs.
        user_id: who it is.
        server: where they were sent.
        client: who we are there.
        redirect_uri: where they come back to.
        origin: of the page that waits, or None if it is not known.
        verifier: of PKCE (RFC 7636 §4.1).
    """

    server_name: str
    server_url: str
    directory: Path
    user_id: str
    server: AuthorizationServer
    client: OAuthClient
    redirect_uri: str
    origin: str | None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def authorization_url(self, state: str) -> str:
        """Return where the browser goes."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.redirect_uri,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "resource": self.server.resource,
            **({"scope": self.server.scope} if self.server.scope else {}),
        }
        return str(URL(self.server.authorization_endpoint).update_query(parameters))


class Flows:
    """The flows by their state.

    Parameters:
        clock: in seconds; for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flows: dict[str, tuple[float, Flow]] = {}

    def add(self, flow: Flow) -> str:
        """Remember a flow and return its state: 16 random bytes in hex."""
        self._sweep()
        state = secrets.token_hex(16)
        self._flows[state] = (self._clock() + LIFETIME, flow)
        return state

    def take(self, state: str) -> Flow | None:
        """Return the flow of a state and forget it; None if it is unknown, used or too old."""
        self._sweep()
        found = self._flows.pop(state, None)
        return found[1] if found else None

    def _sweep(self) -> None:
        now = self._clock()
        kept = [(state, flow) for state, flow in self._flows.items() if flow[0] > now]
        self._flows = dict(kept[-LIMIT:])
