"""A scripted agent in a process of its own, which can outlive a server.

It is run as ``python -m a_parallel_plugins.scripted.child``, reads and writes the lines of `wire`, and its tools'
commands are its own children.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

import orjson

from a_parallel_contracts.agents import Decision
from a_parallel_contracts.hosts import Host
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.scripted import wire
from a_parallel_plugins.scripted.perform import Performer
from a_parallel_plugins.scripted.provider import perform
from a_parallel_plugins.scripted.session import ScriptedSession
from a_parallel_plugins.scripted.store import Conversation

LINE_LIMIT = 64 * 1024 * 1024
CHUNK = 64 * 1024


class Command:
    """A command of a tool: as much of `a_parallel_contracts.hosts.Process` as tools use."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def close_stdin(self) -> None:
        """It has none."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over its output."""
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(CHUNK):
            yield data

    async def wait(self) -> int:
        """Return its exit status."""
        return await self._process.wait()

    async def terminate(self, grace: float = 3.0) -> int:
        """End it and its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return await self._process.wait()


class Commands:
    """Starts commands of tools: as much of `a_parallel_contracts.hosts.Host` as tools use."""

    async def spawn(self, argv: Sequence[str], *, cwd: str, **_: Any) -> Command:
        """Start a command with this process's own environment, which is the run's."""
        nothing, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=cwd, stdin=nothing, stdout=pipe, stderr=nothing, start_new_session=True
        )
        return Command(process)


class Agent:
    """The agent, between its session and the two pipes."""

    def __init__(self, first: wire.Json) -> None:
        run, conversation, settings = wire.begun(first)
        host = cast(Host, Commands())
        self._numbers = itertools.count(1)
        self._asked: dict[str, asyncio.Future[Decision | None]] = {}
        self.session = ScriptedSession(
            run, self._gate, conversation, lambda session: perform(Performer(session, host, settings)), self._keep
        )

    async def report(self) -> None:
        """Write what the session reports, to its end."""
        async for event in self.session.events():
            _write(wire.event_line(event))

    async def obey(self, message: wire.Json) -> None:  # noqa: C901 - one case for each message
        """Do what the server wants."""
        session = self.session
        match message:
            case {"send": prompt}:
                await session.send(wire.prompt_of(prompt))
            case {"answer": request_id, "with": answer}:
                await session.answer(request_id, wire.answer_of(answer))
            case {"decision": number, "with": decision}:
                asked = self._asked.pop(number, None)
                if asked is not None and not asked.done():
                    asked.set_result(Decision(**decision) if decision else None)
            case {"interrupt": _}:
                await session.interrupt()
            case {"model": model}:
                await session.set_model(Model(model))
            case {"mode": mode}:
                await session.set_permission_mode(PermissionMode(mode))
            case {"close": _}:
                await session.close()

    async def _gate(self, tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
        number = str(next(self._numbers))
        asked: asyncio.Future[Decision | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = asked
        _write(wire.line(gate=number, tool=tool, input=dict(input), use=tool_use_id))
        return await asked

    async def _keep(self, conversation: Conversation) -> None:
        _write(wire.line(keep={"id": conversation.id, "turns": conversation.turns, "cost": conversation.cost}))


def _write(data: bytes) -> None:
    """Write a line; a server that is slow makes the whole agent wait."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


async def main() -> None:
    """Play until the session ends."""
    reader = asyncio.StreamReader(LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    agent = Agent(orjson.loads(await reader.readline()))

    async def listen() -> None:
        async for raw in reader:
            await agent.obey(orjson.loads(raw))

    listening = asyncio.create_task(listen())
    await agent.report()
    listening.cancel()


if __name__ == "__main__":
    asyncio.run(main())
