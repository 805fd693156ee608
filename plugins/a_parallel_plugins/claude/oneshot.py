"""A single question to the CLI, without a thread (``agent-lifecycle.md`` §12)."""

from uuid import uuid4

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.agents import Prompt
from a_parallel_contracts.hosts import LineTooLong, Process
from a_parallel_plugins.claude.lines import Prose, Request, Result, Said
from a_parallel_plugins.claude.protocol import BrokenLine, parse
from a_parallel_plugins.claude.stdin import answer_line, initialize_line, refusal_line, user_line


async def answer_of(process: Process, prompt: str) -> str:
    """Ask `prompt` and return the answer: the result's text, else the last text of the assistant.

    Raises:
        FailedDependency: the CLI ended without an answer, or its result is a failure.
    """
    await _write(process, initialize_line(str(uuid4()), None), user_line(Prompt(str(uuid4()), prompt)))
    last = ""
    async for raw in process.lines():
        try:
            line = None if isinstance(raw, LineTooLong) else parse(raw)
        except BrokenLine:
            continue
        match line:
            case Said(parent=None):
                last = _text(line) or last
            case Request():
                await _write(process, _allowed(line))
            case Result():
                return _answer(line, last)
    raise FailedDependency(
        f"The Claude CLI ended without an answer: {process.stderr_tail.strip()[-2000:] or 'silently'}"
    )


async def _write(process: Process, *lines: bytes) -> None:
    try:
        for line in lines:
            await process.write(line)
    except (BrokenPipeError, ConnectionError):
        pass  # the end of its output tells why


def _text(line: Said) -> str:
    return "\n\n".join(block.text for block in line.blocks if isinstance(block, Prose) and block.kind == "text")


def _allowed(request: Request) -> bytes:
    """Allow what is asked: plan mode and a single turn leave nothing to be feared."""
    if request.subtype == "can_use_tool":
        return answer_line(request.id, {"behavior": "allow", "updatedInput": request.body.get("input") or {}})
    if request.subtype == "hook_callback":
        return answer_line(request.id, {})
    return refusal_line(request.id, f"Unsupported control request subtype: {request.subtype}")


def _answer(result: Result, last: str) -> str:
    if result.is_error or result.subtype != "success":
        reason = result.text or "; ".join(result.errors) or result.subtype
        raise FailedDependency(f"The Claude CLI gave no answer: {reason[:2000]}")
    answer = result.text or last
    if not answer.strip():
        raise FailedDependency("The Claude CLI gave an empty answer")
    return answer
