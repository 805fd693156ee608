"""What a server that was killed leaves behind, and what the next one does about it."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from a_parallel_contracts.hosts import Owner
from a_parallel_plugins.hosts import leftovers, processes
from a_parallel_plugins.hosts.store import Record, Store
from tests.plugins.hosts.conditions import alive
from tests.plugins.hosts.opened import database, hosts_on


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ignores the request to end is killed soon."""
    monkeypatch.setattr(leftovers, "GRACE", 0.5)


@asynccontextmanager
async def killed_server(directory: Path) -> AsyncIterator[dict[str, list[int]]]:
    """Run a server that starts children, and kill it; gives their pids by what they are."""
    directory.mkdir(exist_ok=True)
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.plugins.hosts.server", str(directory), stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    pids: dict[str, list[int]] = json.loads(await server.stdout.readline())
    server.kill()
    await server.wait()
    server._transport.close()  # type: ignore[attr-defined]
    try:
        yield pids
    finally:
        table = processes.take()
        leaders = {table.entries[pid].group for group in pids.values() for pid in group if pid in table.entries}
        for leader in leaders:
            os.killpg(leader, signal.SIGKILL)


async def test_the_next_server_ends_what_was_left_and_only_that(tmp_path: Path) -> None:
    async with killed_server(tmp_path / "data") as pids:
        assert all(alive(pid) for group in pids.values() for pid in group)
        async with hosts_on(tmp_path / "data") as hosts:
            assert await hosts.end_leftovers() == 5
            assert {kind: [alive(pid) for pid in group] for kind, group in pids.items()} == {
                "agent": [False],
                "deaf": [False],
                "family": [False, False, False],
                "orphans": [False],
                "terminal": [False],
                "detached": [True],
            }
            assert await hosts.end_leftovers() == 0
            assert await hosts._store.earlier() == []


async def test_one_owner_can_be_cleared_alone(tmp_path: Path) -> None:
    async with killed_server(tmp_path / "data") as pids, hosts_on(tmp_path / "data") as hosts:
        assert await hosts.end_leftovers(Owner("agent", "family")) == 1
        assert not any(map(alive, pids["family"]))
        assert all(alive(pid) for kind, group in pids.items() if kind != "family" for pid in group)
        assert await hosts.end_leftovers() == 4


async def test_a_server_on_another_directory_leaves_them_alone(tmp_path: Path) -> None:
    async with killed_server(tmp_path / "data") as pids:
        (tmp_path / "other").mkdir()
        async with hosts_on(tmp_path / "other") as hosts:
            assert await hosts.end_leftovers() == 0
        assert all(alive(pid) for group in pids.values() for pid in group)


async def test_a_copied_directory_does_not_claim_the_originals_children(tmp_path: Path) -> None:
    async with killed_server(tmp_path / "data") as pids:
        shutil.copytree(tmp_path / "data", tmp_path / "copy")
        async with hosts_on(tmp_path / "copy") as hosts:
            assert await hosts.end_leftovers() == 0
        assert all(alive(pid) for group in pids.values() for pid in group)
        async with hosts_on(tmp_path / "data") as hosts:
            assert await hosts.end_leftovers() == 5


async def test_a_moved_directory_keeps_its_children(tmp_path: Path) -> None:
    async with killed_server(tmp_path / "data") as pids:
        (tmp_path / "data").rename(tmp_path / "moved")
        async with hosts_on(tmp_path / "moved") as hosts:
            assert await hosts.end_leftovers() == 5
        assert not any(alive(pid) for kind, group in pids.items() if kind != "detached" for pid in group)


async def test_the_own_children_are_no_leftovers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    async with hosts_on(tmp_path / "data") as hosts:
        process = await hosts.local.spawn(["sleep", "600"], cwd=tmp_path, owner=Owner("agent", "t1"))
        assert await hosts.end_leftovers() == 0
        assert process.returncode is None


@pytest.mark.parametrize("terminal", [False, True])
async def test_a_recorded_pid_that_another_process_has_now_is_left_alone(tmp_path: Path, terminal: bool) -> None:
    (tmp_path / "data").mkdir()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:  # noqa: ASYNC220 - takes a millisecond
        async with database(tmp_path / "data") as db:
            earlier = await Store.open(db, tmp_path / "data")
            owner = Owner("agent", "t1")
            await earlier.add(Record("launch", stranger.pid, "another boot:1234", owner, terminal, "claude"))
        async with hosts_on(tmp_path / "data") as hosts:
            assert await hosts.end_leftovers() == 0
            assert await hosts._store.earlier() == []
        assert stranger.poll() is None
        stranger.kill()


async def test_a_server_that_carries_its_own_directorys_marker_does_not_end_itself(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    async with database(tmp_path / "data") as db:
        mark = (await Store.open(db, tmp_path / "data")).mark(Owner("agent", "t1"), "launch")
    script = f"""
import asyncio
from pathlib import Path
from tests.plugins.hosts.opened import hosts_on
async def main():
    async with hosts_on(Path({str(tmp_path / "data")!r})) as hosts:
        print(await hosts.end_leftovers())
asyncio.run(main())
"""
    environment = os.environ | {"A_PARALLEL_MARKER": str(mark)}
    shown = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")


async def test_a_child_is_recorded_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    async with hosts_on(tmp_path / "data") as hosts:
        process = await hosts.local.spawn(["sleep", "600"], cwd=tmp_path, owner=Owner("agent", "t1"))
        db = hosts._store._db
        [row] = await db.rows("SELECT * FROM hosts_processes")
        assert (row["pid"], row["kind"], row["key"], row["program"]) == (process.pid, "agent", "t1", "sleep")
        assert row["started"] == processes.started(process.pid)
        await process.terminate()
        await hosts.local._running.settle()
        assert await db.rows("SELECT * FROM hosts_processes") == []
