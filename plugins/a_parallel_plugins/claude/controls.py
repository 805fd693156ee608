"""Control requests to the CLI, matched with their answers (``claude-cli.md`` §6)."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from a_parallel_contracts import FailedDependency
from a_parallel_plugins.claude.lines import Response
from a_parallel_plugins.claude.outbox import Outbox
from a_parallel_plugins.claude.stdin import request_line
from a_parallel_plugins.claude.writer import Writer


class Controls:
    """The one place where ids of our requests are given and matched."""

    def __init__(self, writer: Writer, outbox: Outbox, limit: float) -> None:
        """Wait at most `limit` seconds for each answer."""
        self._writer = writer
        self._outbox = outbox
        self._limit = limit
        self._waiting: dict[str, asyncio.Future[Response]] = {}
        self._gone = False

    async def ask(self, request: Mapping[str, Any]) -> None:
        """Send a request and wait until the CLI has accepted it.

        Raises:
            FailedDependency: it was refused, there was no answer in time, or the CLI is gone.
        """
        request_id = str(uuid4())
        if self._gone or not self._writer.put(request_line(request_id, request), f"c:{request_id}"):
            raise FailedDependency("The Claude CLI has ended")
        answer = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            with self._outbox.unbounded():
                response = await asyncio.wait_for(answer, self._limit)
        except TimeoutError:
            raise FailedDependency(f"The Claude CLI did not answer within {self._limit:g} s") from None
        finally:
            del self._waiting[request_id]
        if response.error is not None:
            raise FailedDependency(f"The Claude CLI refused: {response.error}")

    def answered(self, response: Response) -> None:
        """Hand an answer to whoever waits for it; one that nobody waits for is dropped."""
        waiting = self._waiting.get(response.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(response)

    def end(self) -> None:
        """Fail everything that waits: the CLI is gone."""
        self._gone = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(FailedDependency("The Claude CLI has ended"))
