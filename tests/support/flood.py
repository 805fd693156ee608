"""A program that writes until nobody takes it any more, and tells how far it has come."""

import asyncio
import sys
import time
from pathlib import Path

BLOCKS = 60
BLOCK = 1_000_000

SCRIPT = f"""
import os, pathlib, sys
for number in range(1, {BLOCKS + 1}):
    sys.stdout.write("x" * {BLOCK})
    sys.stdout.flush()
    pathlib.Path(sys.argv[1] + ".part").write_text(str(number))
    os.replace(sys.argv[1] + ".part", sys.argv[1])
print("<" + "end>", flush=True)
"""

QUIET = 0.5
"""Seconds without progress after which the program counts as held up."""


class Flood:
    """Such a program, with its files in a directory of the test."""

    def __init__(self, directory: Path) -> None:
        self._script = directory / "flood.py"
        self._progress = directory / "flood-progress"
        self._script.write_text(SCRIPT)
        self._progress.write_text("0")

    @property
    def command(self) -> str:
        """The line for a shell."""
        return f"{sys.executable} {self._script} {self._progress}"

    @property
    def done(self) -> bool:
        """Whether all blocks have been taken."""
        return self._written() == BLOCKS

    def _written(self) -> int:
        return int(self._progress.read_text())

    async def held_up(self, timeout: float = 60.0) -> None:
        """Return when it has written something and then nothing for a while, or everything."""
        async with asyncio.timeout(timeout):
            written, since = 0, time.monotonic()
            while not written or time.monotonic() - since < QUIET:
                await asyncio.sleep(0.02)
                if self._written() != written:
                    written, since = self._written(), time.monotonic()
