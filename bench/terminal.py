"""Terminals: a flood to a WebSocket, and the echo of a key beside one."""

import asyncio
import statistics
import subprocess
import sys
import time
import uuid
from typing import Any

import aiohttp

from bench.flood import COMMAND, END, MEGABYTES
from bench.report import Figure, Pair, duration, in_turns, rate
from bench.server import BenchServer

KEYS = 200


def figures() -> list[Figure]:
    """Measure both against a blocking loop, and against echo alone."""
    with BenchServer() as server:
        server.project()
        pairs = in_turns(3, lambda: asyncio.run(flood(server)), limit)
        alone, beside = asyncio.run(echoes(server))
    name = f"{MEGABYTES} MB through a terminal to a WebSocket"
    return [
        rate(name, pairs, 0.60),
        duration("echo of a key while another terminal floods, against echo alone", [Pair(beside, alone)], 0.10),
    ]


def limit() -> float:
    """Return the blocking loop's megabytes a second."""
    words = [sys.executable, "-m", "bench.limits.terminal"]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


class Terminal:
    """One terminal on its own socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, directory: str) -> None:
        self.socket = socket
        self.id = str(uuid.uuid4())
        self._directory = directory

    async def send(self, name: str, **data: Any) -> None:
        """Send a message about it."""
        await self.socket.send_json({"type": name, "data": {"id": self.id, **data}})

    async def open(self) -> None:
        """Open it and wait for its prompt."""
        await self.send("pty:spawn", cwd=self._directory, rows=24, cols=80)
        await self.until("")

    async def until(self, text: str) -> int:
        """Read frames of this terminal until one holds `text`, and return the size of all."""
        size = 0
        while True:
            frame = await self.socket.receive_str()
            if self.id in frame:
                size += len(frame)
                if text in frame:
                    return size


async def flood(server: BenchServer) -> float:
    """Return megabytes a second from the program to the socket."""
    async with aiohttp.ClientSession() as session, _socket(session, server) as socket:
        terminal = Terminal(socket, str(server.home))
        await terminal.open()
        began = time.perf_counter()
        await terminal.send("pty:write", data=f"{COMMAND}\r")
        size = await terminal.until(END)
        seconds = time.perf_counter() - began
        await terminal.send("pty:kill")
    assert size > MEGABYTES * 1e6
    return size / seconds / 1e6


async def echoes(server: BenchServer) -> tuple[float, float]:
    """Return the median seconds of an echo, alone and beside a flood read on another socket."""
    async with aiohttp.ClientSession() as session, _socket(session, server) as socket:
        terminal = Terminal(socket, str(server.home))
        await terminal.open()
        alone = await _echo(terminal)
        async with _socket(session, server) as other:
            noisy = Terminal(other, str(server.home))
            await noisy.open()
            await noisy.send("pty:write", data="yes\r")
            reading = asyncio.create_task(noisy.until(END))
            beside = await _echo(terminal)
            reading.cancel()
            await noisy.send("pty:kill")
        await terminal.send("pty:kill")
    return alone, beside


async def _echo(terminal: Terminal) -> float:
    seconds = []
    for number in range(KEYS):
        key = chr(ord("a") + number % 26)
        began = time.perf_counter()
        await terminal.send("pty:write", data=key)
        await terminal.until(key)
        seconds.append(time.perf_counter() - began)
    await terminal.send("pty:write", data="\x15")
    return statistics.median(seconds)


def _socket(session: aiohttp.ClientSession, server: BenchServer) -> Any:
    return session.ws_connect(f"{server.url}/ws?token={server.token}", max_msg_size=0)
