"""GitHub's REST API with a user's token: conditional requests, rate limits, and errors that say whose fault it is."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from a_parallel_contracts import BadRequest, FailedDependency, TooManyRequests
from a_parallel_plugins.github.connection import Connection, Reply
from a_parallel_plugins.github.limits import RateLimits

_REMEMBERED = 64
_LARGEST = 1024 * 1024
"""Answers that are remembered: how many, and of how many bytes at most."""


class TokenRefused(BadRequest):
    """GitHub does not accept the token: it was revoked, or it has expired."""


class Api:
    """Reads from the REST API.

    Parameters:
        connection: to GitHub.
        base: address of the API.
    """

    def __init__(self, connection: Connection, base: str) -> None:
        self._connection = connection
        self._base = base.rstrip("/")
        self._limits = RateLimits()
        self._remembered: OrderedDict[tuple[str, str], Reply] = OrderedDict()

    async def get(self, token: str, path: str, query: Mapping[str, str] | None = None) -> Reply:
        """Return the answer to a GET; an unchanged one comes from memory and costs nothing of the limit.

        While the limit is used up, an answer that is remembered is better than none.

        Raises:
            TokenRefused: the token is not valid (any more).
            TooManyRequests: the rate limit is used up.
            BadRequest: GitHub refuses, with its reason.
            FailedDependency: GitHub cannot be reached or has a problem.
        """
        who = hashlib.sha256(token.encode()).hexdigest()
        url = self._base + path + (f"?{urlencode(query)}" if query else "")
        remembered = self._remembered.get((who, url))
        try:
            reply = await self._send(token, who, url, remembered)
        except TooManyRequests:
            if remembered is None:
                raise
            return remembered
        return self._kept(who, url, reply, remembered)

    async def _send(self, token: str, who: str, url: str, remembered: Reply | None) -> Reply:
        resource = "search" if url.startswith(f"{self._base}/search/") else "core"
        self._limits.check(who, resource)
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if remembered is not None:
            headers["If-None-Match"] = remembered.headers["etag"]
        reply = await self._connection.request("GET", url, headers=headers)
        if self._limits.note(who, resource, reply):
            self._limits.check(who, resource)
        return reply

    def _kept(self, who: str, url: str, reply: Reply, remembered: Reply | None) -> Reply:
        if reply.status == 304 and remembered is not None:
            self._remembered.move_to_end((who, url))
            return remembered
        _check(reply)
        if "etag" in reply.headers and reply.size <= _LARGEST:
            self._remembered[(who, url)] = reply
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return reply


def _check(reply: Reply) -> None:
    if reply.status == 401:
        raise TokenRefused("GitHub does not accept the stored token any more. Connect your account again.")
    if reply.status >= 500:
        raise FailedDependency(f"GitHub has a problem (status {reply.status}). Try again later.")
    if reply.status >= 300:
        raise BadRequest(f"GitHub refused: {reason(reply)}")


def reason(reply: Reply) -> str:
    """Return what GitHub says about a refusal."""
    said: Any = reply.fields.get("error_description") or reply.fields.get("message") or reply.fields.get("error")
    return str(said) if said else f"status {reply.status}"
