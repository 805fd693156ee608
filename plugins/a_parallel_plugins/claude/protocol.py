"""Reads the lines of the Claude CLI (``claude-cli.md`` §3, ``agent-lifecycle.md`` §4); `stdin` writes those it reads.

Unknown types and fields are ignored; a block of the wrong shape is left out and the rest of its line kept.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import orjson

from a_parallel_plugins.claude.lines import (
    Abandoned,
    Cancelled,
    Delta,
    Denial,
    Init,
    Kind,
    Lifecycle,
    Line,
    ModeStatus,
    Outputs,
    Prose,
    Refused,
    Request,
    Response,
    Result,
    Said,
    Started,
    State,
    Task,
    Tasks,
    ToolOutput,
    ToolUse,
)

ItemT = TypeVar("ItemT")
Json = Mapping[str, Any]


class BrokenLine(ValueError):
    """A line is no JSON object, or lacks what its type must have. The text never quotes the line."""


def parse(line: bytes) -> Line | None:
    """Return what a line of standard output says, or None if it does not matter.

    Raises:
        BrokenLine: it cannot be read.
    """
    message = _load(line)
    kind = message.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return None
    try:
        return reader(message)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenLine(f"a line of type {kind} lacks what it must have ({type(error).__name__})") from None


def _load(line: bytes) -> Json:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        message = _load_leniently(line)
    if not isinstance(message, dict):
        raise BrokenLine("a line is no JSON object")
    return message


def _load_leniently(line: bytes) -> Any:
    """Read a line with invalid UTF-8 or halves of surrogate pairs, which are replaced."""
    try:
        text = json.dumps(json.loads(line.decode("utf-8", "replace")), ensure_ascii=False)
        return orjson.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise BrokenLine("a line is no JSON") from None


def _system(message: Json) -> Line | None:
    reader = _SYSTEM_READERS.get(message.get("subtype", ""))
    return reader(message) if reader else None


def _init(message: Json) -> Init:
    return Init(
        session_id=_text(message["session_id"]),
        tools=tuple(tool for tool in message.get("tools") or () if isinstance(tool, str)),
        cwd=_text(message.get("cwd") or ""),
        model=_text(message.get("model") or ""),
        permission_mode=_text(message.get("permissionMode") or ""),
        lifecycle="msg_lifecycle_v1" in (message.get("capabilities") or ()),
    )


def _status(message: Json) -> ModeStatus | None:
    mode = message.get("permissionMode")
    return ModeStatus(mode) if isinstance(mode, str) else None


def _tasks(message: Json) -> Tasks:
    return Tasks(frozenset(_text(task["task_id"]) for task in message["tasks"]))


def _task_started(message: Json) -> Task | None:
    """Foreground tasks end before their turn does, so they need no counting."""
    return Task(_text(message["task_id"]), alive=True) if message.get("is_backgrounded") else None


def _task_ended(message: Json) -> Task:
    return Task(_text(message["task_id"]), alive=False)


def _refused(message: Json) -> Refused | None:
    is_check = message.get("decision_reason_type") == "classifier"
    return Refused(_text(message["tool_use_id"])) if is_check else None


def _said(message: Json) -> Said:
    said = message["message"]
    blocks: tuple[Prose | ToolUse, ...] = tuple(_each(_block, said["content"]))
    return Said(_text(said.get("id") or message.get("uuid") or ""), blocks, message.get("parent_tool_use_id"))


def _block(block: Json) -> Prose | ToolUse | None:
    match block["type"]:
        case "text":
            return Prose("text", _text(block["text"]))
        case "thinking":
            return Prose("thinking", _text(block["thinking"]))
        case "tool_use":
            return ToolUse(_text(block["id"]), _text(block["name"]), block.get("input", {}))
    return None


def _outputs(message: Json) -> Outputs | None:
    content = message["message"].get("content")
    if not isinstance(content, list):
        return None
    results = tuple(_each(_output, content))
    return Outputs(results, message.get("parent_tool_use_id")) if results else None


def _output(block: Json) -> ToolOutput | None:
    if block["type"] != "tool_result":
        return None
    return ToolOutput(_text(block["tool_use_id"]), output_text(block.get("content")), block.get("is_error") is True)


def output_text(content: Any) -> str:
    """Return a tool's result as text: text blocks on lines of their own, placeholders for others."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else [content]
    return "\n".join(_block_text(block) for block in blocks)


def _block_text(block: Any) -> str:
    if isinstance(block, str):
        return block
    if not isinstance(block, dict):
        return "[content]"
    if block.get("type") == "text" and isinstance(block.get("text"), str):
        return str(block["text"])
    return f"[{block.get('type', 'content')}]"


def _stream(message: Json) -> Line | None:
    event = message["event"]
    if message.get("parent_tool_use_id") or not isinstance(event, dict):
        return None
    message_id = message.get("api_message_id") or ""
    match event.get("type"):
        case "content_block_delta":
            return _delta(_text(message_id), event)
        case "content_block_start":
            return Started(_text(message_id), int(event["index"]), _KINDS.get(event["content_block"]["type"]))
        case "message_stop" if abandoned := message.get("abandoned_blocks"):
            return Abandoned(_text(abandoned["api_message_id"]), int(abandoned["from_block_index"]))
    return None


def _delta(message_id: str, event: Json) -> Delta | None:
    delta = event["delta"]
    match delta["type"]:
        case "text_delta":
            return Delta(message_id, int(event["index"]), "text", _text(delta["text"]))
        case "thinking_delta":
            return Delta(message_id, int(event["index"]), "thinking", _text(delta["thinking"]))
    return None


def _result(message: Json) -> Result:
    said, cost = message.get("result"), message.get("total_cost_usd")
    return Result(
        subtype=_text(message["subtype"]),
        is_error=message.get("is_error") is True,
        text=said if isinstance(said, str) else None,
        errors=tuple(str(error) for error in message.get("errors") or ()),
        cost=float(cost) if isinstance(cost, int | float) else None,
        session_id=message.get("session_id"),
        duration_ms=float(message.get("duration_ms") or 0),
        terminal_reason=_text(message.get("terminal_reason") or ""),
        denials=tuple(_each(_denial, message.get("permission_denials") or ())),
    )


def _denial(denial: Json) -> Denial:
    return Denial(_text(denial["tool_name"]), denial.get("tool_use_id"))


def _request(message: Json) -> Request:
    body = message["request"]
    return Request(_text(message["request_id"]), _text(body["subtype"]), body)


def _response(message: Json) -> Response:
    response = message["response"]
    failed = response.get("subtype") == "error"
    return Response(_text(response["request_id"]), str(response.get("error") or "no reason given") if failed else None)


def _cancelled(message: Json) -> Cancelled:
    return Cancelled(_text(message["request_id"]))


def _lifecycle(message: Json) -> Lifecycle:
    return Lifecycle(_text(message["command_uuid"]), _text(message["state"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _each(read: Callable[[Any], ItemT | None], items: Iterable[Any]) -> Iterator[ItemT]:
    """Read each item by itself, so that one of the wrong shape does not take the others with it."""
    for item in items:
        try:
            value = read(item)
        except (KeyError, TypeError, AttributeError):
            continue
        if value is not None:
            yield value


_KINDS: dict[str, Kind] = {"text": "text", "thinking": "thinking"}

_SYSTEM_READERS: dict[str, Callable[[Json], Line | None]] = {
    "init": _init,
    "status": _status,
    "session_state_changed": lambda message: State(_text(message["state"])),
    "background_tasks_changed": _tasks,
    "task_started": _task_started,
    "task_notification": _task_ended,
    "permission_denied": _refused,
}

_READERS: dict[str, Callable[[Json], Line | None]] = {
    "system": _system,
    "assistant": _said,
    "user": _outputs,
    "stream_event": _stream,
    "result": _result,
    "control_request": _request,
    "control_response": _response,
    "control_cancel_request": _cancelled,
    "command_lifecycle": _lifecycle,
}
