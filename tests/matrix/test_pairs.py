"""Every pair of plugins switched off, in process: the others run, what depends on the pair is blocked."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testkit import Client, RunningKernel
from tests.matrix.bundle import IDS, expected_states, has_authenticator, routes_of

DOCUMENTS: dict[str, Any] = {}


async def start(directory: Path, *off: str) -> RunningKernel:
    settings = {"plugins.disabled": list(off), "plugins.agents.provider": "scripted"}
    return await RunningKernel.start({}, directory, installed=IDS, settings=settings, authenticate=False)


def authenticated(running: RunningKernel) -> Client:
    token = running.kernel.config.server.data_directory / "auth-token"
    return Client(running, token.read_text("utf-8").strip() if token.is_file() else None)


async def whole_document(directory: Path) -> Any:
    """Return the description of all routes, made once in each process."""
    if not DOCUMENTS:
        running = await start(directory)
        DOCUMENTS["all"] = await authenticated(running).get("/api/kernel/openapi.json")
        await running.stop()
    return DOCUMENTS["all"]


@cache
def partners(id: str) -> tuple[str, ...]:
    """Each pair belongs to one of its members; the pair of a plugin with itself is that plugin alone."""
    return IDS[IDS.index(id) :]


@pytest.mark.parametrize("id", IDS)
@pytest.mark.timeout(300)
async def test_a_plugin_off_with_each_other_one(id: str, tmp_path: Path) -> None:
    document = await whole_document(tmp_path / "whole")
    for other in partners(id):
        running = await start(tmp_path / other, id, other)
        try:
            await check(running, document, {id, other})
        finally:
            await running.stop()


async def check(running: RunningKernel, document: Any, off: set[str]) -> None:
    expected = expected_states(off)
    records = running.kernel.supervisor.records
    assert {name: records[name].state for name in IDS} == expected
    away = {name for name, state in expected.items() if state != "running"}
    assert all("needs" in (records[name].error or "") for name in away - off)
    named = {name for name in IDS if any(task.get_name().startswith(f"{name}: ") for task in asyncio.all_tasks())}
    assert named & away == set()
    client, status = authenticated(running), 404 if has_authenticator(expected) else 401
    assert (await client.answer("GET", "/api/health")).status == 200
    for method, path in routes_of(document, away)[::7]:
        answer = await client.answer(method, path)
        if not path.startswith("/api/auth/"):
            assert (method, path, answer.status) == (method, path, status)
