"""A scripted agent in a holder, as the server sees it (`SurvivingSession`)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
from msgspec.structs import asdict

from a_parallel_contracts.agents import (
    AgentEvent,
    Answer,
    Checkpoint,
    Exited,
    Prompt,
    PromptProgress,
    RequestOpened,
    RequestWithdrawn,
    SessionStarted,
    ToolGate,
    TurnEnded,
)
from a_parallel_contracts.hosts import HeldProcess
from a_parallel_contracts.threads import Model, PermissionMode
from a_parallel_plugins.scripted import wire
from a_parallel_plugins.scripted.store import Conversation


class HeldScripted:
    """Talks to the agent's process.

    Parameters:
        process: in a holder.
        gate: asked before each tool call.
        keep: stores the conversation.
        first: the first line; it is taken once only.
        prompt: of that line.
        memory: the state of a checkpoint from which to go on.
    """

    def __init__(
        self,
        process: HeldProcess,
        gate: ToolGate,
        keep: Callable[[Conversation], Awaitable[None]],
        *,
        first: bytes,
        prompt: str,
        memory: Mapping[str, Any] | None,
    ) -> None:
        self._process = process
        self._gate = gate
        self._keep = keep
        self._closed = False
        self._turn = bool(memory and memory["turn"])
        self._unstarted: dict[str, None] = dict.fromkeys(memory["unstarted"] if memory else (prompt,))
        self._open: set[str] = set(memory["open"] if memory else ())
        self._gates: dict[str, wire.Json] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: deque[tuple[str, bytes]] = deque()
        self._filled = asyncio.Event()
        self._writing = asyncio.create_task(self._write_all())
        if memory is None:
            self._put("first", first)
        else:
            self._restore(memory)
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` once the agent is gone or left."""
        self._ended.add_done_callback(lambda _: callback())

    async def events(self) -> AsyncIterator[AgentEvent]:
        """Iterate over what the agent reports, with a checkpoint after each line."""
        last: AgentEvent | None = None
        async for raw in self._process.lines():
            event = await self._take(orjson.loads(raw))
            if event is not None:
                last = event
                if isinstance(event, Exited):
                    break
                yield event
            yield Checkpoint(self._memory, partial(self._process.release, self._process.position))
        self._end()
        returncode = await self._process.wait()
        exited = last if isinstance(last, Exited) else Exited(returncode, self._process.stderr_tail[-4000:])
        yield Exited(exited.returncode, exited.detail, undelivered=tuple(self._unstarted))

    async def send(self, prompt: Prompt) -> bool:
        """Hand a further message to the agent."""
        if self._closed or self._ended.done():
            return False
        self._unstarted[prompt.id] = None
        self._put(f"p:{prompt.id}", wire.line(send=wire.prompt_as_json(prompt)))
        return True

    async def answer(self, request_id: str, answer: Answer) -> bool:
        """Answer a held request."""
        if request_id not in self._open or self._ended.done():
            return False
        self._open.remove(request_id)
        self._put(f"a:{request_id}", wire.line(answer=request_id, **{"with": asdict(answer)}))
        return True

    async def interrupt(self) -> bool:
        """End the current turn."""
        if self._turn and not self._ended.done():
            self._put(f"i:{uuid4()}", wire.line(interrupt=True))
            return True
        return False

    async def set_model(self, model: Model) -> None:
        """Use another model."""
        self._put(f"m:{uuid4()}", wire.line(model=model.value))

    async def set_permission_mode(self, mode: PermissionMode) -> None:
        """Use another permission mode."""
        self._put(f"m:{uuid4()}", wire.line(mode=mode.value))

    async def close(self) -> None:
        """Take nothing more; the agent ends when nothing is left to do."""
        self._closed = True
        self._put("close", wire.line(close=True))

    async def stop(self, grace: float = 3.0) -> None:
        """End it, and all its children."""
        self._closed = True
        await self._process.terminate(grace)

    async def leave(self) -> None:
        """Let go of it without ending it."""
        self._end()
        await self._process.leave()

    # --- what comes and goes ----------------------------------------------------------------------

    @property
    def _memory(self) -> dict[str, Any]:
        return {
            "position": self._process.position,
            "turn": self._turn,
            "unstarted": list(self._unstarted),
            "open": sorted(self._open),
            "gates": dict(self._gates),
            "lines": [(key, line.decode()) for key, line in self._lines],
        }

    def _restore(self, memory: Mapping[str, Any]) -> None:
        for key, line in memory["lines"]:
            self._put(key, line.encode())
        self._open = {id for id in self._open if not self._process.accepted(f"a:{id}")}
        for number, asked in memory["gates"].items():
            if not self._process.accepted(f"g:{number}"):
                self._ask(number, asked)

    async def _take(self, message: wire.Json) -> AgentEvent | None:
        match message:
            case {"keep": conversation}:
                await self._keep(Conversation(**conversation))
            case {"gate": number}:
                self._ask(number, message)
            case {"event": _}:
                event = wire.event_of(message)
                self._note(event)
                return event
        return None

    def _note(self, event: AgentEvent) -> None:
        match event:
            case PromptProgress(state="started"):
                self._unstarted.pop(event.prompt_id, None)
            case RequestOpened():
                self._open.add(event.request_id)
            case RequestWithdrawn():
                self._open.discard(event.request_id)
            case SessionStarted() | TurnEnded():
                self._turn = isinstance(event, SessionStarted)

    def _ask(self, number: str, asked: wire.Json) -> None:
        self._gates[number] = asked
        task = asyncio.create_task(self._decide(number, asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide(self, number: str, asked: wire.Json) -> None:
        decision = await self._gate(asked["tool"], asked["input"], asked["use"])
        told = asdict(decision) if decision is not None else None
        self._put(f"g:{number}", wire.line(decision=number, **{"with": told}))
        del self._gates[number]

    def _put(self, key: str, line: bytes) -> None:
        self._lines.append((key, line))
        self._filled.set()

    async def _write_all(self) -> None:
        """Write what is queued; each line once, whichever server writes it."""
        while True:
            while self._lines:
                try:
                    await self._process.write_once(*self._lines[0])
                except BrokenPipeError:
                    return  # the end of its output tells about it
                self._lines.popleft()
            self._filled.clear()
            await self._filled.wait()

    def _end(self) -> None:
        self._writing.cancel()
        for task in self._tasks:
            task.cancel()
        if not self._ended.done():
            self._ended.set_result(None)
