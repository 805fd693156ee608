"""Takes messages from browsers: one after another for each socket, and without harm whatever they hold."""

import logging
import time
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSMessage, WSMsgType
from pydantic import ValidationError

from a_parallel_kernel.sockets import Connection
from a_parallel_kernel.topics import MountedInbound, TopicTable

log = logging.getLogger("a_parallel.hub")

COMPLAINTS = 5
"""Ignored messages of one socket that are logged. What they hold is not: it may be keystrokes."""


class _Ignored(Exception):
    """Why a message is not handled."""


class Inbox:
    """Finds the handler of a message and calls it.

    Parameters:
        table: what plugins have mounted.
        report: told plugin, error (or None) and seconds of each message handled.
    """

    def __init__(self, table: TopicTable, report: Callable[[str, BaseException | None, float], None]) -> None:
        self._table = table
        self._report = report

    async def receive(self, connection: Connection, message: WSMessage) -> None:
        """Handle one frame. Malformed and unknown ones are logged and ignored (``websocket.md`` §2)."""
        try:
            mounted, model = self._understand(connection, message)
        except _Ignored as reason:
            connection.ignored += 1
            if connection.ignored <= COMPLAINTS:
                log.warning("socket %s: ignored %s", connection.id, reason)
            return
        began = time.perf_counter()
        failure: BaseException | None = None
        try:
            await mounted.inbound.handler(connection, model)
        except Exception as error:
            failure = error
            log.exception("%s: plugin %s failed", mounted.inbound.name, mounted.plugin)
        self._report(mounted.plugin, failure, time.perf_counter() - began)

    def _understand(self, connection: Connection, message: WSMessage) -> tuple[MountedInbound, Any]:
        if message.type is not WSMsgType.TEXT:
            raise _Ignored("a frame that is not text")
        try:
            content = orjson.loads(message.data)
        except orjson.JSONDecodeError:
            raise _Ignored("a frame that is not JSON") from None
        name = content.get("type") if isinstance(content, dict) else None
        mounted = self._table.inbound(name) if isinstance(name, str) else None
        if mounted is None:
            raise _Ignored(f"a message of the unknown type {str(name)[:50]!r}")
        scopes = connection.actor.scopes
        if scopes is not None and "run" not in scopes:
            raise _Ignored(f"{name}: the access token lacks the scope run")
        try:
            return mounted, mounted.inbound.model.model_validate(content.get("data"))
        except ValidationError as error:
            raise _Ignored(f"{name}: {error.error_count()} fields do not fit") from None
