"""Starts scripted agents (`AgentProvider`)."""

import asyncio
from functools import partial
from pathlib import Path
from uuid import uuid4

from a_parallel_contracts import Database, FailedDependency
from a_parallel_contracts.agents import AgentSession, ProviderStatus, Run, ToolGate, TurnEnded
from a_parallel_contracts.hosts import Host
from a_parallel_plugins.scripted import scene, script, store
from a_parallel_plugins.scripted.lost import LostSession
from a_parallel_plugins.scripted.perform import Performer
from a_parallel_plugins.scripted.session import ScriptedSession
from a_parallel_plugins.scripted.settings import ScriptedSettings
from a_parallel_plugins.scripted.store import Conversation

VERSION = "1"


class ScriptedProvider:
    """Plays agents from a script.

    Parameters:
        db: keeps conversations.
        host: where commands run.
        settings: pace and limits.
    """

    def __init__(self, db: Database, host: Host, settings: ScriptedSettings) -> None:
        self._db = db
        self._host = host
        self._settings = settings
        self._sessions: set[ScriptedSession] = set()

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
        session = ScriptedSession(run, gate, conversation, self._perform, partial(store.save, self._db))
        self._sessions.add(session)
        session.on_end(lambda: self._sessions.discard(session))
        return session

    async def ask(self, prompt: str, *, directory: str, timeout: float = 60.0) -> str:
        """Return the text of ``!say`` directives, or the first line of the prompt."""
        said = [script.text(step.rest) for step in script.parse(prompt) if step.name == "say"]
        return "\n".join(said) or prompt.strip().partition("\n")[0]

    async def close(self) -> None:
        """End all agents."""
        await asyncio.gather(*(session.stop() for session in list(self._sessions)))

    async def _perform(self, session: ScriptedSession) -> TurnEnded:
        performer = Performer(session, self._host, self._settings)
        steps = script.parse(session.prompt.text)
        return await performer.run(steps) if steps else await scene.play(performer)
