"""A server whose disk fills up, and one whose database somebody else has locked: clear answers, and nothing lost."""

import asyncio
import resource
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.database import integrity
from tests.support.fixtures import ServerFactory
from tests.support.repository import make_repository
from tests.support.server import Server

CONFIG = '[server]\nrate_limit = 0\n[plugins.agents]\nprovider = "scripted"\n[plugins.scripted]\npace = 0\n'
ROOM = 300_000
"""Bytes by which the largest file of the database may still grow."""


class Person:
    """Makes threads that wait for their start, each with a long prompt."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, project: str) -> None:
        self.server = server
        self.session = session
        self.project = project

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        """Send one request."""
        headers["Authorization"] = f"Bearer {self.server.token}"
        url = self.server.base_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json(), dict(answer.headers)

    async def make(self, title: str, prompt: str = "x" * 20_000, **headers: str) -> tuple[int, Any, dict[str, str]]:
        """Make a thread that nobody starts."""
        body = {"projectId": self.project, "mode": "local", "title": title, "prompt": prompt}
        return await self.call("POST", "/api/threads/idle", body, **headers)

    async def threads(self) -> set[str]:
        """Return the ids of all threads."""
        _, threads, _ = await self.call("GET", f"/api/threads?projectId={self.project}")
        return {thread["id"] for thread in threads}

    async def events(self) -> list[int]:
        """Return the numbers in the event log."""
        _, page, _ = await self.call("GET", "/api/kernel/events?limit=1000")
        return [event["seq"] for event in page["events"]]


@pytest.fixture
async def person(server_factory: ServerFactory, tmp_path: Path) -> AsyncIterator[Person]:
    server = await server_factory(claude=None, config=CONFIG).start()
    async with aiohttp.ClientSession() as session:
        made = Person(server, session, "")
        path = str(make_repository(tmp_path / "demo").path)
        _, project, _ = await made.call("POST", "/api/projects", {"name": "demo", "path": path})
        made.project = project["id"]
        yield made
    await server.stop()


def limit(server: Server, size: int) -> None:
    """Let no file of the server grow beyond `size`, as if the disk were full."""
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def test_a_full_disk_answers_507_loses_nothing_and_heals(person: Person) -> None:
    server = person.server
    files = [file for file in server.data_directory.iterdir() if file.name.startswith("data.db")]
    limit(server, max(file.stat().st_size for file in files) + ROOM)
    acknowledged: set[str] = set()
    refusals: list[tuple[int, str]] = []
    while len(refusals) < 8:
        outcomes = await asyncio.gather(*(person.make(f"thread {number}") for number in range(4)))
        acknowledged |= {made["id"] for status, made, _ in outcomes if status == 201}
        refusals += [(status, body["error"]) for status, body, _ in outcomes if status != 201]
    assert {status for status, _ in refusals} == {507}
    assert all("disk is full" in text for _, text in refusals)
    assert acknowledged
    assert (await person.make("under a key", **{"Idempotency-Key": "k1"}))[0] == 507
    assert (await person.call("GET", "/api/health"))[0] == 200
    assert await person.threads() == acknowledged
    limit(server, resource.RLIM_INFINITY)
    status, made, headers = await person.make("under a key", **{"Idempotency-Key": "k1"})
    assert (status, headers.get("Idempotency-Replayed")) == (201, None)
    assert await person.threads() == acknowledged | {made["id"]}
    await server.restart()
    assert integrity(server.data_directory) == []
    assert await person.threads() == acknowledged | {made["id"]}


async def test_a_run_goes_on_when_a_full_disk_has_room_again(person: Person) -> None:
    server = person.server
    log = server.data_directory / "data.db-wal"
    url = f"{server.base_url}/ws?token={server.token}&since=latest"
    async with person.session.ws_connect(url) as socket:
        assert (await socket.receive_json(timeout=20))["type"] == "sync:ready"
        full = max(file.stat().st_size for file in server.data_directory.glob("data.db*")) + ROOM
        limit(server, full)
        body = {"projectId": person.project, "mode": "local", "title": "flood", "prompt": "!flood 300 2000"}
        status, thread, _ = await person.call("POST", "/api/threads", body)
        assert status == 201
        async with asyncio.timeout(30):
            while log.stat().st_size < full - 10_000:  # noqa: ASYNC110 - what is looked at is a file of the server's
                await asyncio.sleep(0.02)
        limit(server, resource.RLIM_INFINITY)
        told: list[dict[str, Any]] = []
        while not told or told[-1]["type"] != "agent:result":
            told.append(await socket.receive_json(timeout=30))
    numbers = {frame["seq"] for frame in told if "seq" in frame}
    assert numbers <= set(await person.events())
    _, shown, _ = await person.call("GET", f"/api/threads/{thread['id']}")
    assert shown["status"] == "completed"
    assert sum(len(message["toolCalls"]) for message in shown["messages"]) == 300


async def test_a_lock_of_another_process_is_waited_for_and_then_named(person: Person) -> None:
    with closing(sqlite3.connect(person.server.data_directory / "data.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(person.make("soon"))
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
        assert (await person.call("GET", f"/api/threads?projectId={person.project}"))[1] == []
        other.execute("ROLLBACK")
        assert (await waiting)[0] == 201
        other.execute("BEGIN IMMEDIATE")
        status, body, headers = await person.make("never")
        assert (status, headers["Retry-After"]) == (503, "5")
        assert "locked by another process" in body["error"]
        other.execute("ROLLBACK")
    assert (await person.make("again"))[0] == 201
    assert len(await person.threads()) == 2


async def test_a_damaged_database_is_named_after_a_crash_and_comes_back_from_a_backup(
    person: Person, server_factory: ServerFactory, tmp_path: Path
) -> None:
    server = person.server
    made = (await person.make("kept"))[1]["id"]
    backup = await _command(server, "backup", str(tmp_path / "b"))
    assert backup[0] == 0, backup
    await server.kill()
    database = server.data_directory / "data.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(database.read_bytes())
    content[8192:-8192] = b"\xff" * (len(content) - 16384)
    database.write_bytes(content)
    server.spawn()
    assert await server.exited() == 1
    assert "damaged" in server.log.text
    assert "a-parallel restore" in server.log.text
    assert database.read_bytes() == content
    status, text = await _command(server, "restore", str(tmp_path / "b"))
    assert status == 0, text
    await server.start()
    assert await person.threads() == {made}


async def _command(server: Server, *words: str) -> tuple[int, str]:
    """Run a subcommand in the server's own environment."""
    program = [sys.executable, "-m", "a_parallel_kernel", *words]
    process = await asyncio.create_subprocess_exec(
        *program, env=server.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()
