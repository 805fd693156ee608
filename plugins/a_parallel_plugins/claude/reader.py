"""Reads the CLI's standard output to its end, as fast as what it says is taken."""

import asyncio
import logging
from collections.abc import Callable

from a_parallel_contracts.hosts import LineTooLong, Process
from a_parallel_plugins.claude.lines import Line
from a_parallel_plugins.claude.outbox import Outbox
from a_parallel_plugins.claude.protocol import BrokenLine, parse

COMPLAINTS = 5
"""Broken lines that are logged one by one."""

BREATH = 64
"""Lines after which other tasks get their turn."""


class Reader:
    """Reads one process."""

    def __init__(self, process: Process, outbox: Outbox, take: Callable[[bytes], None], log: logging.Logger) -> None:
        self._process = process
        self._outbox = outbox
        self._take = take
        self._log = log
        self._broken = 0

    def parse(self, raw: bytes) -> Line | None:
        """Return what a line says; None if it does not matter or is broken, which is logged within bounds."""
        try:
            if isinstance(raw, LineTooLong):
                raise BrokenLine("a line is over the limit")
            return parse(raw)
        except BrokenLine as error:
            self._broken += 1
            if self._broken <= COMPLAINTS:
                self._log.warning("Dropped %d bytes from the Claude CLI: %s", len(raw), error)
            return None

    async def read_all(self) -> None:
        """Hand over all lines until the end of the output, no faster than there is room for what they say."""
        count = 0
        async for raw in self._process.lines():
            self._take(raw)
            if not self._outbox.has_room:
                await self._outbox.room()
            count += 1
            if count % BREATH == 0:
                await asyncio.sleep(0)
        if self._broken > COMPLAINTS:
            self._log.warning("Dropped %d broken lines from the Claude CLI in all", self._broken)
