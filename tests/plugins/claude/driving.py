"""A session on a real process, and what it tells."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from a_parallel_contracts.agents import AgentEvent, Exited, Idle, Run, ToolGate
from a_parallel_plugins.claude.session import ClaudeSession
from tests.plugins.claude.fake import no_opinion

log = logging.getLogger("tests.claude")


class Starts(Protocol):
    """What of a provider a `Drive` needs."""

    async def start(self, run: Run, gate: ToolGate) -> ClaudeSession: ...


class Drive:
    """A run of a provider: collects its events; closes it once it is idle, as the state machine does.

    Attributes:
        events: everything told so far.
    """

    def __init__(self, session: ClaudeSession, *, closes: bool = True) -> None:
        self.session = session
        self.events: list[AgentEvent] = []
        self._closes = closes
        self._news = asyncio.Event()
        self._consumer = asyncio.create_task(self._consume())

    @classmethod
    async def of(cls, provider: Starts, run: Run, gate: ToolGate = no_opinion, *, closes: bool = True) -> "Drive":
        """Start a run."""
        return cls(await provider.start(run, gate), closes=closes)

    async def _consume(self) -> None:
        async for event in self.session.events():
            self.events.append(event)
            self._news.set()
            if isinstance(event, Idle) and self._closes:
                await self.session.close()

    def of_kind(self, *kinds: type) -> list[Any]:
        """Return the events of these kinds so far."""
        return [event for event in self.events if isinstance(event, kinds)]

    async def until(self, kind: type, count: int = 1, timeout: float = 60) -> Any:
        """Return the `count`-th event of a kind, waiting for it."""
        await self._wait(lambda: len(self.of_kind(kind)) >= count, timeout)
        return self.of_kind(kind)[count - 1]

    async def until_that(self, holds: Callable[[Any], bool], timeout: float = 60) -> Any:
        """Return the first event for which `holds`, waiting for it."""
        await self._wait(lambda: any(map(holds, self.events)), timeout)
        return next(filter(holds, self.events))

    async def _wait(self, done: Callable[[], bool], timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                while not done():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not told within {timeout} s; told: {self.events[-20:]}") from None

    async def exited(self, timeout: float = 60) -> Exited:
        """Return the last event."""
        exited: Exited = await self.until(Exited, timeout=timeout)
        await self._consumer
        return exited
