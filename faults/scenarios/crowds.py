"""Many clients, slow ones, and long days."""

import asyncio
import contextlib
import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from faults.chart import chart
from faults.client import FAILURES, Follower
from faults.house import House, opened
from faults.journal import Journal
from faults.report import OUTPUT, Outcome
from faults.scenarios.killing import finish
from tests.support.memory import MEGABYTE, at_rest, resident

GROWTH = 10 * MEGABYTE


async def storm(sockets: int, seed: int) -> Outcome:
    """Cut so many followers off at once, which all come back and ask for what they missed."""
    outcome = Outcome(f"reconnect storm of {sockets:,} sockets")
    _allow_descriptors(sockets + 500)
    async with opened(seed) as house:
        crowd = [Follower(house.base, house.server.token, Journal()) for _ in range(sockets)]
        tasks = [asyncio.ensure_future(one.run()) for one in crowd]
        try:
            await _until(lambda: all(one.journal.first is not None for one in crowd), 120)
            load = house.load(people=2, pause=0.5)
            load.start()
            await load.going()
            await asyncio.sleep(1)
            began = time.monotonic()
            await house.server.kill()
            await asyncio.sleep(0.5)
            before = [one.connections for one in crowd]
            await house.server.start()
            await house.answers(began)
            await _until(lambda: all(one.connections > count for one, count in zip(crowd, before, strict=True)), 120)
            house.recoveries.append(time.monotonic() - began)
            await load.stop()
            await house.settle()
            outcome.tried = 1
            await _compare(crowd, house)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await finish(house, outcome)
        outcome.events += sum(len(one.journal.seen) for one in crowd)
    return outcome


async def _compare(crowd: list[Follower], house: House) -> None:
    """Hold every follower against the database."""
    from faults.audit import audit, newest_event

    newest = newest_event(house.database)
    with contextlib.suppress(TimeoutError):
        await _until(lambda: all(one.journal.last >= newest for one in crowd), 60)
    for one in crowd:
        found = audit(house.database, one.journal)
        house.losses.events += found.events
        house.losses.duplicates += [each for each in found.duplicates if "number" in each]


async def slow_reader(times: int, seed: int) -> Outcome:
    """Connect pages that read nothing while agents flood; they must cost nobody else anything, nor memory."""
    outcome = Outcome("slow readers")
    async with opened(seed, settings="") as house:
        before = resident(house.server.pid)
        for number in range(times):
            stuck = [_stuck(house) for _ in range(3)]
            await _flood(house, f"flood-{number}", 4000)
            began = time.monotonic()
            await house.answers(began)
            for one in stuck:
                one.close()
            outcome.tried += len(stuck)
        outcome.figures["RSS grown by MB"] = (resident(house.server.pid) - before) / MEGABYTE
        closed = _metric(await _metrics(house), 'a_parallel_kernel_sockets_closed_total{code="1013"}')
        outcome.figures["closed with 1013"] = closed
        if closed < outcome.tried:
            outcome.problem = f"only {closed:.0f} of {outcome.tried} sockets that read nothing were closed"
        await finish(house, outcome)
    return outcome


def _stuck(house: House) -> socket.socket:
    """Open a WebSocket by hand and never read from it."""
    parts = urlsplit(house.base())
    raw = socket.create_connection((parts.hostname, parts.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lines = [
        f"GET /ws?token={house.server.token} HTTP/1.1",
        f"Host: {parts.hostname}:{parts.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "",
        "",
    ]
    raw.sendall("\r\n".join(lines).encode())
    return raw


async def _flood(house: House, key: str, count: int) -> None:
    body = {"projectId": house.project, "mode": "local", "title": key, "prompt": f"!flood {count} 3000"}
    await house.caller.send("POST", "/api/threads", body, key)
    await house.settle()


async def soak(seconds: float, seed: int) -> Outcome:
    """Let people work for long, and watch memory, descriptors, tasks and processes."""
    outcome = Outcome(f"soak of {seconds:.0f} s")
    async with opened(seed) as house:
        load = house.load(people=4, pause=0.2)
        load.start()
        await load.going()
        began = time.monotonic()
        samples: list[dict[str, float]] = []
        while (passed := time.monotonic() - began) < seconds:
            samples.append({"seconds": passed, **await _sample(house)})
            await asyncio.sleep(max(0.5, seconds / 200))
        await load.stop()
        await house.settle()
        rest = await _at_rest(house)
        chart(samples, OUTPUT / "soak.svg")
        outcome.tried = len(samples)
        outcome.figures |= {f"{name} at rest": value for name, value in rest.items()}
        half = [sample["RSS (MB)"] for sample in samples[len(samples) // 2 :]]
        outcome.figures["RSS grown in the second half by MB"] = half[-1] - half[0]
        if rest["processes"] > 1:
            house.losses.orphans += house.orphans() or ["an agent that has nothing to do"]
        await finish(house, outcome)
    return outcome


async def _at_rest(house: House) -> dict[str, float]:
    """Return figures once the agents that were idle have gone."""
    rest = await _sample(house)
    for _ in range(100):
        if rest["processes"] <= 1:
            break
        await asyncio.sleep(0.1)
        rest = await _sample(house)
    return rest


async def _sample(house: House) -> dict[str, float]:
    pid = house.server.pid
    text = await _metrics(house)
    return {
        "RSS (MB)": resident(pid) / MEGABYTE,
        "descriptors": float(len(os.listdir(f"/proc/{pid}/fd"))),  # noqa: PTH208 - names alone
        "tasks": _metric(text, "a_parallel_kernel_tasks"),
        "processes": 1.0 + len(house.server.leftovers()),
    }


async def _metrics(house: House) -> str:
    headers = {"Authorization": f"Bearer {house.server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        with contextlib.suppress(*FAILURES):
            async with session.get(f"{house.base()}/metrics") as answer:
                return await answer.text()
    return ""


def _metric(text: str, name: str) -> float:
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(found[0]) if found else 0.0


async def long_conversations(messages: int, size: int, seed: int) -> Outcome:
    """Read a conversation of so many messages, and let tools give outputs of so many bytes, five times each."""
    outcome = Outcome(f"{messages:,} messages, outputs of {size / 1e6:.0f} MB")
    async with opened(seed) as house:
        body = {"projectId": house.project, "mode": "local", "title": "long", "prompt": "!say long"}
        thread = (await house.caller.send("POST", "/api/threads", body, "long"))["id"]
        await house.settle()
        await asyncio.to_thread(_fill, house.database, thread, messages)
        held = []
        for number in range(5):
            await _read(house, f"/api/threads/{thread}")
            flood = {**body, "title": "large", "prompt": f"!flood 1 {size}"}
            made = await house.caller.send("POST", "/api/threads", flood, f"large-{number}")
            await house.settle()
            await _read(house, f"/api/threads/{made['id']}")
            held.append(await asyncio.to_thread(at_rest, house.server.pid))
            outcome.tried += 1
        outcome.figures |= {f"RSS after round {number} MB": held[number - 1] / MEGABYTE for number in (1, 2, 5)}
        if held[4] - held[1] > GROWTH:
            outcome.problem = (
                f"memory grew by {(held[4] - held[1]) / MEGABYTE:.1f} MB from the second to the fifth round"
            )
        await finish(house, outcome)
    return outcome


def _fill(database: Path, thread: str, messages: int) -> None:
    import sqlite3
    from contextlib import closing

    text = "word " * 60
    rows = (
        (f"filler-{number:07}", thread, text, f"2026-01-01T00:00:00.{number % 1000:03}Z") for number in range(messages)
    )
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO messages (id, thread_id, role, content, timestamp) VALUES (?, ?, 'assistant', ?, ?)", rows
        )


async def _read(house: House, path: str) -> int:
    headers = {"Authorization": f"Bearer {house.server.token}"}
    size = 0
    async with (
        aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=300)) as session,
        session.get(f"{house.base()}{path}") as answer,
    ):
        async for chunk, _ in answer.content.iter_chunks():
            size += len(chunk)
    return size


async def _until(holds: Callable[[], bool], patience: float) -> None:
    async with asyncio.timeout(patience):
        while not holds():  # noqa: ASYNC110 - many tasks
            await asyncio.sleep(0.05)


def _allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
