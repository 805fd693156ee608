"""Limit of streaming: 50 scripted runs, one ``sqlite3`` writer in groups, prebuilt frames to every socket.

``python -m bench.limits.stream RUNS STEPS SIZE DATABASE`` prints ``ready PORT``; a line on standard input starts it.
"""

import asyncio
import base64
import hashlib
import json
import queue
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SCHEMA = """
CREATE TABLE messages (id TEXT PRIMARY KEY, thread_id TEXT, role TEXT, content TEXT, timestamp TEXT);
CREATE INDEX messages_by_thread ON messages (thread_id, timestamp);
CREATE TABLE tool_calls (id TEXT PRIMARY KEY, message_id TEXT, name TEXT, input TEXT, output TEXT);
CREATE INDEX tool_calls_by_message ON tool_calls (message_id);
"""
Statement = tuple[str, tuple[str, ...]]


def frame(text: bytes) -> bytes:
    """Return a text frame (RFC 6455 §5.2)."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return (
        b"\x81\x7e" + size.to_bytes(2, "big") + text if size < 65536 else b"\x81\x7f" + size.to_bytes(8, "big") + text
    )


def event(name: str, thread: str, data: dict[str, object]) -> bytes:
    """Return the frame of an event."""
    return frame(json.dumps({"type": name, "threadId": thread, "data": data}).encode())


class Writer(threading.Thread):
    """Commits whatever waits as one group and then hands the frames back to the loop."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop, send: Callable[[list[bytes]], None]) -> None:
        super().__init__(daemon=True)
        self.work: queue.SimpleQueue[tuple[Statement, bytes, asyncio.Future[None]]] = queue.SimpleQueue()
        self._path = path
        self._loop = loop
        self._send = send

    def store(self, sql: str, params: tuple[str, ...], told: bytes) -> "asyncio.Future[None]":
        """Store a row; the future ends when it is committed and its frame is sent."""
        future: asyncio.Future[None] = self._loop.create_future()
        self.work.put(((sql, params), told, future))
        return future

    def run(self) -> None:
        """Work for ever."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(SCHEMA)
        while True:
            group = [self.work.get()]
            while not self.work.empty():
                group.append(self.work.get())
            connection.execute("BEGIN")
            for (sql, params), _, _ in group:
                connection.execute(sql, params)
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._committed, group)

    def _committed(self, group: "list[tuple[Statement, bytes, asyncio.Future[None]]]") -> None:
        self._send([frame for _, frame, _ in group])
        for _, _, future in group:
            future.set_result(None)


async def run(number: int, steps: int, size: int, writer: Writer) -> None:
    """Play one run: a message, a tool call and its output, again and again."""
    thread, text, store = f"thread-{number}", "x" * size, writer.store
    for step in range(steps):
        message, call = f"m{number}-{step}", f"c{number}-{step}"
        data: dict[str, object] = {"messageId": message, "role": "assistant", "content": text}
        row = (message, thread, "assistant", text, "2026-01-01T00:00:00.000Z")
        await store("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", row, event("agent:message", thread, data))
        data = {"toolCallId": call, "messageId": message, "name": "Bash", "input": {"command": "true"}}
        row = (call, message, "Bash", '{"command":"true"}', "")
        await store("INSERT INTO tool_calls VALUES (?, ?, ?, ?, ?)", row, event("agent:tool_call", thread, data))
        data = {"toolCallId": call, "output": "done"}
        encoded = event("agent:tool_output", thread, data)
        await store("UPDATE tool_calls SET output = ? WHERE id = ?", ("done", call), encoded)
    await store("SELECT ?", ("",), event("agent:result", thread, {"status": "completed"}))


async def serve(path: str, work: Callable[[Writer], Awaitable[None]]) -> None:
    """Serve sockets, wait for a line on standard input, do the work, and wait for another."""
    clients: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        await welcome(reader, client)
        clients.append(client)

    def send(frames: list[bytes]) -> None:
        joined = b"".join(frames)
        for client in clients:
            client.write(joined)

    loop = asyncio.get_running_loop()
    writer = Writer(path, loop, send)
    writer.start()
    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=2048)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    await work(writer)
    for client in clients:
        await client.drain()
    await loop.run_in_executor(None, sys.stdin.readline)


async def welcome(reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    """Answer the upgrade of a socket (RFC 6455 §4.2.2)."""
    head = await reader.readuntil(b"\r\n\r\n")
    key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())  # noqa: S324 - RFC 6455 §1.3
    client.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


async def main(runs: int, steps: int, size: int, path: str) -> None:
    """Serve, wait for the word, run."""

    async def work(writer: Writer) -> None:
        await asyncio.gather(*(run(number, steps, size, writer) for number in range(runs)))

    await serve(path, work)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
