"""Runs what a plugin acquires and releases in one task, and bounds how long anything of a plugin may take."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, coroutine: Coroutine[Any, Any, T], what: str) -> T:
    """Return what `coroutine` returns, unless it takes longer.

    One that does not end when it is cancelled is left behind, so that it cannot hold up anybody else;
    ``asyncio.timeout`` would wait for it.

    Raises:
        TimeoutError: names `what` and the limit.
    """
    task = asyncio.create_task(coroutine, name=what)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_forget)
    if task.done():
        return task.result()
    raise TimeoutError(f"{what} took more than {seconds:g} s")


def _forget(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()


class Lifespan:
    """One run of `Plugin.lifespan`.

    Both halves run in the same task, so that a task group or a time limit may stand around the ``yield``.
    """

    def __init__(self, generator: AsyncIterator[None], name: str) -> None:
        self._generator = generator
        self._name = name
        self._ready = asyncio.Event()
        self._leave = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def enter(self) -> None:
        """Run up to the ``yield``.

        Raises:
            RuntimeError: it returned without yielding.
            Exception: whatever it raised.
        """
        self._task = asyncio.create_task(self._live(), name=self._name)
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        finally:
            ready.cancel()
        if self._task.done():
            self._task.result()

    async def leave(self) -> None:
        """Run what stands behind the ``yield``."""
        assert self._task is not None
        self._leave.set()
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            self._task.cancel()
            raise

    async def _live(self) -> None:
        try:
            await anext(aiter(self._generator))
        except StopAsyncIteration:
            raise RuntimeError("lifespan must yield once") from None
        self._ready.set()
        await self._leave.wait()
        try:
            await anext(self._generator)
        except StopAsyncIteration:
            return
        raise RuntimeError("lifespan must yield once only")
