"""What a run's agent waits for, in the order in which it asked; the first is what the client shows."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from a_parallel_contracts.agents import RequestKind, RequestOpened, WaitingReason
from a_parallel_plugins.agents.changes import RunningShown, WaitingShown

ASKING_TOOLS: dict[str, WaitingReason] = {"AskUserQuestion": "question", "ExitPlanMode": "plan"}
"""Tools whose call means that the agent waits (``agent-lifecycle.md`` §8)."""

REASONS: dict[RequestKind, WaitingReason] = {
    RequestKind.QUESTION: "question",
    RequestKind.PLAN: "plan",
    RequestKind.PERMISSION: "permission",
}


class Wait(Struct, eq=False):
    """One thing that the agent waits for.

    Attributes:
        reason: what kind of thing.
        tool: name of the tool whose call is held.
        input: of that call.
        tool_use_id: of that call, if known.
        request_id: what to answer; None while the call was seen but its request has not come yet.
        suggestions: rules the provider offers for "always allow".
    """

    reason: WaitingReason
    tool: str
    input: Mapping[str, Any]
    tool_use_id: str | None = None
    request_id: str | None = None
    suggestions: tuple[Any, ...] = ()


class Waits(Struct):
    """All of them, and which one the client was told about."""

    _all: list[Wait] = field(default_factory=list)
    _answered: set[str] = field(default_factory=set)
    _shown: Wait | None = None

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON."""
        shown = next((index for index, wait in enumerate(self._all) if wait is self._shown), None)
        waits = [asdict(wait) for wait in self._all]
        return {"all": waits, "answered": sorted(self._answered), "shown": shown}

    def restore(self, memory: Mapping[str, Any]) -> None:
        """Go on from another server's `memory`."""
        self._all = [Wait(**{**wait, "suggestions": tuple(wait["suggestions"])}) for wait in memory["all"]]
        self._answered = set(memory["answered"])
        self._shown = self._all[memory["shown"]] if memory["shown"] is not None else None

    @property
    def first(self) -> Wait | None:
        """The one that the client shows."""
        return self._all[0] if self._all else None

    @property
    def held(self) -> bool:
        """Whether a request is open, so that the agent cannot go on by itself."""
        return any(wait.request_id is not None for wait in self._all)

    def permission(self, tool: str) -> Wait | None:
        """Return the oldest open request for leave to use `tool`."""
        for wait in self._all:
            if wait.reason == "permission" and wait.tool == tool:
                return wait
        return None

    def called(self, tool_use_id: str, name: str, tool_input: Any) -> None:
        """A tool was called; some calls mean waiting even before the request comes, or without one."""
        reason = ASKING_TOOLS.get(name)
        if reason is None or tool_use_id in self._answered or self._by_use(tool_use_id) is not None:
            return
        self._all.append(Wait(reason, name, tool_input if isinstance(tool_input, dict) else {}, tool_use_id))

    def opened(self, request: RequestOpened) -> None:
        """A request was opened; it may belong to a call that was seen before."""
        wait = self._by_use(request.tool_use_id)
        if wait is None:
            wait = Wait(REASONS[request.kind], request.tool, request.input, request.tool_use_id)
            self._all.append(wait)
        wait.request_id = request.request_id
        wait.input = request.input
        wait.suggestions = request.suggestions

    def answered(self, wait: Wait) -> None:
        """A person has answered."""
        if wait in self._all:
            self._all.remove(wait)
        if wait.tool_use_id is not None:
            self._answered.add(wait.tool_use_id)

    def reopen(self, wait: Wait) -> None:
        """Take back `answered`; the client shows it still."""
        self._all.insert(0, wait)
        self._shown = wait
        if wait.tool_use_id is not None:
            self._answered.discard(wait.tool_use_id)

    def withdrawn(self, request_id: str) -> None:
        """The agent does not wait for that answer any more."""
        for wait in [wait for wait in self._all if wait.request_id == request_id]:
            self.answered(wait)

    def finished(self, tool_use_id: str) -> None:
        """A tool gave its result, so nobody waits for its call."""
        self._all = [wait for wait in self._all if wait.tool_use_id != tool_use_id]
        self._answered.discard(tool_use_id)

    def clear(self) -> None:
        """Forget everything; the agent is gone or begins anew."""
        self._all.clear()
        self._answered.clear()
        self._shown = None

    def announce(self) -> list[RunningShown | WaitingShown]:
        """Return what the client has to be told since the last call.

        Between two waits it is told ``running``, the only status that it accepts while it shows one.
        """
        first = self.first
        if first is self._shown:
            return []
        changes: list[RunningShown | WaitingShown] = [RunningShown()] if self._shown is not None else []
        if first is not None:
            changes.append(WaitingShown(first.reason, first.tool if first.reason == "permission" else None))
        self._shown = first
        return changes

    def _by_use(self, tool_use_id: str | None) -> Wait | None:
        for wait in self._all:
            if tool_use_id is not None and wait.tool_use_id == tool_use_id:
                return wait
        return None
