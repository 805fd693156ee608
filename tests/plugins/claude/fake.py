"""A process in memory that plays a Claude CLI, and a session on it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from uuid import uuid4

import orjson

from a_parallel_contracts.agents import AgentEvent, Decision, Exited, Prompt, Run, ToolGate
from a_parallel_contracts.threads import Model, PermissionMode, Thread
from a_parallel_plugins.claude.session import ClaudeSession
from a_parallel_plugins.claude.settings import ClaudeSettings

log = logging.getLogger("tests.claude")


def thread(id: str = "t1") -> Thread:
    """Return a thread's row."""
    return Thread(
        id=id,
        project_id="p1",
        user_id="__local__",
        title="A thread",
        mode="local",
        status="running",
        stage="in_progress",
        permission_mode="autoEdit",
        model="sonnet",
        created_at="2026-01-01T00:00:00.000Z",
    )


def run_of(prompt: str = "hello", *, directory: str = "/", **changes: Any) -> Run:
    """Return a run with one prompt."""
    values: dict[str, Any] = {
        "thread": thread(),
        "generation": 1,
        "directory": directory,
        "prompt": Prompt(str(uuid4()), prompt),
        "model": Model.SONNET,
        "permission_mode": PermissionMode.AUTO_EDIT,
    }
    return Run(**(values | changes))


async def no_opinion(tool: str, input: Mapping[str, Any], tool_use_id: str | None) -> Decision | None:
    """Leave each tool call to the rules."""
    return None


class FakeProcess:
    """Plays a process: `say` makes it write a line, `told` is what it has read, `exit` ends it."""

    pid = 4711

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.stderr_tail = ""
        self.returncode: int | None = None
        self.stdin_closed = asyncio.Event()
        self.terminated = 0
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._reads = asyncio.Event()
        self._gone = asyncio.Event()

    def say(self, *messages: Mapping[str, Any] | bytes) -> None:
        """Write lines."""
        for message in messages:
            self._lines.put_nowait(message if isinstance(message, bytes) else orjson.dumps(message))

    def exit(self, returncode: int = 0, stderr: str = "") -> None:
        """End."""
        self.stderr_tail += stderr
        self._code = returncode
        self._lines.put_nowait(None)

    async def hears(self, type: str, **fields: Any) -> dict[str, Any]:
        """Return the first line it has read, or reads yet, of that type with these fields (in the request, too)."""
        async with asyncio.timeout(10):
            while True:
                heard = [one for one in self.told if one["type"] == type and fields.items() <= _flat(one).items()]
                if heard:
                    return heard[0]
                self._reads.clear()
                await self._reads.wait()

    def answer_to(self, request_id: str) -> Any:
        """Return the payload with which a request was answered, or None."""
        for message in self.told:
            response = message.get("response", {})
            if response.get("request_id") == request_id:
                return response.get("response", response)
        return None

    # --- Process ----------------------------------------------------------------------------------

    async def lines(self) -> AsyncIterator[bytes]:
        while (line := await self._lines.get()) is not None:
            yield line
        self.returncode = self._code
        self._gone.set()

    async def write(self, data: bytes) -> None:
        if self.stdin_closed.is_set() or self._gone.is_set():
            raise BrokenPipeError
        self.told += [orjson.loads(line) for line in data.splitlines()]
        self._reads.set()

    async def close_stdin(self) -> None:
        self.stdin_closed.set()

    async def wait(self) -> int:
        await self._gone.wait()
        return self._code

    async def terminate(self, grace: float = 3.0) -> int:
        self.terminated += 1
        if self.returncode is None and self.terminated == 1:
            self.exit(-15)
        return await self.wait()

    def chunks(self, stream: str = "stdout") -> AsyncIterator[bytes]:
        raise NotImplementedError


def _flat(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, **message.get("request", {}), **message.get("response", {})}


class Conversation:
    """A session on a `FakeProcess`, and what it has told."""

    def __init__(
        self,
        run: Run | None = None,
        gate: ToolGate = no_opinion,
        settings: ClaudeSettings | None = None,
    ) -> None:
        self.run = run or run_of()
        self.process = FakeProcess()
        self.session = ClaudeSession(self.process, self.run, gate, settings or ClaudeSettings(), log)
        self.events: list[AgentEvent] = []
        self._news = asyncio.Event()
        self._consumer = asyncio.create_task(self._consume())

    async def _consume(self) -> None:
        async for event in self.session.events():
            self.events.append(event)
            self._news.set()

    def of(self, *kinds: type) -> list[Any]:
        """Return the events of these kinds so far."""
        return [event for event in self.events if isinstance(event, kinds)]

    async def until(self, kind: type, count: int = 1) -> Any:
        """Return the `count`-th event of a kind, waiting for it."""
        async with asyncio.timeout(10):
            while len(self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(kind)[count - 1]

    async def until_that(self, holds: Callable[[AgentEvent], bool]) -> AgentEvent:
        """Return the first event for which `holds`, waiting for it."""
        async with asyncio.timeout(10):
            while not (found := [event for event in self.events if holds(event)]):
                self._news.clear()
                await self._news.wait()
        return found[0]

    async def told_all(self) -> None:
        """Return when everything said so far has been told: by an unknown request, which is answered in order."""
        request_id = str(uuid4())
        self.process.say({"type": "control_request", "request_id": request_id, "request": {"subtype": "ping"}})
        await self.process.hears("control_response", request_id=request_id)
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self) -> Exited:
        """End the process and return the last event."""
        self.process.exit()
        exited: Exited = await self.until(Exited)
        await self._consumer
        return exited


# --- lines of a CLI -------------------------------------------------------------------------------


def init(session: str = "s1", **fields: Any) -> dict[str, Any]:
    base = {"type": "system", "subtype": "init", "session_id": session, "tools": ["Bash"], "cwd": "/w", "model": "m"}
    return base | {"permissionMode": "acceptEdits"} | fields


def new_init(session: str = "s1", **fields: Any) -> dict[str, Any]:
    """Return the line of a CLI that tells the fate of messages."""
    return init(session, capabilities=["msg_lifecycle_v1"], **fields)


def said(id: str, *blocks: Mapping[str, Any] | str, parent: str | None = None) -> dict[str, Any]:
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {"type": "assistant", "message": {"id": id, "content": content}, "parent_tool_use_id": parent}


def call(id: str, name: str = "Bash", **input: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": input}


def thought(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "x"}


def output(id: str, content: Any = "ok", *, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": id, "content": content} | fields
    return {"type": "user", "message": {"role": "user", "content": [block]}, "parent_tool_use_id": parent}


def stream(id: str, **event: Any) -> dict[str, Any]:
    return {"type": "stream_event", "event": event, "api_message_id": id, "parent_tool_use_id": None}


def opening(id: str, index: int = 0, type: str = "text") -> dict[str, Any]:
    return stream(id, type="content_block_start", index=index, content_block={"type": type})


def delta(id: str, text: str, index: int = 0, type: str = "text") -> dict[str, Any]:
    return stream(id, type="content_block_delta", index=index, delta={"type": f"{type}_delta", type: text})


def result(**fields: Any) -> dict[str, Any]:
    base = {"type": "result", "subtype": "success", "is_error": False, "result": "Done.", "duration_ms": 12}
    return base | {"total_cost_usd": 0.5, "session_id": "s1"} | fields


def fate(prompt: Prompt, state: str) -> dict[str, Any]:
    return {"type": "command_lifecycle", "command_uuid": prompt.id, "state": state}


def state(name: str) -> dict[str, Any]:
    return {"type": "system", "subtype": "session_state_changed", "state": name}


def tasks(*ids: str) -> dict[str, Any]:
    listed = [{"task_id": id, "task_type": "local_bash"} for id in ids]
    return {"type": "system", "subtype": "background_tasks_changed", "tasks": listed}


def asks(id: str, tool: str, input: Mapping[str, Any], tool_use_id: str = "u1", **fields: Any) -> dict[str, Any]:
    body = {"subtype": "can_use_tool", "tool_name": tool, "input": input, "tool_use_id": tool_use_id} | fields
    return {"type": "control_request", "request_id": id, "request": body}


def hook(id: str, tool: str, input: Mapping[str, Any], tool_use_id: str = "u1") -> dict[str, Any]:
    given = {"hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "tool_use_id": tool_use_id}
    body = {"subtype": "hook_callback", "callback_id": "tool_approval", "input": given, "tool_use_id": tool_use_id}
    return {"type": "control_request", "request_id": id, "request": body}
