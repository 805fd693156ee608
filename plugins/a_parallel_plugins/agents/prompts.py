"""What an agent is told before the user's own words."""

from collections.abc import Iterable, Sequence

from a_parallel_contracts.threads import Message, Role, ThreadStatus

NOTED_AFTER = (ThreadStatus.INTERRUPTED, ThreadStatus.STOPPED, ThreadStatus.FAILED)
"""States after which a resumed agent is told that it was cut short."""

RESUME_NOTE = (
    "[SYSTEM NOTE: the previous session was interrupted before it was finished. Go on from the last step that was"
    " completed; do not plan anew and do not repeat what is done.]"
)
CONVERSATION_LIMIT = 60_000
"""Characters of the earlier conversation that a fresh session is given; the newest are kept."""
OUTPUT_LIMIT = 500
"""Characters of a tool's input and output in it."""
IMAGE_TITLE = "Image"


def allowed(tool: str) -> str:
    """Return the message that tells the agent of a person's leave to use `tool`."""
    return f"The user has approved the use of the tool {tool}. You may use it now; please continue."


def denied(tool: str) -> str:
    """Return the message that tells the agent that it may not use `tool`."""
    return f"The user has denied permission to use the tool {tool}. Please continue without it."


def resumed(text: str) -> str:
    """Return `text` for an agent whose run had been cut short."""
    return f"{RESUME_NOTE}\n\n{text}"


def with_conversation(messages: Sequence[Message], text: str) -> str:
    """Return `text` for a fresh session of a thread that has a history."""
    told = _conversation(messages)
    if not told:
        return text
    return (
        "<conversation-so-far>\nThis conversation began in another session, which is not available any more."
        f" What was said and done in it:\n\n{told}\n</conversation-so-far>\n\n{text}"
    )


def _conversation(messages: Sequence[Message]) -> str:
    """Return the end of a conversation as text, cut at the beginning of a message."""
    kept: list[str] = []
    left = CONVERSATION_LIMIT
    for message in reversed(messages):
        told = _told(message)
        if len(told) > left:
            if not kept:
                kept.append(told[:left])
            break
        kept.append(told)
        left -= len(told)
    return "\n\n".join(part for part in reversed(kept) if part)


def _told(message: Message) -> str:
    speaker = "User" if message.role == Role.USER else "Assistant"
    lines = [f"{speaker}: {message.content}"] if message.content else []
    lines += [
        f"[{call.name}: {_cut(call.input or '')}]" + (f"\n{_cut(call.output)}" if call.output else "")
        for call in message.tool_calls
    ]
    lines += [f"[{len(message.images)} image(s)]"] if message.images else []
    return "\n".join(lines)


def _cut(text: str) -> str:
    return text if len(text) <= OUTPUT_LIMIT else text[:OUTPUT_LIMIT] + "…"


def title_of(texts: Iterable[str]) -> str:
    """Return the first text that says something, or what a message of images alone is called."""
    return next((text for text in texts if text.strip()), IMAGE_TITLE)
