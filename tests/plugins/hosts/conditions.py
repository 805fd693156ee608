"""Waiting for what happens outside of this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from a_parallel_plugins.hosts import processes


def alive(pid: int) -> bool:
    """Tell whether there is such a process and it is no zombie."""
    return pid in processes.take().entries


def marked_with(directory: str) -> list[int]:
    """Return the pids of the processes that carry a marker of a data directory."""
    return [entry.pid for entry in processes.take() if any(mark.directory == directory for mark in entry.markers)]


async def until(condition: Callable[[], bool], *, timeout: float = 30.0) -> None:
    """Return as soon as `condition` holds."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - nothing here is told about other processes
            await asyncio.sleep(0.005)


async def content(path: Path) -> str:
    """Return the content of a file that somebody is about to move there."""
    await until(path.exists)
    return path.read_text("utf-8")


async def first(iterator: AsyncIterator[bytes]) -> bytes:
    """Return the next item."""
    return await anext(aiter(iterator))
