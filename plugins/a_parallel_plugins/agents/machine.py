"""The state machine of a run: agent events and user actions in, changes and effects out (``agent-lifecycle.md`` §7-9).

Pure: it does no input or output and reads no clock; times come from its caller.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import asdict

from a_parallel_contracts import new_id
from a_parallel_contracts.agents import (
    AgentEvent,
    Exited,
    Idle,
    ModeChanged,
    PromptProgress,
    RequestOpened,
    RequestWithdrawn,
    SessionStarted,
    TextProduced,
    ThinkingProduced,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_plugins.agents import verdict
from a_parallel_plugins.agents.book import Change
from a_parallel_plugins.agents.changes import (
    CostSeen,
    OutputSet,
    PromptsSeen,
    RowChanged,
    SessionForgotten,
    SessionSeen,
    ToolCallAdded,
)
from a_parallel_plugins.agents.fates import Fates
from a_parallel_plugins.agents.outcomes import RunBegun, RunFailed
from a_parallel_plugins.agents.phases import Effect, Phase
from a_parallel_plugins.agents.recent import keep
from a_parallel_plugins.agents.text import TextRows
from a_parallel_plugins.agents.waits import Wait, Waits

NAMED_CALLS = 64
"""Tool calls whose names are kept for another server."""
KEPT_CALLS = 2048
"""Tool calls that are remembered, for their outputs and for being told again."""
PATIENCE = 2.0
"""Seconds that an idle agent gets to begin with a message that it has taken but not begun with."""


class Machine:
    """State of one session and of the run that goes on in it.

    Parameters:
        generation: number of the run.
        opening: ids of the prompts that the session is started with, the first one being sent already.
        resumed: it goes on with an earlier session.
        calls: tool calls of earlier runs by tool_use id, since a resumed session may tell them again.
        next_generation: gives the number of a run that the agent begins by itself.

    Attributes:
        phase: where the session stands.
        generation: number of the run.
        waits: what the agent waits for.
        fates: what became of the prompts.
        denials: which permission is missing.
        stopping: the session is being ended, so its end is no failure.
    """

    def __init__(
        self,
        generation: int,
        opening: tuple[str, ...],
        *,
        resumed: bool,
        calls: Mapping[str, str],
        next_generation: Callable[[], int],
    ) -> None:
        self.phase = Phase.RUNNING
        self.generation = generation
        self.waits = Waits()
        self.fates = Fates(opening)
        self.denials = verdict.Denials()
        self.stopping = False
        self._next_generation = next_generation
        self._resumed = resumed
        self._session_id: str | None = None
        self._calls: dict[str, tuple[str, str]] = {use: (call, "") for use, call in calls.items()}
        self._text = TextRows()
        self._produced = False
        self._turn: TurnEnded | None = None
        self._in_turn = True
        self._duration = 0.0
        self._patience: float | None = None
        self._changes: list[Change] = []
        self._effects: list[Effect] = []
        self._handlers: dict[type, Callable[[Any, float], None]] = {
            SessionStarted: self._session_started,
            TextProduced: self._text_produced,
            ThinkingProduced: self._thinking_produced,
            ToolCalled: self._tool_called,
            ToolFinished: self._tool_finished,
            RequestOpened: self._request_opened,
            RequestWithdrawn: self._request_withdrawn,
            PromptProgress: self._prompt_progress,
            ModeChanged: self._mode_changed,
            TurnEnded: self._turn_ended,
            Idle: self._idle,
            Exited: self._exited,
        }

    # --- for another server -----------------------------------------------------------------------

    @property
    def unwritten(self) -> bool:
        """Whether there are changes that `take` has not returned yet."""
        return bool(self._changes)

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON; tool calls are in the database."""
        return {
            "phase": self.phase.value,
            "generation": self.generation,
            "waits": self.waits.memory,
            "fates": self.fates.memory,
            "denials": self.denials.memory,
            "text": self._text.memory,
            "session": (self._session_id, self._produced),
            "turn": asdict(self._turn) if self._turn is not None else None,
            "time": (self._in_turn, self._duration, self._patience is not None),
            "names": {use: self._calls[use][1] for use in list(self._calls)[-NAMED_CALLS:]},
        }

    def restore(self, memory: Mapping[str, Any], at: float) -> None:
        """Go on from another server's `memory` at the time `at`."""
        self.phase, self.generation = Phase(memory["phase"]), memory["generation"]
        self.waits.restore(memory["waits"])
        self.fates.restore(memory["fates"])
        self.denials.restore(memory["denials"])
        self._text.restore(memory["text"])
        self._session_id, self._produced = memory["session"]
        turn = memory["turn"]
        self._turn = TurnEnded(**{**turn, "denied": tuple(turn["denied"])}) if turn is not None else None
        self._in_turn, self._duration, patient = memory["time"]
        self._patience = at + PATIENCE if patient else None
        for use, name in memory["names"].items():
            if use in self._calls:
                self._calls[use] = (self._calls[use][0], name)

    # --- driving it -------------------------------------------------------------------------------

    def feed(self, event: AgentEvent, at: float) -> None:
        """Take an event that came at `at`; `take` returns what follows from it."""
        if self.phase is not Phase.GONE:
            self._patience = None
            self._handlers[type(event)](event, at)

    def tick(self, at: float) -> None:
        """Let time pass: write text that was held back, stop waiting for an agent that does not begin."""
        self._changes += self._text.flush(at)
        if self._patience is not None and self._patience <= at:
            self._patience = None
            self._effects.append(Effect.CLOSE)

    @property
    def due(self) -> float | None:
        """When `tick` is to be called, if nothing else happens."""
        moments = [moment for moment in (self._text.due, self._patience) if moment is not None]
        return min(moments, default=None)

    @property
    def kept(self) -> bool:
        """Whether the session does nothing but may take another message."""
        return self.phase is Phase.SETTLED

    @property
    def settled(self) -> Effect:
        """What is to be done with a session that is `kept`."""
        return Effect.KEEP if self._turn is not None and self._turn.interrupted else Effect.CLOSE

    @property
    def busy(self) -> bool:
        """Whether a turn goes on."""
        return self.phase is Phase.RUNNING and self._in_turn

    def take(self) -> tuple[list[Change], list[Effect]]:
        """Return what has to be written and done since the last call."""
        taken = self._changes, self._effects
        self._changes, self._effects = [], []
        return taken

    def owe(self, changes: Iterable[Change]) -> None:
        """Add what an earlier server should have written to what `take` returns."""
        self._changes += changes

    # --- what people do ---------------------------------------------------------------------------

    def begin(self, generation: int, at: float) -> None:
        """A message of a person begins another run in the same session."""
        self.generation = generation
        self.phase = Phase.RUNNING
        self._turn = None
        self._in_turn = True
        self._reset(at)

    def user_message(self, prompt_id: str, at: float) -> None:
        """A message of a person came while the run goes on."""
        self._changes += self._text.user_message(at)
        self.fates.add(prompt_id)

    def withdraw(self, prompt_id: str, changes: list[Change], *, settled: bool) -> None:
        """Take back `user_message` (and `begin`, if `settled`): its changes could not be written.

        Text that was due belongs to the agent, so it is written with the next change.
        """
        self.fates.withdraw(prompt_id)
        if settled:
            self.phase = Phase.SETTLED
        self._changes = [*changes, *self._changes]

    def answered(self, wait: Wait, at: float) -> tuple[list[Change], list[Change]]:
        """A person has answered; return the agent's text that was due, and what the client is told."""
        self.waits.answered(wait)
        return list(self._text.user_message(at)), list(self.waits.announce())

    def reopen(self, wait: Wait, text: list[Change]) -> None:
        """Take back `answered`: it could not be written."""
        self.waits.reopen(wait)
        self._changes = [*text, *self._changes]

    def cut_short(self, at: float) -> list[Change]:
        """The run ends now, before its agent does: return the text that was due; the rest is stored in silence."""
        self.stopping = True
        changes: list[Change] = [*self._text.finish(at)]
        self._text.silent = True
        return changes

    # --- what the agent reports -------------------------------------------------------------------

    def _session_started(self, event: SessionStarted, at: float) -> None:
        if self.phase is Phase.SETTLED and not self.stopping:
            self._begin_by_itself(at)
        self._session_id = event.session_id
        self._changes.append(SessionSeen(event.session_id, event.tools, event.cwd, event.model, self._resumed))

    def _begin_by_itself(self, at: float) -> None:
        """A turn that nobody asked for, after a background task for example, is a run of its own.

        If nothing comes of it, the outcome of the run before stands.
        """
        self.generation = self._next_generation()
        self.phase = Phase.RUNNING
        self._reset(at)
        self._changes.append(RunBegun(self.generation))

    def _text_produced(self, event: TextProduced, at: float) -> None:
        self._working()
        self._changes += self._text.text(event.message_id, event.text, partial=event.partial, at=at)

    def _thinking_produced(self, event: ThinkingProduced, at: float) -> None:
        self._working()
        self._text.thinking(event.message_id, event.text, partial=event.partial)

    def _tool_called(self, event: ToolCalled, at: float) -> None:
        self._working()
        if event.tool_use_id in self._calls:
            self._changes += self._text.close(at, barrier=True)
            return
        row_id, before = self._text.parent(event.message_id, at)
        call_id = new_id()
        keep(self._calls, event.tool_use_id, (call_id, event.name), KEPT_CALLS)
        added = ToolCallAdded(event.tool_use_id, call_id, row_id, event.name, event.input, self._text.silent)
        self._changes += [*before, added]
        if self.phase is Phase.RUNNING:
            self.waits.called(event.tool_use_id, event.name, event.input)
            self._announce()

    def _tool_finished(self, event: ToolFinished, at: float) -> None:
        call_id, name = self._calls.get(event.tool_use_id, ("", ""))
        if call_id and event.output:
            self._changes += self._text.flush(at)
            self._changes.append(OutputSet(call_id, event.output, self._text.silent))
        self.denials.finished(name, event.output, is_error=event.is_error)
        self.waits.finished(event.tool_use_id)
        self._announce()

    def _request_opened(self, event: RequestOpened, at: float) -> None:
        self._working()
        if self.phase is Phase.RUNNING:
            self._changes += self._text.flush(at)
            self.waits.opened(event)
            self._announce()

    def _request_withdrawn(self, event: RequestWithdrawn, at: float) -> None:
        self.waits.withdrawn(event.request_id)
        self._announce()

    def _prompt_progress(self, event: PromptProgress, at: float) -> None:
        if event.state in ("started", "completed"):
            self._in_turn = self._in_turn or event.state == "started"
            self._seen(self.fates.seen((event.prompt_id,)))
        elif event.state == "cancelled":
            self.fates.thrown_away(event.prompt_id)

    def _mode_changed(self, event: ModeChanged, at: float) -> None:
        self._changes.append(RowChanged({"permission_mode": event.permission_mode.value}))

    def _turn_ended(self, event: TurnEnded, at: float) -> None:
        self._changes += self._text.finish(at)
        self._in_turn = False
        if not self._may_be_lost(event):
            self._seen(self.fates.working())
        session_id = event.session_id or self._session_id
        if event.session_cost is not None and session_id is not None:
            self._changes.append(CostSeen(session_id, event.session_cost))
        if self.phase is Phase.RUNNING:
            self._turn = event
            self._duration += event.duration_ms
            self.denials.told(event.denied)

    def _idle(self, event: Idle, at: float) -> None:
        turn = self._turn
        if self.stopping or self.phase is not Phase.RUNNING or turn is None or self.waits.held:
            return
        if self._may_be_lost(turn):
            self._effects.append(Effect.CLOSE)  # its exit will tell
        elif self.fates.queued:
            self._effects.append(Effect.SEND_QUEUED)
        elif self.fates.sent:
            self._patience = at + PATIENCE
        else:
            self._settle(turn)
            self._effects.append(self.settled)

    def _exited(self, event: Exited, at: float) -> None:
        self._changes += self._text.finish(at)
        self._seen(self.fates.gone(event.undelivered))
        if self.phase is Phase.RUNNING and not self.stopping:
            self._end_run(event)
        self.waits.clear()
        self.phase = Phase.GONE
        self._forget()

    def _forget(self) -> None:
        """Let go of the last words, which may be long: sessions refer to one another and live until collected."""
        self._text, self._turn = TextRows(), None
        self._calls.clear()

    def _may_be_lost(self, turn: TurnEnded) -> bool:
        """Whether a turn may have failed because the session to resume is unknown."""
        return self._resumed and not (self._produced or turn.succeeded or turn.interrupted)

    # --- what follows -----------------------------------------------------------------------------

    def _end_run(self, event: Exited) -> None:
        if event.session_lost and self._resumed and not self._produced:
            self._changes.append(SessionForgotten())
            self._effects.append(Effect.RESUME)
        elif self._turn is None or self._in_turn:
            self._changes.append(RunFailed(self.generation, verdict.exit_text(event)))
        elif self.fates.unseen:
            self._effects.append(Effect.RESUME)
        else:
            self._settle(self._turn)

    def _settle(self, turn: TurnEnded) -> None:
        self.phase = Phase.SETTLED
        self._text.silent = True
        outcome = verdict.settle(self.generation, turn, self._duration, self.waits.first, self.denials.tool)
        self._changes.append(outcome)
        self.waits.clear()

    def _reset(self, at: float) -> None:
        self._changes += self._text.finish(at)
        self._text.silent = False
        self._duration = 0.0
        self.denials.clear()
        self.waits.clear()

    def _working(self) -> None:
        """The agent does something."""
        self._produced = True
        if self.phase is Phase.RUNNING:
            self._in_turn = True
        self._seen(self.fates.working())

    def _seen(self, prompt_ids: tuple[str, ...]) -> None:
        if prompt_ids:
            self._changes.append(PromptsSeen(prompt_ids))

    def _announce(self) -> None:
        if self.phase is Phase.RUNNING:
            self._changes += self.waits.announce()
