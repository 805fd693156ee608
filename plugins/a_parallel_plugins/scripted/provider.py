"""Starts scripted agents (`AgentProvider`)."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from a_parallel_contracts import Database, FailedDependency, NotFound
from a_parallel_contracts.agents import AgentSession, ProviderStatus, Run, ToolGate, TurnEnded
from a_parallel_contracts.hosts import HeldProcess, Holders, Host, Owner
from a_parallel_plugins.scripted import scene, script, store, wire
from a_parallel_plugins.scripted.held import HeldScripted
from a_parallel_plugins.scripted.lost import LostSession
from a_parallel_plugins.scripted.perform import Performer
from a_parallel_plugins.scripted.session import ScriptedSession
from a_parallel_plugins.scripted.settings import ScriptedSettings
from a_parallel_plugins.scripted.store import Conversation

VERSION = "1"
CHILD = (sys.executable, "-m", "a_parallel_plugins.scripted.child")


class ScriptedProvider:
    """Plays agents from a script.

    Parameters:
        db: keeps conversations.
        host: where commands run.
        settings: pace and limits.
        holders: keep agents that are to outlive the server.
    """

    def __init__(
        self,
        db: Database,
        host: Host,
        settings: ScriptedSettings,
        holders: Callable[[], Holders | None] = lambda: None,
    ) -> None:
        self._db = db
        self._holders = holders
        self._host = host
        self._settings = settings
        self._sessions: set[ScriptedSession | HeldScripted] = set()

    async def status(self) -> ProviderStatus:
        """It is always there."""
        return ProviderStatus(True, path=None, version=VERSION)

    async def start(self, run: Run, gate: ToolGate) -> AgentSession:
        """Start an agent."""
        if not await asyncio.to_thread(Path(run.directory).is_dir):
            raise FailedDependency(f"The directory {run.directory} does not exist")
        if run.session_id is None:
            conversation = Conversation(str(uuid4()))
        else:
            known = await store.load(self._db, run.session_id)
            if known is None:
                return LostSession(run)
            conversation = known
        holders = self._holders()
        if run.hold is not None and holders is not None:
            return await self._start_held(holders, run, gate, conversation)
        session = ScriptedSession(run, gate, conversation, self._perform, partial(store.save, self._db))
        self._sessions.add(session)
        session.on_end(lambda: self._sessions.discard(session))
        return session

    async def _start_held(self, holders: Holders, run: Run, gate: ToolGate, conversation: Conversation) -> HeldScripted:
        """Start an agent in a process of its own; what it has to know is in the holder's note for a server to come."""
        assert run.hold is not None
        first = wire.beginning(run, conversation, self._settings)
        owner, note = Owner("agent", run.thread.id), {"conversation": conversation.id}
        process = await holders.spawn(
            CHILD, cwd=run.directory, owner=owner, name=run.hold, note=note, env=run.environment
        )
        return self._held(process, run, gate, first, None)

    async def attach(self, run: Run, gate: ToolGate, state: Mapping[str, Any] | None) -> HeldScripted:
        """Go on with an agent that has outlived an earlier server.

        Raises:
            NotFound: it is gone.
            FailedDependency: its holder does not answer.
        """
        holders = self._holders()
        if run.hold is None or holders is None:
            raise NotFound("There are no holders")
        notes = {held.name: held.note for held in await asyncio.to_thread(holders.list)}
        process = await holders.attach(run.hold, position=state["position"] if state else None)
        conversation = Conversation(notes[run.hold]["conversation"])
        return self._held(process, run, gate, wire.beginning(run, conversation, self._settings), state)

    def _held(
        self, process: HeldProcess, run: Run, gate: ToolGate, first: bytes, memory: Mapping[str, Any] | None
    ) -> HeldScripted:
        keep = partial(store.save, self._db)
        session = HeldScripted(process, gate, keep, first=first, prompt=run.prompt.id, memory=memory)
        self._sessions.add(session)
        session.on_end(lambda: self._sessions.discard(session))
        return session

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Return the text of ``!say`` directives, or the first line of the prompt."""
        said = [script.text(step.rest) for step in script.parse(prompt) if step.name == "say"]
        return "\n".join(said) or prompt.strip().partition("\n")[0]

    async def close(self, *, leaving: bool = False) -> None:
        """End all agents; `leaving` lets those in holders be."""
        for session in list(self._sessions):
            if leaving and isinstance(session, HeldScripted):
                await session.leave()
        await asyncio.gather(*(session.stop() for session in list(self._sessions)))

    async def _perform(self, session: ScriptedSession) -> TurnEnded:
        return await perform(Performer(session, self._host, self._settings))


async def perform(performer: Performer) -> TurnEnded:
    """Play the directives of a prompt, or a short scene."""
    steps = script.parse(performer.session.prompt.text)
    return await performer.run(steps) if steps else await scene.play(performer)
