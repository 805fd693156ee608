"""Ending children: all of their descendants, and nobody else."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from a_parallel_contracts.hosts import Owner
from a_parallel_plugins.hosts import processes
from a_parallel_plugins.hosts.ending import Family, end, signal_exactly
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.process import LocalProcess
from a_parallel_plugins.hosts.service import HostsService
from tests.plugins.hosts.conditions import alive, first, marked_with, until

AGENT = Owner("agent", "t1")


async def shell(host: LocalHost, cwd: Path, script: str) -> tuple[LocalProcess, list[int]]:
    """Start a script whose first line tells pids."""
    process = await host.spawn(["sh", "-c", script], cwd=cwd, owner=AGENT)
    return process, [int(pid) for pid in (await first(process.lines())).split()]


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that nobody may touch."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as popen:
        yield popen.pid
        assert popen.poll() is None, "a stranger was killed"
        popen.kill()


async def test_grandchildren_in_the_group_go_too(host: LocalHost, tmp_path: Path) -> None:
    process, pids = await shell(host, tmp_path, "sleep 600 & a=$!; (sleep 600 & echo $a $!; wait); wait")
    assert await process.terminate() == -signal.SIGTERM
    assert not any(map(alive, pids))


async def test_a_grandchild_in_another_session_is_found_by_its_marker(host: LocalHost, tmp_path: Path) -> None:
    script = "setsid sh -c 'sleep 600 & echo $$ $!; wait' & wait"
    process, pids = await shell(host, tmp_path, script)
    await process.terminate()
    assert not any(map(alive, pids))


async def test_a_grandchild_without_marker_is_found_by_its_parents(host: LocalHost, tmp_path: Path) -> None:
    process, pids = await shell(host, tmp_path, "env -i /usr/bin/setsid sleep 600 & echo $!; wait")
    await process.terminate()
    assert not any(map(alive, pids))


async def test_descendants_are_found_after_the_child_itself_has_ended(host: LocalHost, tmp_path: Path) -> None:
    process, pids = await shell(host, tmp_path, "setsid sleep 600 >&- 2>&- & echo $!; exit 7")
    assert await process.wait() == 7
    assert all(map(alive, pids))
    assert await process.terminate() == 7
    assert not any(map(alive, pids))


async def test_who_ignores_sigterm_is_killed_after_the_grace(host: LocalHost, tmp_path: Path) -> None:
    process, pids = await shell(host, tmp_path, "trap '' TERM; sleep 600 & echo $!; while :; do wait; sleep 600; done")
    assert await process.terminate(grace=0.3) == -signal.SIGKILL
    assert not any(map(alive, pids))


async def test_who_handles_sigterm_gets_it_once_and_the_time_to_end(host: LocalHost, tmp_path: Path) -> None:
    script = """
import signal, sys
def leave(number, frame):
    print('asked', flush=True)
    sys.stdin.readline()
    print('leaving', flush=True)
    sys.exit(9)
signal.signal(signal.SIGTERM, leave)
print('ready', flush=True)
while True: signal.pause()
"""
    process = await host.spawn([sys.executable, "-c", script], cwd=tmp_path, owner=AGENT)
    lines = process.lines()
    assert await anext(lines) == b"ready"
    ending = asyncio.create_task(process.terminate(grace=30))
    assert await anext(lines) == b"asked"
    await process.write(b"go\n")
    assert [line async for line in lines] == [b"leaving"]
    assert await ending == 9


async def test_a_stopped_child_is_ended_too(host: LocalHost, tmp_path: Path) -> None:
    process, _ = await shell(host, tmp_path, "echo $$; kill -STOP $$; exec sleep 600")
    assert await process.terminate(grace=30) == -signal.SIGTERM


async def test_a_shorter_grace_shortens_an_ending_that_is_under_way(host: LocalHost, tmp_path: Path) -> None:
    process, _ = await shell(host, tmp_path, "trap '' TERM; echo $$; while :; do sleep 600; done")
    patient = asyncio.create_task(process.terminate(grace=600))
    await asyncio.sleep(0)
    assert await process.terminate(grace=0) == -signal.SIGKILL
    assert await patient == -signal.SIGKILL


async def test_an_ending_goes_on_when_it_is_cancelled(host: LocalHost, tmp_path: Path) -> None:
    process, pids = await shell(host, tmp_path, "sleep 600 & echo $!; wait")
    ending = asyncio.create_task(process.terminate())
    await asyncio.sleep(0)
    ending.cancel()
    await process.wait()
    await until(lambda: not any(map(alive, pids)))


async def test_who_keeps_forking_does_not_escape(host: LocalHost, tmp_path: Path) -> None:
    script = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
for _ in range(300):  # bounded: if it does escape, it must not live for ever
    if os.fork():
        time.sleep(0.002)
        os._exit(0)
    os.setsid()
"""
    process = await host.spawn([sys.executable, "-c", script], cwd=tmp_path, owner=AGENT)
    await first(process.lines())
    await process.terminate(grace=0.1)
    assert marked_with(host._store.directory) == []


async def test_ending_twice_is_harmless(host: LocalHost, tmp_path: Path) -> None:
    process, _ = await shell(host, tmp_path, "echo $$; exec sleep 600")
    assert await process.terminate() == await process.terminate() == -signal.SIGTERM


async def test_the_children_of_another_owner_live_on(host: LocalHost, tmp_path: Path) -> None:
    one, _ = await shell(host, tmp_path, "echo $$; exec sleep 600")
    other, _ = await shell(host, tmp_path, "echo $$; exec sleep 600")
    await one.terminate()
    assert alive(other.pid)
    assert other.returncode is None


async def test_a_pid_that_is_used_again_is_not_touched(hosts: HostsService, stranger: int) -> None:
    family = Family(stranger, "another start", "no such launch")
    assert await end(hosts.local.census, family, until=lambda: 0.0) == 0


async def test_a_signal_needs_the_start_time_too(stranger: int) -> None:
    entry = processes.take().entries[stranger]
    signal_exactly(processes.Entry(stranger, 0, 0, 0, "another start"), signal.SIGKILL)
    assert processes.take().alive(stranger, entry.started)


async def test_a_cancelled_start_leaves_nothing_behind(host: LocalHost, tmp_path: Path) -> None:
    for turns in range(25):
        starting = asyncio.create_task(host.spawn(["sleep", "600"], cwd=tmp_path, owner=AGENT))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        starting.cancel()
        try:
            await (await starting).terminate()
        except asyncio.CancelledError:
            pass
    await until(lambda: host.running == 0 and not host._running._starts)
    assert marked_with(host._store.directory) == []


async def test_stopping_ends_everything_at_the_same_time(hosts: HostsService, tmp_path: Path) -> None:
    host = hosts.local
    await asyncio.gather(*(shell(host, tmp_path, "echo $$; exec sleep 600") for _ in range(10)))
    stray, [left_behind] = await shell(host, tmp_path, "setsid sleep 600 >&- 2>&- & echo $!; exit 0")
    await stray.wait()
    terminal = await host.open_pty(["sh"], cwd=tmp_path, owner=Owner("terminal", "p"), rows=24, cols=80)
    command = asyncio.create_task(host.run(["sleep", "600"], cwd=tmp_path, timeout=600))
    await until(lambda: host.running == 12)
    await hosts.close()
    assert host.running == 0
    assert not alive(left_behind)
    assert not alive(terminal.pid)
    assert (await command).returncode == -signal.SIGKILL
    assert marked_with(host._store.directory) == []


async def test_parents_are_asked_before_their_children(host: LocalHost, tmp_path: Path) -> None:
    script = "n=0; while [ $n -lt 20 ]; do n=$((n+1)); sleep 600 & done; echo $$; wait"
    for _ in range(5):
        process, _ = await shell(host, tmp_path, script)
        assert await process.terminate() == -signal.SIGTERM
