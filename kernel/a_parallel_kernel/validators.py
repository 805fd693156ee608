"""Tells browsers that an answer made of rows cannot have changed since they got it (RFC 9110 §8.8.3, §13.1.2)."""

import functools
import hashlib
import secrets
from collections.abc import Callable

from aiohttp import web

from a_parallel_contracts.auth import Actor
from a_parallel_kernel.answers import Answer
from a_parallel_kernel.endpoints import Endpoint


class Validators:
    """Entity tags that hold until a row of the database changes.

    Which row is not looked at, so a tag may end although the answer is the same, but never holds although it is
    another.

    Parameters:
        changes: returns how many rows have been changed so far; without it nothing is tagged.
    """

    def __init__(self, changes: Callable[[], int] | None) -> None:
        self._changes = changes
        self._server = secrets.token_hex(4)

    def tag(self, endpoint: Endpoint, actor: Actor) -> str | None:
        """Return the tag of an answer that is begun now, or None if it is not made of rows alone."""
        if self._changes is None or not endpoint.route.from_rows:
            return None
        return f'W/"{self._server}-{self._changes():x}-{_mark(actor.user_id, actor.role, actor.sees_all)}"'

    def headers(self, tag: str) -> dict[str, str]:
        """Return what an answer with this tag says: keep it, and ask each time whether it still holds."""
        return {"ETag": tag, "Cache-Control": "private, no-cache"}

    def unchanged(self, request: web.BaseRequest, tag: str) -> web.Response | None:
        """Return the answer 304 if the client has what the tag stands for."""
        known = request.headers.get("If-None-Match")
        if known is None or (known != tag and tag not in (one.strip() for one in known.split(","))):
            return None
        return Answer(status=304, headers=self.headers(tag))


@functools.lru_cache(1024)
def _mark(user_id: str | None, role: str, sees_all: bool) -> str:
    """Return what keeps the answers of several people apart who use one browser."""
    return hashlib.blake2b(f"{user_id} {role} {sees_all}".encode(), digest_size=6).hexdigest()
