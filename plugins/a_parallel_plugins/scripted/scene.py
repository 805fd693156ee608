"""What the scripted agent does when the prompt holds no directives: a short scene for people to look at."""

import asyncio

from a_parallel_contracts.agents import TurnEnded
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.scripted import files
from a_parallel_plugins.scripted.perform import Performer
from a_parallel_plugins.scripted.script import Step

NOTES = "AGENT_NOTES.md"
PROMPT_LENGTH = 200


async def play(performer: Performer) -> TurnEnded:
    """Play the scene and return how the turn ended."""
    task = _first_line(performer.session.prompt.text)
    if performer.session.rules.mode == PermissionMode.PLAN and not await _planned(performer, task):
        return await performer.run([])
    await performer.think(f"I was asked: {task} First I will see what is here.")
    names = await _look(performer)
    await performer.stream(
        f"I am a scripted agent, so I cannot really do that, but I can show how an agent works here."
        f" This directory holds {len(names)} entries, among them {', '.join(names[:3]) or 'nothing yet'}."
        f" I will leave a note in {NOTES}."
    )
    await performer.pause(10)
    written = await performer.write(NOTES, _notes(task, names))
    await performer.pause(10)
    status = [Step("bash", "git status --short")] if written else []
    done = f"The note is written; look at {NOTES}." if written else "I was not allowed to write, so nothing changed."
    return await performer.run([*status, Step("stream", f"{done} Send another message to go on.")])


async def _planned(performer: Performer, task: str) -> bool:
    return await performer.plan(
        f"# Plan\n\n1. See what is here\n2. Note the task in {NOTES}: {task}\n3. Run git status"
    )


async def _look(performer: Performer) -> list[str]:
    directory = performer.session.run.directory
    names = await asyncio.to_thread(files.names, directory)

    async def listing() -> str:
        return "\n".join(names)

    await performer.tools.call("Glob", {"pattern": "*", "path": directory}, listing, message_id="msg_look")
    await performer.pause(10)
    return names


def _notes(task: str, names: list[str]) -> str:
    entries = "\n".join(f"- {name}" for name in names)
    return f"# Notes of an agent\n\nTask: {task}\n\nFound here:\n\n{entries}\n"


def _first_line(prompt: str) -> str:
    """Return the user's own first line, below files or notes that were put before it."""
    lines = [line.strip() for line in prompt.splitlines() if line.strip()]
    return (lines[-1] if lines else "(images only)")[:PROMPT_LENGTH]
