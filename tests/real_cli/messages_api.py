"""A stand-in of the Messages API on loopback for the real Claude CLI (``claude-cli.md`` §19).

How to use it::

    async with MessagesApi() as api:
        api.on("fix the bug", Reply.of(tool("Write", file_path="a.txt", content="x")), Reply.of("Fixed."))
        # start a CLI with ``isolated_environment(home, api.url)`` and send it "fix the bug"

A *script* belongs to a text: it answers the requests of every conversation whose user messages contain that
text, one reply for each request, in order. Where several texts occur the latest in the conversation wins, so a
follow-up has a script of its own. A conversation without a script is answered with ``Done.``.

`Reply` builds an answer from blocks: plain text, `tool`, `thinking`. It can be paced, held in the middle until
the test lets it go (`Reply.held`), cut off, or be an error. Requests of sub-agents (header
``x-claude-code-agent-id``) use scripts made with ``agent=True``. Probes, titles and token counts are answered
by themselves. Everything that was asked is in `MessagesApi.requests`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import uuid4

import orjson
from aiohttp import web

Block = dict[str, Any]


def tool(name: str, /, **input: Any) -> Block:
    """Return a tool call as a block of a reply."""
    return {"type": "tool_use", "id": f"toolu_{uuid4().hex[:24]}", "name": name, "input": input}


def thinking(text: str) -> Block:
    """Return thinking as a block of a reply."""
    return {"type": "thinking", "thinking": text, "signature": ""}


def text(content: str) -> Block:
    """Return text as a block of a reply."""
    return {"type": "text", "text": content}


@dataclass(frozen=True)
class Reply:
    """One answer of the model.

    Attributes:
        blocks: its content.
        status: HTTP status; other than 200 it is an error of type `error` with `message`.
        piece: characters in each streamed delta.
        pause: seconds between two deltas.
        hold: what the reply waits for after the first delta of its last block.
        cut: the connection is dropped after so many deltas.
        message_id: id of the message.
    """

    blocks: tuple[Block, ...] = ()
    status: int = 200
    error: str = "api_error"
    message: str = "boom"
    piece: int = 24
    pause: float = 0.0
    hold: "Hold | None" = None
    cut: int | None = None
    message_id: str = field(default_factory=lambda: f"msg_{uuid4().hex[:24]}")

    @classmethod
    def of(cls, *blocks: Block | str) -> Self:
        """Return an answer with these blocks; a plain string is a text block."""
        return cls(tuple(text(block) if isinstance(block, str) else block for block in blocks))

    @classmethod
    def failing(cls, status: int, error: str = "api_error", message: str = "boom") -> Self:
        """Return an error answer."""
        return cls(status=status, error=error, message=message)

    def held(self, hold: "Hold") -> "Reply":
        """Return the same answer, stopping in the middle until `hold` is let go."""
        return replace(self, hold=hold)

    def slow(self, pause: float, piece: int = 4) -> "Reply":
        """Return the same answer, `piece` characters at a time with `pause` seconds between."""
        return replace(self, pause=pause, piece=piece)

    def cut_after(self, deltas: int) -> "Reply":
        """Return the same answer, with the connection dropped after so many deltas."""
        return replace(self, cut=deltas)

    @property
    def stop_reason(self) -> str:
        """Why the model stopped."""
        return "tool_use" if any(block["type"] == "tool_use" for block in self.blocks) else "end_turn"


class Hold:
    """A place in a reply where it waits: `reached` tells that it is there, `let_go` lets it go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self._free = asyncio.Event()

    def let_go(self) -> None:
        """Let the reply go on."""
        self._free.set()

    async def wait(self) -> None:
        """Stop here until `let_go`."""
        self.reached.set()
        await self._free.wait()


@dataclass
class Asked:
    """A request that came in.

    Attributes:
        body: its JSON.
        headers: names in lower case.
    """

    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def session(self) -> str | None:
        """Id of the CLI's session."""
        return self.headers.get("x-claude-code-session-id")

    @property
    def agent(self) -> str | None:
        """Id of the sub-agent, if one asks."""
        return self.headers.get("x-claude-code-agent-id")

    @property
    def is_conversation(self) -> bool:
        """Whether it belongs to a conversation: no probe, no title."""
        return bool(self.body.get("tools")) and self.body.get("max_tokens") != 1

    def user_texts(self) -> list[str]:
        """Return the text blocks of all user messages, oldest first."""
        return [
            block["text"]
            for message in self.body.get("messages", [])
            if message.get("role") == "user"
            for block in _blocks(message.get("content"))
            if block.get("type") == "text"
        ]

    def tool_results(self) -> list[Block]:
        """Return the tool results of all user messages, oldest first."""
        return [
            block
            for message in self.body.get("messages", [])
            for block in _blocks(message.get("content"))
            if block.get("type") == "tool_result"
        ]


def _blocks(content: Any) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or [])


@dataclass
class Script:
    """Replies to the conversations that contain `key`."""

    key: str
    replies: deque[Reply]
    agent: bool = False

    def position(self, texts: list[str]) -> int:
        """Return where `key` occurs last, or -1."""
        return max((n for n, said in enumerate(texts) if self.key in said), default=-1)


class MessagesApi:
    """The server; an asynchronous context manager.

    Attributes:
        url: value for ``ANTHROPIC_BASE_URL``.
        requests: everything that was asked of ``/v1/messages``.
    """

    def __init__(self, default: Reply | None = None) -> None:
        self.url = ""
        self.requests: list[Asked] = []
        self._default = default or Reply.of("Done.")
        self._scripts: list[Script] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", self._count)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def on(self, key: str, *replies: Reply | str, agent: bool = False) -> None:
        """Answer the conversations that contain `key` with `replies`, in order; adds to what is scripted already."""
        made = [Reply.of(reply) if isinstance(reply, str) else reply for reply in replies]
        for script in self._scripts:
            if script.key == key and script.agent == agent:
                script.replies.extend(made)
                return
        self._scripts.append(Script(key, deque(made), agent))

    def conversation(self, key: str = "") -> list[Asked]:
        """Return the requests of conversations in which a user said `key`."""
        return [a for a in self.requests if a.is_conversation and any(key in said for said in a.user_texts())]

    def _choose(self, asked: Asked) -> Reply:
        texts = asked.user_texts()
        fitting = [s for s in self._scripts if s.agent == bool(asked.agent) and s.position(texts) >= 0]
        script = max(fitting, key=lambda s: s.position(texts), default=None)
        return script.replies.popleft() if script and script.replies else self._default

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(orjson.loads(await request.read()), headers)
        self.requests.append(asked)
        if not asked.is_conversation:
            return _whole(asked, _title(asked))
        reply = self._choose(asked)
        if reply.status != 200:
            return _error(reply)
        return await _stream(request, asked, reply) if asked.body.get("stream") else _whole(asked, reply)

    async def _count(self, request: web.Request) -> web.Response:
        return web.json_response({"input_tokens": 10})


def _title(asked: Asked) -> Reply:
    return Reply.of('{"title": "A title"}' if "output_config" in asked.body else "ok")


def _error(reply: Reply) -> web.Response:
    body = {"type": "error", "error": {"type": reply.error, "message": reply.message}}
    return web.json_response(body, status=reply.status)


def _message(asked: Asked, reply: Reply) -> dict[str, Any]:
    return {
        "id": reply.message_id,
        "type": "message",
        "role": "assistant",
        "model": asked.body.get("model", "m"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 1},
    }


def _whole(asked: Asked, reply: Reply) -> web.Response:
    """Answer without streaming, as for probes, titles and the CLI's fallback."""
    body = _message(asked, reply) | {"content": list(reply.blocks), "stop_reason": reply.stop_reason}
    return web.json_response(body)


async def _stream(request: web.Request, asked: Asked, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    sent = 0
    try:
        async for event in _events(asked, reply):
            await response.write(b"event: %s\ndata: %s\n\n" % (event["type"].encode(), orjson.dumps(event)))
            sent += event["type"] == "content_block_delta"
            if reply.cut is not None and sent >= reply.cut:
                _drop(request)
                return response
    except ConnectionError:  # the CLI was interrupted or ended
        return response
    await response.write_eof()
    return response


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _events(asked: Asked, reply: Reply) -> AsyncIterator[dict[str, Any]]:
    yield {"type": "message_start", "message": _message(asked, reply)}
    for index, block in enumerate(reply.blocks):
        yield {"type": "content_block_start", "index": index, "content_block": _opening(block)}
        for number, delta in enumerate(_deltas(block, reply.piece)):
            if number == 1 and reply.hold and index == len(reply.blocks) - 1:
                await reply.hold.wait()
            if number and reply.pause:
                await asyncio.sleep(reply.pause)
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": reply.stop_reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


def _opening(block: Block) -> Block:
    empty: dict[str, Block] = {
        "text": {"type": "text", "text": ""},
        "thinking": {"type": "thinking", "thinking": "", "signature": ""},
    }
    return empty.get(block["type"], {**block, "input": {}})


def _deltas(block: Block, piece: int) -> Iterable[dict[str, Any]]:
    match block["type"]:
        case "text":
            return [{"type": "text_delta", "text": part} for part in _cut(block["text"], piece)]
        case "thinking":
            said = [{"type": "thinking_delta", "thinking": part} for part in _cut(block["thinking"], piece)]
            return [*said, {"type": "signature_delta", "signature": "c2lnbmVk"}]
        case _:
            source = orjson.dumps(block["input"]).decode()
            return [{"type": "input_json_delta", "partial_json": part} for part in _cut(source, 4096)]


def _cut(source: str, piece: int) -> list[str]:
    return [source[start : start + piece] for start in range(0, len(source), piece)]
