"""Tells when the CLI has nothing left to do, and waits for turns that are owed."""

import asyncio
from collections.abc import Callable

from a_parallel_contracts.agents import AgentEvent, Idle
from a_parallel_plugins.claude.turns import SETTLE, Turns


class Idleness:
    """Emits `Idle` once for each time the CLI becomes idle.

    Parameters:
        turns: what is known about the CLI's work.
        held: whether a request waits for an answer.
        emit: tells the session's consumer.
        then: called after each `Idle`.
    """

    def __init__(
        self,
        turns: Turns,
        held: Callable[[], bool],
        emit: Callable[[AgentEvent], None],
        then: Callable[[], None],
    ) -> None:
        self._turns = turns
        self._held = held
        self._emit = emit
        self._then = then
        self._timer: asyncio.TimerHandle | None = None
        self.told = False

    def consider(self) -> None:
        """Look again; to be called after anything that may matter."""
        idle = self._turns.idle and not self._held()
        if idle and not self.told:
            self._emit(Idle())
        news, self.told = idle and not self.told, idle
        self._await_owed_turn()
        if news:
            self._then()

    def end(self) -> None:
        """Stop waiting: the CLI is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _await_owed_turn(self) -> None:
        if not self._turns.owes:
            self.end()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SETTLE, self._settle)

    def _settle(self) -> None:
        self._timer = None
        for progress in self._turns.settle():
            self._emit(progress)
        self.consider()
