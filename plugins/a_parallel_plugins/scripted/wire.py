"""What a scripted agent in a process of its own and the server say to each other: a JSON object in each line."""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec.structs import asdict

from a_parallel_contracts import agents
from a_parallel_contracts.agents import AgentEvent, Answer, Prompt, RequestKind, Run
from a_parallel_contracts.threads import ImageAttachment, Model, PermissionMode, Thread
from a_parallel_plugins.scripted.settings import ScriptedSettings
from a_parallel_plugins.scripted.store import Conversation

TUPLES = ("tools", "denied", "suggestions", "undelivered")
KINDS = {"kind": RequestKind, "permission_mode": PermissionMode}
KEPT = ("generation", "directory", "model", "permission_mode", "session_id", "allowed_tools", "disallowed_tools")

Json = Mapping[str, Any]


def line(**message: Any) -> bytes:
    """Return a line."""
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)


def event_line(event: AgentEvent) -> bytes:
    """Return the line of what the agent reports."""
    return line(event=type(event).__name__, **{"with": asdict(event)})


def event_of(message: Json) -> AgentEvent:
    """Return what the agent reports."""
    values: dict[str, Any] = {
        name: tuple(value) if name in TUPLES else KINDS[name](value) if name in KINDS else value
        for name, value in message["with"].items()
    }
    event: AgentEvent = getattr(agents, message["event"])(**values)
    return event


def prompt_as_json(prompt: Prompt) -> dict[str, Any]:
    """Return a prompt as JSON."""
    return {"id": prompt.id, "text": prompt.text, "images": [image.model_dump() for image in prompt.images]}


def prompt_of(told: Json) -> Prompt:
    """Return a prompt."""
    return Prompt(told["id"], told["text"], tuple(ImageAttachment.model_validate(image) for image in told["images"]))


def answer_of(told: Json) -> Answer:
    """Return an answer."""
    return Answer(**{**told, "remember": tuple(told["remember"])})


def beginning(run: Run, conversation: Conversation, settings: ScriptedSettings) -> bytes:
    """Return the first line: what the agent is started with."""
    kept = {name: getattr(run, name) for name in (*KEPT, "system_prompt", "max_turns")}
    told = {**kept, "thread": run.thread.model_dump(mode="json"), "prompt": prompt_as_json(run.prompt)}
    return line(run=told, conversation=asdict(conversation), settings=settings.model_dump())


def begun(message: Json) -> tuple[Run, Conversation, ScriptedSettings]:
    """Return what the agent is started with."""
    told = dict(message["run"])
    lists = {name: None if told[name] is None else tuple(told[name]) for name in ("allowed_tools", "disallowed_tools")}
    run = Run(
        **{
            **told,
            **lists,
            "thread": Thread.model_validate(told["thread"]),
            "prompt": prompt_of(told["prompt"]),
            "model": Model(told["model"]),
            "permission_mode": PermissionMode(told["permission_mode"]),
        }
    )
    return run, Conversation(**message["conversation"]), ScriptedSettings.model_validate(message["settings"])
