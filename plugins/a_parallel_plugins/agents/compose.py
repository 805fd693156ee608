"""Makes the stored message and the agent's prompt out of a request."""

import asyncio
from uuid import uuid4

from a_parallel_contracts import BadRequest, new_id, now
from a_parallel_contracts.agents import Prompt, StartRequest
from a_parallel_contracts.threads import Message, Role, Thread, ThreadChanges
from a_parallel_plugins.agents.references import with_references


def check(request: StartRequest) -> None:
    """Refuse a message that says nothing; an agent would wait for ever (``agent-lifecycle.md`` §13).

    Raises:
        BadRequest: neither text nor an image.
    """
    if not (request.text.strip() or request.images or (request.agent_text or "").strip()):
        raise BadRequest("The message is blank; write something or attach an image")


def overrides(thread: Thread, request: StartRequest) -> ThreadChanges:
    """Return what the request changes in the thread's row."""
    changes = ThreadChanges()
    if request.model is not None and request.model != thread.model:
        changes["model"] = request.model.value
    if request.permission_mode is not None and request.permission_mode != thread.permission_mode:
        changes["permission_mode"] = request.permission_mode.value
    return changes


async def compose(thread: Thread, request: StartRequest, directory: str) -> tuple[Message, Prompt]:
    """Return the message to store, with the user's own words, and the prompt, with the files they refer to."""
    message = Message(
        id=new_id(),
        thread_id=thread.id,
        role=Role.USER.value,
        content=request.text,
        images=list(request.images) or None,
        model=request.model or thread.model,
        permission_mode=request.permission_mode or thread.permission_mode,
        timestamp=now(),
    )
    text = request.text if request.agent_text is None else request.agent_text
    if request.file_references:
        text = await asyncio.to_thread(with_references, text, request.file_references, directory)
    return message, Prompt(str(uuid4()), text, request.images)
