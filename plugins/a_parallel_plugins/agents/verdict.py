"""What becomes of a run when the agent has nothing more to do (``agent-lifecycle.md`` §8.1)."""

import re
from collections.abc import Mapping
from typing import Any

from a_parallel_contracts.agents import Exited, TurnEnded
from a_parallel_plugins.agents.outcomes import RunEndedEarly, RunSettled
from a_parallel_plugins.agents.waits import Wait

DENIAL = re.compile(
    r"requested permissions? to use|hasn't been granted|hasn't granted|permission.*denied"
    r"|not in the allowed tools list",
    re.IGNORECASE,
)
"""What a tool's output looks like when a permission was missing (``agent-lifecycle.md`` §8)."""


class Denials:
    """Which tool could not run for want of a permission.

    Attributes:
        refused: tools that a person or a policy refused; nobody has to be asked about those.
    """

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self._tool: str | None = None

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        return {"refused": sorted(self.refused), "tool": self._tool}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`."""
        self.refused, self._tool = set(memory["refused"]), memory["tool"]

    @property
    def tool(self) -> str | None:
        """The tool for which a permission is missing."""
        return None if self._tool in self.refused else self._tool

    def finished(self, name: str, output: str, *, is_error: bool) -> None:
        """A tool gave its result; a later success of the same tool means that nothing is missing."""
        if is_error and DENIAL.search(output):
            self._tool = name
        elif not is_error and name == self._tool:
            self._tool = None

    def told(self, tools: tuple[str, ...]) -> None:
        """The provider told at the end of a turn which tools were refused for want of permission."""
        missing = [tool for tool in tools if tool not in self.refused]
        self._tool = missing[-1] if missing else self._tool

    def clear(self) -> None:
        """A new run begins."""
        self.refused.clear()
        self._tool = None


def settle(
    generation: int, turn: TurnEnded, duration: float, wait: Wait | None, denied: str | None
) -> RunSettled | RunEndedEarly:
    """Return how a run ends.

    Parameters:
        generation: of the run.
        turn: the last one.
        duration: of all turns in milliseconds.
        wait: what the agent asked and nobody answered.
        denied: tool for which a permission is missing.
    """
    if turn.interrupted:
        return RunEndedEarly(generation, "interrupted")
    reason = wait.reason if wait is not None else "permission" if denied else None
    if reason is not None:
        return RunSettled(generation, "waiting", duration, result=turn.result, reason=reason, denied=denied)
    if turn.succeeded:
        return RunSettled(generation, "completed", duration, result=turn.result)
    return RunSettled(generation, "failed", duration, result=turn.result, error_reason=turn.outcome, detail=turn.detail)


def exit_text(event: Exited) -> str:
    """Return what is told about an agent that ended without a result."""
    text = "The agent exited unexpectedly without a result"
    if event.returncode:
        text += f" (exit status {event.returncode})"
    return f"{text}: {event.detail}" if event.detail else text
