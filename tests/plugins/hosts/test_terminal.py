"""Programs on pseudo-terminals."""

import asyncio
import hashlib
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from a_parallel_contracts import BadRequest, FailedDependency
from a_parallel_contracts.hosts import Owner, Pty
from a_parallel_plugins.hosts import processes
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.streams import CHUNK
from a_parallel_plugins.hosts.terminal import HIGH_WATER, LocalPty
from tests.plugins.hosts.conditions import alive, content, until

OWNER = Owner("terminal", "p1")


async def opened(host: LocalHost, cwd: Path, *argv: str, rows: int = 24, cols: int = 80) -> LocalPty:
    return await host.open_pty(argv, cwd=cwd, owner=OWNER, rows=rows, cols=cols)


async def python(host: LocalHost, cwd: Path, script: str) -> LocalPty:
    return await opened(host, cwd, sys.executable, "-c", script)


async def shown(pty: Pty, pattern: str) -> str:
    """Return what comes up to and with the chunk that completes `pattern`."""
    output = ""
    chunks = pty.chunks()
    while not re.search(pattern, output):
        output += (await anext(chunks)).decode()
    return output


async def test_keystrokes_are_echoed_and_reach_the_program(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "sh", "-c", "echo ready; read x; echo got $x")
    await shown(pty, "ready\r\n")
    await pty.write(b"hello\r")
    assert await shown(pty, "got hello\r\n") == "hello\r\ngot hello\r\n"
    assert await pty.wait() == 0


async def test_the_program_has_a_controlling_terminal_in_its_directory(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "sh", "-c", "echo $PWD; pwd; echo to the terminal > /dev/tty")
    expected = f"{tmp_path}\r\n{tmp_path}\r\nto the terminal\r\n"
    assert b"".join([chunk async for chunk in pty.chunks()]).decode() == expected


async def test_the_window_has_its_size_from_the_start(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "stty", "size", rows=33, cols=121)
    assert b"".join([chunk async for chunk in pty.chunks()]) == b"33 121\r\n"


async def test_another_size_is_signalled(host: LocalHost, tmp_path: Path) -> None:
    script = """
import os, signal
signal.signal(signal.SIGWINCH, lambda number, frame: print('now', *os.get_terminal_size(), flush=True))
print('ready', flush=True)
while True: signal.pause()
"""
    pty = await python(host, tmp_path, script)
    await shown(pty, "ready")
    pty.resize(40, 100)
    await shown(pty, "now 100 40\r\n")
    pty.resize(0, 10**9)
    await shown(pty, "now 65535 1\r\n")
    await pty.hang_up()
    pty.resize(10, 10)


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -KILL $$", 0), ("kill -TERM $$", 0)])
async def test_the_exit_status_is_told(host: LocalHost, tmp_path: Path, script: str, status: int) -> None:
    assert await (await opened(host, tmp_path, "sh", "-c", script)).wait() == status


async def test_five_megabytes_arrive_intact(host: LocalHost, tmp_path: Path) -> None:
    script = """
import hashlib, os, sys, tty
tty.setraw(1)
data = os.urandom(5_000_000)
sys.stdout.buffer.write(data + hashlib.sha256(data).digest())
"""
    output = b"".join([chunk async for chunk in (await python(host, tmp_path, script)).chunks()])
    assert len(output) == 5_000_032
    assert hashlib.sha256(output[:-32]).digest() == output[-32:]


async def test_a_program_waits_for_whoever_does_not_read(host: LocalHost, tmp_path: Path) -> None:
    script = "import sys, pathlib; sys.stdout.write('x' * 2_000_000); sys.stdout.flush(); pathlib.Path('done').touch()"
    pty = await python(host, tmp_path, script)
    stream = pty._output
    await until(lambda: stream.paused)
    assert HIGH_WATER <= stream.unread < HIGH_WATER + CHUNK
    assert not (tmp_path / "done").exists()
    assert sum([len(chunk) async for chunk in pty.chunks()]) == 2_000_000
    assert await pty.wait() == 0
    assert (tmp_path / "done").exists()


async def test_a_large_paste_is_taken_as_fast_as_it_is_read(host: LocalHost, tmp_path: Path) -> None:
    script = """
import sys, tty
tty.setraw(0)
print('ready', flush=True)
print(len(sys.stdin.buffer.read(1_000_000)), 'read', flush=True)
"""
    pty = await python(host, tmp_path, script)
    await shown(pty, "ready")
    await pty.write(b"x" * 1_000_000)
    await shown(pty, "1000000 read")


async def test_hanging_up_ends_the_group(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "sh", "-c", "sleep 600 & echo pid $! pid; wait")
    sleeper = int((await shown(pty, " pid\r\n")).split()[1])
    await pty.hang_up()
    assert await pty.wait() == 0
    assert not alive(pty.pid)
    assert not alive(sleeper)
    assert [chunk async for chunk in pty.chunks()] == []


async def test_hanging_up_an_interactive_shell_ends_its_foreground_job(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "bash", "--norc", "-i")
    await pty.write(b"echo $((40+2)); trap '' HUP; sleep 600\r")
    await shown(pty, "42\r\n")
    sleeper: list[int] = []

    def started() -> bool:
        sleeper[:] = [entry.pid for entry in processes.take() if entry.parent == pty.pid]
        return bool(sleeper) and os.tcgetpgrp(pty._descriptor) == sleeper[0]

    await until(started)
    await pty.hang_up(grace=0.2)
    assert not alive(pty.pid)
    assert not alive(sleeper[0])


async def test_who_ignores_the_hang_up_is_killed_after_the_grace(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "sh", "-c", "trap '' HUP TERM; echo ready; while :; do sleep 600; done")
    await shown(pty, "ready")
    await pty.hang_up(grace=0.2)
    assert not alive(pty.pid)
    assert await pty.wait() == 0


async def test_a_background_job_that_ignores_the_hang_up_lives_on(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "bash", "--norc", "-i")
    await pty.write(b"sh -c 'trap \"\" HUP; echo $$ > new; mv new pid; exec sleep 600' &\r")
    survivor = int(await content(tmp_path / "pid"))
    await pty.hang_up()
    assert alive(survivor)
    os.kill(survivor, signal.SIGKILL)


async def test_writing_after_the_end_fails(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "true")
    await pty.wait()
    with pytest.raises(BrokenPipeError):
        await pty.write(b"x")


async def test_a_write_that_waits_is_released_by_the_hang_up(host: LocalHost, tmp_path: Path) -> None:
    pty = await python(host, tmp_path, "import tty, signal; tty.setraw(0); print('ready', flush=True); signal.pause()")
    await shown(pty, "ready")
    writing = asyncio.create_task(pty.write(b"x" * 1_000_000))
    await asyncio.sleep(0)
    await pty.hang_up()
    with pytest.raises(BrokenPipeError):
        await writing


async def test_a_job_that_keeps_the_terminal_does_not_hold_up_its_end(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "sh", "-c", "trap '' HUP; sleep 600 & echo $!")
    output = b"".join([chunk async for chunk in pty.chunks()])
    assert await pty.wait() == 0
    os.kill(int(output), signal.SIGKILL)


async def test_signals_that_the_server_ignores_work_in_a_terminal(host: LocalHost, tmp_path: Path) -> None:
    script = "import signal; print(*(signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGHUP, signal.SIGQUIT)))"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        pty = await python(host, tmp_path, script)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert b"".join([chunk async for chunk in pty.chunks()]) == b"True True\r\n"


async def test_a_terminal_carries_no_marker_but_is_recorded(host: LocalHost, tmp_path: Path) -> None:
    pty = await opened(host, tmp_path, "sh", "-c", "echo ${A_PARALLEL_MARKER-none}; read x")
    assert await shown(pty, "\r\n") == "none\r\n"
    [row] = await host._store._db.rows("SELECT * FROM hosts_processes")
    assert (row["pid"], row["kind"], row["key"], row["terminal"]) == (pty.pid, "terminal", "p1", 1)


async def test_what_cannot_be_started_is_told(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello", "utf-8")
    for program in ("no-such-shell", str(tmp_path / "notes")):
        with pytest.raises(FailedDependency, match=r"was not found|cannot be started"):
            await opened(host, tmp_path, program)
    with pytest.raises(FailedDependency, match="does not exist"):
        await opened(host, tmp_path / "gone", "sh")
    with pytest.raises(BadRequest, match="null byte"):
        await opened(host, tmp_path, "sh", "-c", "a\0b")
    with pytest.raises(BadRequest, match="environment variable name"):
        await host.open_pty(["sh"], cwd=tmp_path, owner=OWNER, rows=1, cols=1, env={"A=B": "1"})
    assert host.running == 0


async def test_twenty_terminals_at_once(host: LocalHost, tmp_path: Path) -> None:
    terminals = await asyncio.gather(*(opened(host, tmp_path, "sh", "-c", f"echo {n}; read x") for n in range(20)))
    assert [(await shown(pty, "\r\n")).strip() for pty in terminals] == [str(n) for n in range(20)]
    await asyncio.gather(*(pty.hang_up() for pty in terminals))
    assert host.running == 0
