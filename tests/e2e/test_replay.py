"""A page that is cut off, and a server that is killed: what the page missed comes when it is back."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server

CONFIG = '[plugins.agents]\nprovider = "scripted"\n[plugins.scripted]\npace = 0.01\n'
REFERENCES = {
    "agent:message": "messageId",
    "agent:tool_call": "toolCallId",
    "agent:tool_output": "toolCallId",
    "threads:message": "messageId",
}
Frame = dict[str, Any]


class Page:
    """A client that remembers what it was told, as the guide for clients says."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.seq: int | str = "latest"
        self.frames: list[Frame] = []

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request."""
        headers = {"Authorization": f"Bearer {self.server.token}"}
        url = self.server.base_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Connect where it left off."""
        url = f"{self.server.base_url}/ws?token={self.server.token}&since={self.seq}&also=threads:message"
        async with self.session.ws_connect(url) as socket:
            yield socket

    async def until(self, socket: aiohttp.ClientWebSocketResponse, name: str, count: int = 1) -> None:
        """Read on to the frame of that name."""
        while count:
            frame: Frame = await socket.receive_json(timeout=20)
            self.frames.append(frame)
            seq = frame.get("seq") or (frame["data"]["seq"] if frame["type"] == "sync:ready" else None)
            if seq is not None:
                self.seq = max(seq, self.seq) if isinstance(self.seq, int) else seq
            count -= frame["type"] == name

    async def log(self) -> list[Frame]:
        """Return the whole event log."""
        found: list[Frame] = []
        while True:
            page = await self.call("GET", f"/api/kernel/events?since={len(found)}&limit=1000")
            found += page["events"]
            if len(found) == page["latest"]:
                return found


@pytest.fixture
async def page(server_factory: ServerFactory) -> AsyncIterator[Page]:
    server = await server_factory(claude=None, config=CONFIG).start()
    async with aiohttp.ClientSession() as session:
        yield Page(server, session)
        await server.stop()


def check(page: Page, log: list[Frame]) -> None:
    """Nothing is missing; nothing came twice, but for what is told as it is now."""
    assert [entry["seq"] for entry in log] == list(range(1, len(log) + 1))
    told = Counter(frame["seq"] for frame in page.frames if "seq" in frame and frame["type"] not in REFERENCES)
    assert set(told.values()) == {1}
    assert set(told) == {entry["seq"] for entry in log if entry["reference"] is None}
    references = {(f["type"], f["data"][REFERENCES[f["type"]]]) for f in page.frames if f["type"] in REFERENCES}
    assert references == {(entry["type"], entry["reference"]) for entry in log if entry["reference"]}


async def start(page: Page, project: str, prompt: str) -> str:
    body = {"projectId": project, "mode": "local", "title": prompt[:20], "prompt": prompt}
    return str((await page.call("POST", "/api/threads", body))["id"])


async def test_a_page_that_is_cut_off_again_and_again_misses_nothing(page: Page, tmp_path: Path) -> None:
    path = str(make_repository(tmp_path / "demo").path)
    project = (await page.call("POST", "/api/projects", {"name": "demo", "path": path}))["id"]
    async with page.connected() as socket:
        await page.until(socket, "sync:ready")
        await start(page, project, "!stream one two three\n!flood 3 50\n!stream four five six")
        await page.until(socket, "agent:message")
    async with page.connected() as socket:
        await page.until(socket, "agent:tool_call")
    thread = await start(page, project, "!flood 4 50\n!stream seven eight nine")
    async with page.connected() as socket:
        await page.until(socket, "agent:tool_output", 2)
    async with page.connected() as socket:
        await page.until(socket, "agent:result", 2 - sum(f["type"] == "agent:result" for f in page.frames))
    check(page, await page.log())
    shown = {f["data"]["messageId"]: f["data"]["content"] for f in page.frames if f["type"] == "agent:message"}
    stored = (await page.call("GET", f"/api/threads/{thread}"))["messages"]
    assert {m["id"]: m["content"] for m in stored if m["role"] == "assistant"}.items() <= shown.items()


async def test_a_killed_server_tells_what_it_had_stored(page: Page, tmp_path: Path) -> None:
    path = str(make_repository(tmp_path / "demo").path)
    project = (await page.call("POST", "/api/projects", {"name": "demo", "path": path}))["id"]
    async with page.connected() as socket:
        await page.until(socket, "sync:ready")
        thread = await start(page, project, "!flood 200 50\n!stream and on and on")
        await page.until(socket, "agent:tool_output", 5)
        await page.server.kill()
    await page.server.start()
    async with page.connected() as socket:
        await page.until(socket, "sync:ready")
    log = await page.log()
    check(page, log)
    assert (await page.call("GET", f"/api/threads/{thread}"))["status"] == "interrupted"
