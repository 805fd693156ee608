"""A running kernel with the terminals plugin and real shells."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel, WebSocket
from tests.plugins.git.conftest import home

__all__ = ["home"]


@dataclass
class Page:
    """A page with terminals: what each shows, and how it has ended."""

    socket: WebSocket
    shown: dict[str, str] = field(default_factory=dict)
    exits: dict[str, list[int]] = field(default_factory=dict)
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: int = 0

    async def say(self, name: str, **data: Any) -> None:
        await self.socket.send(f"pty:{name}", data)

    async def spawn(self, id: str, cwd: Path | str, **size: Any) -> None:
        await self.say("spawn", id=id, cwd=str(cwd), **size)

    async def type(self, id: str, keys: str) -> None:
        await self.say("write", id=id, data=keys)

    async def take(self) -> None:
        """Take the next frame."""
        frame = await self.socket.receive()
        data = frame["data"]
        assert frame["threadId"] == ""
        if frame["type"] == "pty:data":
            assert data["ptyId"] not in self.exits, "output after the exit"
            self.shown[data["ptyId"]] = self.shown.get(data["ptyId"], "") + data["data"]
        elif frame["type"] == "pty:exit":
            self.exits.setdefault(data["ptyId"], []).append(data["exitCode"])
        else:
            self.answers.append((frame["type"], data))

    async def until(self, id: str, needle: str) -> str:
        """Return what the terminal has shown once it holds `needle`."""
        while needle not in self.shown.get(id, ""):
            await self.take()
        return self.shown[id]

    async def flood(self, id: str, end: str) -> list[str]:
        """Return the pieces of a large output, up to the one that holds `end`; they are not kept."""
        pieces: list[str] = []
        while not pieces or end not in pieces[-1]:
            pieces.append((await self.socket.receive("pty:data", ptyId=id))["data"]["data"])
            self.socket.frames.clear()
        return pieces

    async def exit(self, id: str) -> int:
        """Return how the terminal has ended."""
        while id not in self.exits:
            await self.take()
        assert len(self.exits[id]) == 1
        return self.exits[id][0]

    async def answer(self, name: str) -> dict[str, Any]:
        """Return the next answer called `name`."""
        while not (found := [data for other, data in self.answers if other == name]):
            await self.take()
        self.answers.clear()
        return found[-1]

    async def list(self) -> list[dict[str, Any]]:
        """Return the terminals that the server tells of; what was sent before has been taken by then."""
        await self.say("list")
        return list((await self.answer("pty:list"))["terminals"])

    async def ask(self, id: str, command: str) -> str:
        """Run a command and return what it writes; the line as it is typed does not hold the mark."""
        self.asked += 1
        await self.type(id, f"printf '<%s:%s>' {self.asked} \"$({command})\"\r")
        while not (found := re.search(rf"<{self.asked}:(.*?)>", self.shown.get(id, ""), re.DOTALL)):
            await self.take()
        return found[1]


@dataclass
class House:
    """A server with terminals."""

    running: RunningKernel

    @asynccontextmanager
    async def page(self, user: str | None = None, role: str = "user") -> AsyncIterator[Page]:
        """Connect a page; of the local user unless told otherwise."""
        client = self.running.client.acting_as(user, role) if user else self.running.client
        async with client.websocket() as socket:
            yield Page(socket)


Opening = Callable[..., Awaitable[House]]


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A shell without anybody's settings and with a short prompt."""
    path = tmp_path / "shell"
    path.write_text("#!/bin/sh\nPS1='$ ' exec sh -i\n")
    path.chmod(0o700)
    return path


@pytest.fixture
def open_house(kernel: KernelFactory, shell: Path) -> Opening:
    """Start a kernel with settings of the plugin."""

    async def start(*, installed: tuple[str, ...] = (), **settings: Any) -> House:
        own = {f"plugins.pty.{name}": value for name, value in {"shell": str(shell), **settings}.items()}
        running = await kernel(installed=("hosts", "pty", *installed), settings=own)
        running.expect_running("pty")
        return House(running)

    return start


@pytest.fixture
async def house(open_house: Opening) -> House:
    """A server with the settings as they are by default."""
    return await open_house()


@pytest.fixture
async def page(house: House) -> AsyncIterator[Page]:
    """A page of the local user."""
    async with house.page() as page:
        yield page
