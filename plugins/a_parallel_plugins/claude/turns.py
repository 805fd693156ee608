"""Knows whether the CLI is busy, and what became of each user message (``claude-cli.md`` §3.6, §7, §8)."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from a_parallel_contracts.agents import PromptProgress
from a_parallel_plugins.claude.lines import Init, Lifecycle, Said, State, Task, Tasks

SETTLE = 3.0
"""Seconds in which a turn that is owed must begin: after a background task, or for a message in the queue."""


class _Sent(Struct):
    """A user message on its way.

    Attributes:
        turn: how many turns had begun when it was sent.
        started: the agent has seen it.
        folded: a tool's result came after it, with which older CLIs hand over what waits.
        given_up: nobody expects any more that it will be started.
    """

    turn: int
    started: bool = False
    folded: bool = False
    given_up: bool = False


class Turns:
    """Follows the turns of one process.

    Newer CLIs tell what becomes of each message and whether they are busy; for older ones it is inferred.
    """

    def __init__(self) -> None:
        self._prompts: dict[str, _Sent] = {}
        self._cancelled: list[str] = []
        self._begun = 0
        self._active = False
        self._owed = False
        self._state: str | None = None
        self._tasks: frozenset[str] = frozenset()
        self._lists_tasks = False
        self._tells_fate = False
        self._attempts: dict[str, int] = {}

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        return {
            "prompts": {id: astuple(sent) for id, sent in self._prompts.items()},
            "cancelled": list(self._cancelled),
            "begun": self._begun,
            "active": self._active,
            "owed": self._owed,
            "state": self._state,
            "tasks": sorted(self._tasks),
            "lists_tasks": self._lists_tasks,
            "tells_fate": self._tells_fate,
            "attempts": dict(self._attempts),
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`."""
        self._prompts = {id: _Sent(*sent) for id, sent in memory["prompts"].items()}
        self._cancelled = list(memory["cancelled"])
        self._begun, self._active, self._owed = memory["begun"], memory["active"], memory["owed"]
        self._state, self._tasks = memory["state"], frozenset(memory["tasks"])
        self._lists_tasks, self._tells_fate = memory["lists_tasks"], memory["tells_fate"]
        self._attempts = dict(memory["attempts"])

    # --- questions --------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a turn runs."""
        return self._active or self._state in ("running", "requires_action")

    @property
    def works(self) -> bool:
        """Whether a turn runs, or anything in the background."""
        return self.busy or bool(self._tasks)

    @property
    def awaits_start(self) -> bool:
        """Whether a message was sent that will yet be started."""
        return bool(self._waiting())

    @property
    def undelivered(self) -> tuple[str, ...]:
        """Ids of the messages that were never started, in order; those that the CLI threw away come first."""
        return (*self._cancelled, *(id for id, sent in self._prompts.items() if not sent.started))

    @property
    def idle(self) -> bool:
        """Whether nothing runs, waits or is owed."""
        return not (self.works or self._owed or self.awaits_start)

    @property
    def owes(self) -> bool:
        """Whether nothing runs but a turn is expected; if none begins within `SETTLE`, call `settle`."""
        if self.works:
            return False
        return self._owed or (self._begun > 0 and not self._tells_fate and self.awaits_start)

    def _waiting(self) -> tuple[str, ...]:
        """Return the ids of the messages that will yet be started."""
        return tuple(id for id, sent in self._prompts.items() if not (sent.started or sent.given_up))

    def attempt(self, prompt_id: str) -> int:
        """How many times the CLI has thrown a message away."""
        return self._attempts.get(prompt_id, 0)

    def knows(self, prompt_id: str) -> bool:
        """Whether a message is on its way already."""
        return prompt_id in self._prompts

    # --- what happens -----------------------------------------------------------------------------

    def sent(self, prompt_id: str) -> None:
        """A message was written, perhaps once more after it had been thrown away."""
        if prompt_id in self._cancelled:
            self._cancelled.remove(prompt_id)
        self._prompts[prompt_id] = _Sent(self._begun)

    def init(self, line: Init) -> list[PromptProgress]:
        """A turn begins."""
        self._tells_fate = self._tells_fate or line.lifecycle
        return self._begin()

    def said(self, line: Said) -> list[PromptProgress]:
        """The assistant speaks; from an older CLI that can be the only sign of a new turn."""
        if line.parent or self._active or self._tells_fate or not (self._begun == 0 or self.awaits_start):
            return []
        return self._begin()

    def _begin(self) -> list[PromptProgress]:
        self._begun += 1
        self._active, self._owed = True, False
        return self._start(self._waiting()[:1]) if not self._tells_fate else []

    def _start(self, prompt_ids: tuple[str, ...]) -> list[PromptProgress]:
        for prompt_id in prompt_ids:
            self._prompts[prompt_id].started = True
        return [PromptProgress(prompt_id, "started") for prompt_id in prompt_ids]

    def tool_result(self) -> None:
        """A tool of the main conversation gave its result."""
        for sent in self._prompts.values():
            sent.folded = True

    def ended(self) -> None:
        """The turn is over."""
        self._active = False

    def settle(self) -> list[PromptProgress]:
        """No turn began although one was owed: tell which messages were taken up by an earlier one.

        Older CLIs merge what waits into one turn, or hand it over with a tool's result. A message for which
        neither happened stays undelivered.
        """
        self._owed = False
        taken = []
        for prompt_id in self._waiting():
            sent = self._prompts[prompt_id]
            if sent.folded or sent.turn < self._begun:
                taken.append(prompt_id)
            else:
                sent.given_up = True
        return self._start(tuple(taken))

    def state(self, line: State) -> None:
        """The CLI tells whether it is busy."""
        self._state = line.state

    def tasks(self, line: Tasks) -> None:
        """The CLI lists what runs in the background."""
        self._lists_tasks = True
        self._set_tasks(line.ids)

    def task(self, line: Task) -> None:
        """A background task began or ended; only of interest where the CLI gives no list."""
        if not self._lists_tasks:
            self._set_tasks(self._tasks | {line.id} if line.alive else self._tasks - {line.id})

    def _set_tasks(self, tasks: frozenset[str]) -> None:
        """Replace the tasks; when the last one ends between turns the CLI begins one by itself.

        A CLI that tells its state stays running as long as it owes a turn.
        """
        if self._tasks and not tasks and (self._state is None or not self.busy):
            self._owed = True
        self._tasks = tasks

    def lifecycle(self, line: Lifecycle) -> tuple[PromptProgress | None, bool]:
        """The CLI tells what became of a message.

        Returns:
            What to report, and whether the message was known to the CLI from an earlier process: then
            no turn follows.
        """
        self._tells_fate = True
        sent = self._prompts.get(line.prompt_id)
        if sent is None:
            return None, False
        if line.state == "queued":
            return PromptProgress(line.prompt_id, "queued"), False
        if line.state == "started":
            sent.started = self._active = True
            return PromptProgress(line.prompt_id, "started"), False
        return self._over(line, sent)

    def _over(self, line: Lifecycle, sent: _Sent) -> tuple[PromptProgress | None, bool]:
        """Close a message. One that was cancelled after its start has been seen, which is what counts."""
        if line.state not in ("completed", "cancelled"):
            return None, False
        known_before = line.state == "completed" and not sent.started
        cancelled = line.state == "cancelled" and not sent.started
        del self._prompts[line.prompt_id]
        if cancelled:
            self._cancelled.append(line.prompt_id)
            self._attempts[line.prompt_id] = self.attempt(line.prompt_id) + 1
        return PromptProgress(line.prompt_id, "cancelled" if cancelled else "completed"), known_before
