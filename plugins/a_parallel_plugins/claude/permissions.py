"""Answers what the CLI asks before tool calls: by the gate, by the rules, or by holding it for a person.

``claude-cli.md`` §5 and §10, ``agent-lifecycle.md`` §5 and §13.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from a_parallel_contracts.agents import (
    AgentEvent,
    Answer,
    Decision,
    RequestKind,
    RequestOpened,
    RequestWithdrawn,
    ToolGate,
)
from a_parallel_plugins.claude.lines import Request
from a_parallel_plugins.claude.rules import AskRules
from a_parallel_plugins.claude.stdin import answer_line, refusal_line

HOOK_ID = "tool_approval"
"""Callback id of our PreToolUse hook (``agent-lifecycle.md`` §3)."""

INTERACTIVE = {"AskUserQuestion": RequestKind.QUESTION, "ExitPlanMode": RequestKind.PLAN}
"""Tools whose call is itself a request to a person, in every mode."""

REMEMBERED = 512
"""Decisions and refusals of calls that are kept; older calls are long over."""

Input = Mapping[str, Any]


class _Call(Struct, frozen=True):
    """A tool call that the CLI asks about."""

    tool: str
    input: Input
    tool_use_id: str | None
    suggestions: tuple[Any, ...] = ()


class Permissions:
    """The requests of one CLI.

    Parameters:
        gate: asked once for each call.
        rules: apply where the gate has no opinion.
        write: queues a line for the CLI under a key, and tells whether it is taken.
        emit: tells the session's consumer.
        changed: called when something that was decided upon is done.
        limit: seconds the gate may take.
        log: gets names of tools and of errors, never inputs.
    """

    def __init__(
        self,
        gate: ToolGate,
        rules: AskRules,
        *,
        write: Callable[[bytes, str], object],
        emit: Callable[[AgentEvent], None],
        changed: Callable[[], None],
        limit: float,
        log: logging.Logger,
    ) -> None:
        self._gate = gate
        self._rules = rules
        self._write = write
        self._emit = emit
        self._changed = changed
        self._limit = limit
        self._log = log
        self._requests: dict[str, Request] = {}
        self._held: dict[str, _Call] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._decisions: OrderedDict[str, tuple[Input, Decision | None]] = OrderedDict()
        self._refused: OrderedDict[str, None] = OrderedDict()

    @property
    def waiting(self) -> bool:
        """Whether anything is held for a person or decided right now."""
        return bool(self._held or self._tasks)

    @property
    def memory(self) -> dict[str, Any]:
        """What another server needs to go on, as JSON: what is not answered will be asked anew there."""
        unanswered = [(request.id, request.subtype, dict(request.body)) for request in self._requests.values()]
        return {"requests": unanswered, "refused": list(self._refused)}

    def restore(self, memory: Mapping[str, Any], answered: Callable[[str], bool]) -> None:
        """Go on from another server's `memory`; `answered` tells which answers the CLI got after that."""
        self._refused.update(dict.fromkeys(memory["refused"]))
        for request_id, subtype, body in memory["requests"]:
            if not answered(answer_key(request_id)):
                self.handle(Request(request_id, subtype, body))

    def handle(self, request: Request) -> None:
        """Answer a request, now or later."""
        answer = {"hook_callback": self._hook, "can_use_tool": self._permission}.get(request.subtype)
        if answer is None:
            self._reply(request.id, refusal_line(request.id, f"Unsupported control request subtype: {request.subtype}"))
            return
        self._requests[request.id] = request
        task = asyncio.create_task(answer(request), name=f"claude {request.subtype}")
        self._tasks[request.id] = task
        task.add_done_callback(lambda done: self._finished(request.id, done))

    def _finished(self, request_id: str, task: "asyncio.Task[None]") -> None:
        if self._tasks.pop(request_id, None) is None:
            return  # withdrawn, or the CLI is gone
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            self._log.error("A request of the Claude CLI was not answered (%s)", type(error).__name__)
            self._reply(request_id, refusal_line(request_id, "The request could not be handled"))
        self._changed()

    def withdraw(self, request_id: str) -> None:
        """The CLI no longer waits for this answer."""
        self._requests.pop(request_id, None)
        if task := self._tasks.pop(request_id, None):
            task.cancel()
        if call := self._held.pop(request_id, None):
            self.refused(call.tool_use_id)
            self._emit(RequestWithdrawn(request_id))

    def answer(self, request_id: str, answer: Answer) -> bool:
        """Hand a person's answer to the CLI; False if the request is not open."""
        call = self._held.get(request_id)
        if call is None or not self._reply(request_id, answer_line(request_id, _payload(call, answer))):
            return False
        del self._held[request_id]
        if answer.behavior == "deny":
            self.refused(call.tool_use_id)
        return True

    def end(self) -> None:
        """Drop everything: the CLI is gone."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        self._held.clear()

    def refused(self, tool_use_id: str | None) -> None:
        """Take note of a call whose refusal was somebody's decision, not want of permission."""
        if tool_use_id is not None:
            _remember(self._refused, tool_use_id, None)

    def was_refused(self, tool_use_id: str | None) -> bool:
        """Tell whether `refused` was called for it."""
        return tool_use_id in self._refused

    def _reply(self, request_id: str, line: bytes) -> object:
        """Queue an answer; nothing is open under that id any more if it can be."""
        taken = self._write(line, answer_key(request_id))
        if taken:
            self._requests.pop(request_id, None)
        return taken

    # --- the two kinds of requests ----------------------------------------------------------------

    async def _hook(self, request: Request) -> None:
        given = request.body.get("input") or {}
        tool = given.get("tool_name") or given.get("tool") or ""
        call = _Call(str(tool), given.get("tool_input") or {}, given.get("tool_use_id"))
        decision = await self._decide(call)
        self._reply(request.id, answer_line(request.id, self._hook_answer(call, decision)))

    def _hook_answer(self, call: _Call, decision: Decision | None) -> dict[str, Any]:
        """Return a permission decision; ``{}`` leaves it to the CLI's own check, which then asks."""
        if decision is not None and decision.behavior == "deny":
            self.refused(call.tool_use_id)
            return _hook_decision("deny", decision.reason)
        if decision is not None and decision.behavior == "ask":
            return _hook_decision("ask", decision.reason)
        if decision is None and self._rules.asks_first(call.tool):
            return _hook_decision("ask", "Edits must be confirmed")
        return {}

    async def _permission(self, request: Request) -> None:
        body = request.body
        suggestions = tuple(body.get("permission_suggestions") or ())
        call = _Call(str(body["tool_name"]), body.get("input") or {}, body.get("tool_use_id"), suggestions)
        decision = await self._decide(call)
        if decision is not None and decision.behavior == "deny":
            self.refused(call.tool_use_id)
            self._reply(
                request.id, answer_line(request.id, {"behavior": "deny", "message": decision.reason or "Denied"})
            )
        elif self._is_held(call, decision):
            self._hold(request.id, call)
        else:
            self._reply(request.id, answer_line(request.id, {"behavior": "allow", "updatedInput": call.input}))

    def _is_held(self, call: _Call, decision: Decision | None) -> bool:
        if call.tool in INTERACTIVE:
            return True
        return decision.behavior == "ask" if decision is not None else self._rules.holds(call.tool)

    def _hold(self, request_id: str, call: _Call) -> None:
        kind = INTERACTIVE.get(call.tool, RequestKind.PERMISSION)
        self._held[request_id] = call
        self._emit(RequestOpened(request_id, kind, call.tool, call.input, call.tool_use_id, call.suggestions))

    async def _decide(self, call: _Call) -> Decision | None:
        """Ask the gate, once for each call: the hook comes first, the permission request may follow."""
        known = self._decisions.get(call.tool_use_id or "")
        if known is not None and known[0] == call.input:
            return known[1]
        decision = await self._ask_gate(call)
        if call.tool_use_id:
            _remember(self._decisions, call.tool_use_id, (call.input, decision))
        return decision

    async def _ask_gate(self, call: _Call) -> Decision | None:
        """Return what the gate says; no answer is a refusal."""
        try:
            async with asyncio.timeout(self._limit):
                return await self._gate(call.tool, call.input, call.tool_use_id)
        except TimeoutError:
            self._log.error("Nobody decided about a call of %s within %g s, so it is denied", call.tool, self._limit)
            return Decision("deny", "No decision was made in time")
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a policy must not let the call through
            self._log.error("Deciding about a call of %s failed (%s), so it is denied", call.tool, type(error).__name__)
            return Decision("deny", "The decision about this tool call failed")


def answer_key(request_id: str) -> str:
    """Return the key under which the answer to a request is written."""
    return f"a:{request_id}"


def _payload(call: _Call, answer: Answer) -> dict[str, Any]:
    """Return a person's answer in the CLI's words (``claude-cli.md`` §5.3-5.5)."""
    if answer.behavior == "deny":
        return {"behavior": "deny", "message": answer.message or "The user denied this."}
    payload: dict[str, Any] = {"behavior": "allow", "updatedInput": _updated_input(call, answer)}
    updates = [*answer.remember]
    if answer.accept_edits:
        updates.append({"type": "setMode", "mode": "acceptEdits", "destination": "session"})
    return payload | ({"updatedPermissions": updates} if updates else {})


def _updated_input(call: _Call, answer: Answer) -> Input:
    """Return the whole input, since the CLI replaces it; older CLIs read ``result``, newer ones ``answers``."""
    if call.tool not in INTERACTIVE:
        return call.input
    added: dict[str, Any] = {"result": answer.text} if answer.text is not None else {}
    if answer.answers is not None:
        added["answers"] = dict(answer.answers)
    return {**call.input, **added}


def _hook_decision(decision: str, reason: str) -> dict[str, Any]:
    specific = {"hookEventName": "PreToolUse", "permissionDecision": decision, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": specific}


def _remember(memory: "OrderedDict[str, Any]", key: str, value: Any) -> None:
    memory[key] = value
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)
