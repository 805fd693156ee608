"""Work that goes on although nobody waits for it any more."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


class Tasks:
    """Tasks that are held until they are done."""

    def __init__(self) -> None:
        self._foreground: set[asyncio.Task[Any]] = set()
        self._background: set[asyncio.Task[Any]] = set()

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end even if the caller is cancelled, as when a browser hangs up."""
        task = asyncio.get_running_loop().create_task(work)
        self._foreground.add(task)
        task.add_done_callback(self._foreground.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_failure)
            raise

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run `work` in the background; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(_log_failure)

    async def end(self, patience: float = 5.0) -> None:
        """Cancel what runs in the background, and give what somebody asked for `patience` seconds to finish."""
        _cancel(self._background)
        if self._foreground:
            _, slow = await asyncio.wait(self._foreground, timeout=patience)
            _cancel(slow)
        while waited := self._foreground | self._background:
            _cancel(self._background)  # what somebody asked for may have set off more
            await asyncio.wait(waited)


def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)
