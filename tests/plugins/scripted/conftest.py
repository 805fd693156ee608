"""A scripted agent in a directory, without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from a_parallel_contracts.agents import AgentEvent, Answer, Decision, Exited, Prompt, RequestOpened, Run, TurnEnded
from a_parallel_contracts.hosts import Host
from a_parallel_contracts.testing import thread
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.scripted import scene, script
from a_parallel_plugins.scripted.perform import Performer
from a_parallel_plugins.scripted.session import ScriptedSession
from a_parallel_plugins.scripted.settings import ScriptedSettings
from a_parallel_plugins.scripted.store import Conversation

Decide = Callable[[str, Mapping[str, Any]], Decision | None]


class NoHost:
    """A machine on which nothing can be started."""

    async def spawn(self, *args: Any, **options: Any) -> Any:
        raise AssertionError("these scripts run no commands")


@dataclass
class Played:
    """An agent and what it has reported."""

    session: ScriptedSession
    events: list[AgentEvent] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    gated: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def until(self, kind: type[AgentEvent]) -> Any:
        """Read until an event of that kind comes; open requests are answered by `answers`, by tool."""
        async with asyncio.timeout(20):
            async for event in self.session.events():
                self.events.append(event)
                if isinstance(event, RequestOpened) and event.tool in self.answers:
                    await self.session.answer(event.request_id, self.answers[event.tool])
                elif isinstance(event, kind):
                    return event
        raise AssertionError(f"it ended without {kind.__name__}")

    async def finished(self) -> "Played":
        """Let it end."""
        await self.session.close()
        await self.until(Exited)
        return self

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


Play = Callable[..., Awaitable[Played]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Start an agent with a prompt."""
    kept: list[Conversation] = []

    async def start(prompt: str, decide: Decide | None = None, pace: float = 0, **options: Any) -> Played:
        mode = options.pop("mode", PermissionMode.AUTO_EDIT)
        answers = options.pop("answers", {})
        run = Run(thread(), 1, str(tmp_path), Prompt("p1", prompt), Model.SONNET, mode, **options)
        gated: list[tuple[str, Mapping[str, Any]]] = []

        async def gate(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
            gated.append((tool, input))
            return decide(tool, input) if decide is not None else None

        async def perform(session: ScriptedSession) -> TurnEnded:
            performer = Performer(session, cast(Host, NoHost()), ScriptedSettings(pace=pace))
            steps = script.parse(session.prompt.text)
            return await performer.run(steps) if steps else await scene.play(performer)

        async def keep(conversation: Conversation) -> None:
            kept.append(conversation)

        session = ScriptedSession(run, gate, Conversation("s1"), perform, keep)
        return Played(session, answers=answers, gated=gated)

    return start
