"""Takes what the CLI says, hands it to whom it concerns, and tells the session's consumer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from a_parallel_contracts.agents import (
    AgentEvent,
    ModeChanged,
    Run,
    SessionStarted,
    ToolCalled,
    ToolFinished,
    TurnEnded,
)
from a_parallel_plugins.claude.arguments import OUR_MODES
from a_parallel_plugins.claude.controls import Controls
from a_parallel_plugins.claude.lines import (
    Abandoned,
    Cancelled,
    Delta,
    Init,
    Lifecycle,
    Line,
    ModeStatus,
    Outputs,
    Refused,
    Request,
    Response,
    Result,
    Said,
    Started,
    State,
    Task,
    Tasks,
    ToolUse,
)
from a_parallel_plugins.claude.permissions import Permissions
from a_parallel_plugins.claude.rules import AskRules
from a_parallel_plugins.claude.texts import Texts
from a_parallel_plugins.claude.throttle import Throttle
from a_parallel_plugins.claude.turns import Turns

UPDATE_INTERVAL = 0.2
"""Seconds between two updates of a streaming text: at most five a second."""

LOST = ("No conversation found", "--resume requires a valid session")
"""What the CLI says when it does not know the session to resume."""


class Dispatcher:
    """Follows one CLI line by line; everything here happens in the order of its lines.

    Attributes:
        spoken: the assistant has said something.
        session_lost: the session to resume is unknown.
        interrupting: an interrupt was asked for in this turn.
        setting_mode: a change of the permission mode is under way, so what the CLI says of it may be old.
        open_tools: ids of tool calls without a result.
    """

    def __init__(
        self,
        run: Run,
        *,
        turns: Turns,
        rules: AskRules,
        permissions: Permissions,
        controls: Controls,
        emit: Callable[[AgentEvent], None],
    ) -> None:
        self._resumes = run.session_id is not None
        self._turns = turns
        self._rules = rules
        self._permissions = permissions
        self._controls = controls
        self._emit = emit
        self._texts = Texts()
        self._updates = Throttle(UPDATE_INTERVAL, self._tell_partial)
        self.spoken = False
        self.session_lost = False
        self.interrupting = False
        self.setting_mode = 0
        self.open_tools: set[str] = set()

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        return {
            "texts": self._texts.memory,
            "spoken": self.spoken,
            "session_lost": self.session_lost,
            "interrupting": self.interrupting,
            "open_tools": sorted(self.open_tools),
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`."""
        self._texts.restore(memory["texts"])
        self.spoken, self.session_lost = memory["spoken"], memory["session_lost"]
        self.interrupting, self.open_tools = memory["interrupting"], set(memory["open_tools"])
        if self._texts.has_grown:
            self._updates.call()

    def stop(self) -> None:
        """Tell nothing more."""
        self._updates.cancel()

    def handle(self, line: Line) -> None:  # noqa: C901 - one case for each kind of line
        """Take a line."""
        match line:
            case Delta():
                self._texts.grow(line)
                self._updates.call()
            case Started():
                self._texts.started(line)
            case Said():
                self._said(line)
            case Outputs():
                self._outputs(line)
            case Abandoned():
                self._tell(self._texts.abandoned(line))
            case Request():
                self._permissions.handle(line)
            case Cancelled():
                self._permissions.withdraw(line.id)
            case Response():
                self._controls.answered(line)
            case Init():
                self._init(line)
            case Result():
                self._result(line)
            case Lifecycle():
                self._lifecycle(line)
            case ModeStatus():
                self._mode(line.permission_mode)
            case State():
                self._turns.state(line)
            case Tasks():
                self._turns.tasks(line)
            case Task():
                self._turns.task(line)
            case Refused():
                self._permissions.refused(line.tool_use_id)

    def end(self) -> None:
        """Tell what was held back: the CLI is gone."""
        self._updates.cancel()
        self._tell_partial()

    # --- text and tools ---------------------------------------------------------------------------

    def _said(self, line: Said) -> None:
        self.spoken = True
        for progress in self._turns.said(line):
            self._emit(progress)
        if line.parent is None:
            self._tell(self._texts.said(line))
        for block in line.blocks:
            if isinstance(block, ToolUse):
                self.open_tools.add(block.id)
                self._emit(ToolCalled(block.id, line.message_id, block.name, block.input, line.parent))

    def _tell(self, events: Sequence[AgentEvent]) -> None:
        for event in events:
            self._emit(event)
        if not self._texts.has_grown:
            self._updates.cancel()

    def _tell_partial(self) -> None:
        for event in self._texts.partial():
            self._emit(event)

    def _outputs(self, line: Outputs) -> None:
        if line.parent is None:
            self._turns.tool_result()
        for result in line.results:
            self.open_tools.discard(result.tool_use_id)
            self._emit(ToolFinished(result.tool_use_id, result.output, result.is_error))

    # --- turns ------------------------------------------------------------------------------------

    def _init(self, line: Init) -> None:
        for progress in self._turns.init(line):
            self._emit(progress)
        self._emit(SessionStarted(line.session_id, line.tools, line.cwd, line.model))
        self._mode(line.permission_mode)

    def _lifecycle(self, line: Lifecycle) -> None:
        progress, known_before = self._turns.lifecycle(line)
        if progress is not None:
            self._emit(progress)
        if known_before and not self._turns.busy:
            self._emit(TurnEnded("success"))

    def _result(self, line: Result) -> None:
        self._turns.ended()
        self._tell_partial()
        self.open_tools.clear()
        if self._is_lost(line):
            self.session_lost = True
            return
        self._emit(self._turn_ended(line))
        self.interrupting = False

    def _is_lost(self, line: Result) -> bool:
        told = any(sign in error for error in line.errors for sign in LOST)
        return self._resumes and not self.spoken and told

    def _turn_ended(self, line: Result) -> TurnEnded:
        failed = line.subtype == "success" and line.is_error
        outcome = "error_during_execution" if failed else line.subtype
        interrupted = self.interrupting and _is_abort(line)
        return TurnEnded(
            outcome,
            line.text,
            session_cost=line.cost,
            session_id=line.session_id,
            duration_ms=line.duration_ms,
            denied=() if interrupted else self._denied(line),
            interrupted=interrupted,
            detail=None if interrupted else "; ".join(line.errors) or None,
        )

    def _denied(self, line: Result) -> tuple[str, ...]:
        """Return the tools refused for want of permission, each once; a person's or a policy's no is none."""
        wanted = (denial.tool for denial in line.denials if not self._permissions.was_refused(denial.tool_use_id))
        return tuple(dict.fromkeys(wanted))

    def _mode(self, name: str) -> None:
        mode = OUR_MODES.get(name)
        if mode is not None and mode != self._rules.mode and not self.setting_mode:
            self._rules.mode = mode
            self._emit(ModeChanged(mode))


def _is_abort(line: Result) -> bool:
    """Tell whether a result is what an interrupt leaves; older CLIs give no reason."""
    if line.terminal_reason:
        return line.terminal_reason.startswith("aborted")
    return line.subtype == "error_during_execution"
