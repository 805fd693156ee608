"""What people do to threads is told to the pages that ask for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from a_parallel_contracts.threads import Thread, ThreadChanges, ThreadStatus
from a_parallel_kernel.testkit import WebSocket
from tests.plugins.threads.conftest import Home


@asynccontextmanager
async def page(home: Home, user: str | None = None) -> AsyncIterator[WebSocket]:
    client = home.client.acting_as(user) if user else home.client
    async with client.websocket(since="latest", also="threads:row") as socket:
        await socket.receive("sync:ready")
        yield socket


async def test_making_pinning_archiving_and_deleting_are_told(home: Home) -> None:
    async with page(home) as socket, home.client.websocket(since="latest") as plain:
        body = {"projectId": "p1", "title": "New", "mode": "local"}
        thread = (await home.client.post("/api/threads/idle", json=body))["id"]
        told = await socket.receive("threads:row")
        assert (told["threadId"], told["data"]["thread"]["title"]) == (thread, "New")
        assert "seq" not in told
        for change in ({"pinned": True}, {"stage": "review"}, {"archived": True}):
            row = await home.client.patch(f"/api/threads/{thread}", json=change)
            assert (await socket.receive("threads:row"))["data"]["thread"] == row
        await home.client.delete(f"/api/threads/{thread}")
        gone = await socket.receive("threads:row")
        assert (gone["threadId"], gone["data"].get("thread")) == (thread, None)
        await home.running.settled()
        assert "threads:row" not in {frame["type"] for frame in plain.frames}


async def update(home: Home, thread: Thread, changes: ThreadChanges) -> None:
    await home.write(lambda tx: home.threads.update(tx, thread.id, changes))


async def test_what_a_run_changes_is_not_told_a_second_time(home: Home) -> None:
    thread = await home.make()
    async with page(home) as socket:
        await update(home, thread, {"status": ThreadStatus.RUNNING.value})
        await update(home, thread, {"cost": 1.5, "session_id": "s"})
        await update(home, thread, {"pinned": True})
        told = await socket.receive("threads:row")
    assert (told["data"]["thread"]["pinned"], told["data"]["thread"]["cost"]) == (True, 1.5)


async def test_only_the_owner_is_told(home: Home) -> None:
    mine, others = await home.make("mine"), await home.make("others")
    owners = [("anna", mine.id), ("bert", others.id)]
    await home.write(lambda tx: tx.executemany("UPDATE threads SET user_id = ? WHERE id = ?", owners))
    async with page(home, "anna") as socket:
        await update(home, others, {"pinned": True})
        await update(home, mine, {"pinned": True})
        assert (await socket.receive("threads:row"))["threadId"] == mine.id
