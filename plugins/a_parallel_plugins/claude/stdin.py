"""Writes the lines that the Claude CLI reads (``claude-cli.md`` §4, ``agent-lifecycle.md`` §3)."""

from collections.abc import Mapping
from typing import Any

import orjson

from a_parallel_contracts.agents import Prompt

Json = Mapping[str, Any]


def user_line(prompt: Prompt) -> bytes:
    """Return a user message; its trimmed text, if any, comes before the images."""
    text = prompt.text.strip().encode("utf-8", "replace").decode()  # halves of surrogate pairs have no encoding
    content: list[Any] = [{"type": "text", "text": text}] if text else []
    content += [image.model_dump() for image in prompt.images]
    return _dump({"type": "user", "message": {"role": "user", "content": content}, "uuid": prompt.id})


def initialize_line(request_id: str, hook: Json | None) -> bytes:
    """Return the first line: the CLI is to ask before each tool call, through `hook`."""
    hooks = {"PreToolUse": [hook]} if hook else {}
    return request_line(request_id, {"subtype": "initialize", "hooks": hooks})


def request_line(request_id: str, request: Json) -> bytes:
    """Return a control request of ours."""
    return _dump({"type": "control_request", "request_id": request_id, "request": request})


def answer_line(request_id: str, answer: Json) -> bytes:
    """Return the answer to a control request of the CLI's."""
    response = {"subtype": "success", "request_id": request_id, "response": answer}
    return _dump({"type": "control_response", "response": response})


def refusal_line(request_id: str, error: str) -> bytes:
    """Return the answer to a control request that cannot be handled."""
    response = {"subtype": "error", "request_id": request_id, "error": error}
    return _dump({"type": "control_response", "response": response})


def _dump(message: Json) -> bytes:
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
