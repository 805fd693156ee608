"""What the unmodified client would show: its state, without any transport (``websocket.md`` §4-6).

Frames and HTTP bodies go in, `Screen.threads` comes out. Whatever the client could not digest raises `Breach`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.shown import (
    STAGES,
    STATUSES,
    Breach,
    Shown,
    ShownMessage,
    ShownTool,
    announced_card,
    check_row,
    derived_card,
    loaded_message,
    message_of,
    text,
)

GIT_STATES = {"dirty", "unpushed", "pushed", "merged", "clean"}

ANY_OUTCOME = {"running", "waiting", "completed", "failed", "stopped", "interrupted"}
ACCEPTED = {
    "idle": ANY_OUTCOME - {"stopped", "interrupted"},
    "pending": ANY_OUTCOME - {"stopped", "interrupted"},
    "running": ANY_OUTCOME,
    **{settled: {"running"} for settled in ("waiting", "completed", "failed", "stopped", "interrupted")},
}
"""What ``agent:status`` may change a status to (``websocket.md`` §4.1)."""

REASON_TEXTS = {
    "error_max_turns": "the maximum number of turns was reached",
    "error_max_budget_usd": "the budget is used up",
    "error_during_execution": "an error occurred during execution",
}
EDITING_TOOLS = {"Write", "Edit", "Bash"}


@dataclass(slots=True)
class Screen:
    """The client's state.

    Attributes:
        projects: as listed.
        threads: by id.
        open_id: thread whose messages are shown.
        toasts: texts in the order in which they popped up.
        git: git status by thread.
        wants: what the client will fetch because of events: ``threads:<project>``, ``diff:<thread>``.
        history: statuses that each thread went through because of events, in order.
        errors: texts of ``agent:error`` by thread; the client does not show them, a test may want to.
    """

    projects: list[dict[str, Any]] = field(default_factory=list)
    threads: dict[str, Shown] = field(default_factory=dict)
    open_id: str | None = None
    toasts: list[str] = field(default_factory=list)
    git: dict[str, dict[str, Any]] = field(default_factory=dict)
    wants: set[str] = field(default_factory=set)
    history: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    _sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    _loading: list[Mapping[str, Any]] | None = None
    _pending_message: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _pending_outputs: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def shown(self) -> Shown:
        """The open thread."""
        assert self.open_id is not None, "no thread is open"
        return self.threads[self.open_id]

    @property
    def status_changes(self) -> int:
        """How many statuses events have changed so far."""
        return sum(len(statuses) for statuses in self.history.values())

    # --- HTTP ------------------------------------------------------------------------------------

    def show_projects(self, projects: list[dict[str, Any]]) -> None:
        """Take the answer of ``GET /api/projects``."""
        self.projects = projects

    def show_threads(self, project_id: str, rows: list[dict[str, Any]]) -> None:
        """Take the answer of ``GET /api/threads?projectId=``: rows replace local state."""
        listed = set()
        for row in rows:
            check_row(row)
            listed.add(row["id"])
            self.threads.setdefault(row["id"], Shown(row)).row = row
        for gone in [id for id, shown in self.threads.items() if shown.row["projectId"] == project_id]:
            if gone not in listed:
                del self.threads[gone]

    def begin_loading(self, thread_id: str) -> None:
        """Open a thread: until its answer is there, its messages from the socket are kept back."""
        self.open_id = thread_id
        self._loading = []

    def show_thread(self, thread: dict[str, Any]) -> None:
        """Take the answer of ``GET /api/threads/:id`` and replay what arrived meanwhile."""
        check_row(thread)
        row = {key: value for key, value in thread.items() if key != "messages"}
        shown = self.threads.setdefault(thread["id"], Shown(row))
        shown.row = row
        shown.messages = [loaded_message(message) for message in thread["messages"]]
        shown.card = derived_card(shown) if shown.status == "waiting" else None
        shown.session = self._sessions.get(thread["id"], shown.session)
        kept, self._loading = self._loading or [], None
        for frame in kept:
            self._show_live(frame)

    def show_git(self, statuses: list[dict[str, Any]]) -> None:
        """Take git states from HTTP or from ``git:status``."""
        for status in statuses:
            if status["state"] not in GIT_STATES or not isinstance(status["linesAdded"], int):
                raise Breach(f"git status {status}")
            self.git[status["threadId"]] = status

    def say(self, words: str, images: int = 0) -> None:
        """Show the user's own message at once, before the server has heard of it."""
        assert self.open_id is not None, "open a thread before talking in it"
        self.threads[self.open_id].messages.append(ShownMessage(None, "user", words, images))

    # --- WebSocket -------------------------------------------------------------------------------

    def receive(self, frame_text: str) -> None:
        """Take one frame; messages and outputs wait for the next animation frame (``websocket.md`` §5)."""
        frame = _envelope(frame_text)
        kind, thread, data = frame["type"], frame["threadId"], frame["data"]
        if kind == "agent:message":
            self._pending_message[thread] = frame
        elif kind == "agent:tool_output":
            self._pending_outputs.append(frame)
        elif kind == "agent:tool_call":
            if self._pending_message:
                self.animation_frame()
            self._show_live(frame)
        elif kind == "agent:result":
            self.animation_frame()
            self._result(thread, data)
        elif kind in HANDLERS:
            HANDLERS[kind](self, thread, data)

    def animation_frame(self) -> None:
        """Draw what waits: per thread only the last message survived."""
        frames = [*self._pending_message.values(), *self._pending_outputs]
        self._pending_message.clear()
        self._pending_outputs.clear()
        for frame in frames:
            self._show_live(frame)

    @property
    def drawn(self) -> bool:
        """Whether nothing waits for the next animation frame."""
        return not self._pending_message and not self._pending_outputs

    def _show_live(self, frame: Mapping[str, Any]) -> None:
        """Show a message, tool call or output of the open thread; others are ignored."""
        if self.open_id is None or frame["threadId"] != self.open_id:
            return
        if self._loading is not None:
            self._loading.append(frame)
            return
        shown = self.threads[self.open_id]
        LIVE[frame["type"]](self, shown, frame["data"])

    def _live_message(self, shown: Shown, data: Mapping[str, Any]) -> None:
        if data["role"] != "assistant":
            raise Breach(f"agent:message of role {data['role']}")
        message_of(shown, data["messageId"]).content = text(data["content"])

    def _live_tool_call(self, shown: Shown, data: Mapping[str, Any]) -> None:
        if isinstance(data["input"], str):
            raise Breach("agent:tool_call.input is text, not JSON")
        if any(tool.id == data["toolCallId"] for tool in shown.tools):
            return
        tool = ShownTool(data["toolCallId"], data["name"], data["input"])
        message_of(shown, data["messageId"]).tools.append(tool)
        if data["name"] in EDITING_TOOLS:
            self.wants.add(f"diff:{self.open_id}")

    def _live_tool_output(self, shown: Shown, data: Mapping[str, Any]) -> None:
        for tool in shown.tools:
            if tool.id == data["toolCallId"]:
                tool.output = text(data["output"])

    def _init(self, thread: str, data: Mapping[str, Any]) -> None:
        if not isinstance(data["tools"], list):
            raise Breach("agent:init.tools is no array")
        self._sessions[thread] = {key: data[key] for key in ("tools", "cwd", "model")}
        if thread in self.threads:
            self.threads[thread].session = self._sessions[thread]

    def _status(self, thread: str, data: Mapping[str, Any]) -> None:
        status = data["status"]
        if status not in STATUSES or data.get("stage", "review") not in STAGES:
            raise Breach(f"agent:status {data}")
        shown = self.threads.get(thread)
        if shown is None or status not in ACCEPTED[shown.status]:
            return
        changed = shown.status != status
        self.history.setdefault(thread, []).append(status)
        shown.row = {**shown.row, "status": status} | ({"stage": data["stage"]} if "stage" in data else {})
        if status != "waiting":
            shown.card = None
        elif changed:
            shown.card = announced_card(data)

    def _error(self, thread: str, data: Mapping[str, Any]) -> None:
        self.errors.setdefault(thread, []).append(text(data["error"]))
        self._status(thread, {"status": "failed"})

    def _result(self, thread: str, data: Mapping[str, Any]) -> None:
        status = data.get("status", "completed")
        shown = self.threads.get(thread)
        if status not in ("completed", "failed", "waiting"):
            raise Breach(f"agent:result of status {status}: the client ignores it")
        if shown is None:
            return
        self.history.setdefault(thread, []).append(status)
        shown.row = {**shown.row, "status": status, "stage": data["stage"], "cost": data["cost"]}
        shown.card = announced_card(data) if status == "waiting" else None
        shown.final = {"cost": data["cost"], "duration": data["duration"]}
        if status == "completed":
            self.toasts.append(f"{shown.row['title']}: completed")
        elif status == "failed":
            reason = data.get("errorReason", "unknown error")
            self.toasts.append(f"{shown.row['title']}: failed: {REASON_TEXTS.get(reason, reason)}")
        self.wants |= {f"threads:{shown.row['projectId']}", f"diff:{thread}"}

    def _git_status(self, thread: str, data: Mapping[str, Any]) -> None:
        self.show_git(data["statuses"])


HANDLERS = {
    "agent:init": Screen._init,
    "agent:status": Screen._status,
    "agent:error": Screen._error,
    "git:status": Screen._git_status,
}
LIVE = {
    "agent:message": Screen._live_message,
    "agent:tool_call": Screen._live_tool_call,
    "agent:tool_output": Screen._live_tool_output,
}


def _envelope(frame_text: str) -> dict[str, Any]:
    """Parse a frame as the client does: a JSON object with type, threadId and data (``websocket.md`` §9)."""
    frame = json.loads(frame_text)
    fits = isinstance(frame, dict) and isinstance(frame.get("type"), str) and isinstance(frame.get("data"), dict)
    if not fits or not isinstance(frame.get("threadId"), str):
        raise Breach(f"not an envelope: {frame_text[:200]}")
    return dict(frame)
