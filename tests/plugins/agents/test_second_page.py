"""What a person writes in one page is told to the other pages that ask for it, and to no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from a_parallel_contracts.agents import RequestKind
from a_parallel_kernel.testkit import WebSocket
from tests.plugins.agents.conftest import Desk, OpenDesk

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


@asynccontextmanager
async def page(desk: Desk, since: str = "latest", **asked: str) -> AsyncIterator[WebSocket]:
    """Open a page beside the desk's own, which asks for nothing."""
    async with desk.client.websocket(since=since, **(asked or {"also": "threads:message"})) as opened:
        await opened.receive("sync:ready")
        yield opened


async def test_a_message_to_a_busy_thread_is_told_where_the_conversation_has_it(desk: Desk) -> None:
    async with page(desk) as other:
        thread = await desk.create("first")
        desk.session.begin()
        desk.session.say("Working")
        await other.receive("agent:message")
        await desk.message(thread, "second", model="opus", images=[IMAGE])
        desk.session.begin()
        desk.session.say("Done", message_id="m2")
        await other.receive("agent:message", content="Done")
    told = [frame for frame in other.frames if frame["threadId"] == thread]
    told = [frame["data"] for frame in told if frame["type"] in ("threads:message", "agent:message")]
    assert [data["content"] for data in told] == ["first", "Working", "second", "Done"]
    stored = (await desk.show(thread))["messages"]
    assert [data["messageId"] for data in told] == [message["id"] for message in stored]
    second = stored[2]
    assert told[2] == {
        "messageId": second["id"],
        "role": "user",
        "content": "second",
        "images": 1,
        "model": "opus",
        "permissionMode": second["permissionMode"],
        "timestamp": second["timestamp"],
    }
    assert "threads:message" not in {frame["type"] for frame in desk.socket.frames}


async def test_an_answer_is_told(desk: Desk) -> None:
    async with page(desk) as other:
        thread = await desk.create("ask me")
        desk.session.begin()
        question: dict[str, Any] = {"questions": [{"question": "Which?", "header": "It", "options": [{"label": "A"}]}]}
        desk.session.ask(RequestKind.QUESTION, "AskUserQuestion", question, "tu1")
        await other.receive("agent:status", status="waiting")
        await desk.message(thread, "[It] Which?\n→ A")
        await other.receive("threads:message", content="[It] Which?\n→ A")
        await other.receive("agent:status", status="running")


async def test_a_page_that_was_away_is_told_what_was_written_and_is_still_there(desk: Desk) -> None:
    thread, gone = await desk.create("kept"), await desk.create("deleted")
    await desk.client.delete(f"/api/threads/{gone}")
    async with page(desk, "0") as back:
        told = [frame for frame in back.frames if frame["type"] == "threads:message"]
    assert [(frame["threadId"], frame["data"]["content"]) for frame in told] == [(thread, "kept")]
    async with page(desk, "0", also="threads:other") as back:
        assert "threads:message" not in {frame["type"] for frame in back.frames}


async def test_a_follow_up_that_waits_for_its_turn_is_told(open_desk: OpenDesk) -> None:
    desk = await open_desk(settings={"plugins.agents.max_runs": 1, "plugins.agents.min_free_memory": 0})
    thread = await desk.create("first")
    desk.session.turn("done")
    await desk.receive("agent:result")
    await desk.gone(thread)
    await desk.create("takes the place")
    async with page(desk, also="threads:message,threads:row") as other:
        await desk.message(thread, "second")
        told = await other.receive("threads:message", content="second")
        row = await other.receive("threads:row")
    assert (told["threadId"], row["threadId"]) == (thread, thread)
    assert row["data"]["thread"]["status"] == "pending"
    assert [text for _, text in await desk.said(thread)] == ["first", "done", "second"]
