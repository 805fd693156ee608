"""Programs in holders: they outlive a server that was killed, and are found again."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import FailedDependency, NotFound, new_id
from a_parallel_contracts.hosts import HeldProcess, Owner
from a_parallel_plugins.hosts import leftovers
from a_parallel_plugins.hosts.holder.wire import SIZE, frame
from a_parallel_plugins.hosts.link import address
from a_parallel_plugins.hosts.service import HostsService
from a_parallel_plugins.hosts.settings import HostsSettings
from tests.plugins.hosts.conditions import alive, until
from tests.plugins.hosts.opened import database

OWNER = Owner("agent", "t1")
ECHO = ["sh", "-c", 'while read -r line; do echo "got $line"; done; echo end; exit 3']


@asynccontextmanager
async def life(directory: Path, *, leaving: bool = False, **settings: Any) -> AsyncIterator[HostsService]:
    """One life of the service; `leaving` lets held programs be at its end."""
    directory.mkdir(exist_ok=True)
    async with database(directory) as db:
        service = await HostsService.open(db, directory, HostsSettings(**settings))
        await service.end_leftovers()
        try:
            yield service
        finally:
            await service.close(leaving=leaving)


async def started(service: HostsService, argv: list[str], **more: Any) -> HeldProcess:
    """Start a program in a holder."""
    return await service.holders.spawn(argv, cwd="/", owner=OWNER, name=new_id(), **more)


async def take(process: HeldProcess, count: int) -> list[bytes]:
    """Return the next lines."""
    found: list[bytes] = []
    async for line in process.lines():
        found.append(line)
        if len(found) == count:
            break
    return found


async def test_a_program_in_a_holder_is_like_any_other(tmp_path: Path) -> None:
    async with life(tmp_path / "data") as service:
        process = await started(service, ECHO)
        await process.write(b"one\ntwo\n")
        assert await take(process, 2) == [b"got one", b"got two"]
        await process.close_stdin()
        assert await take(process, 5) == [b"end"]
        assert await process.wait() == 3
        await service.holders.end(process.name)  # type: ignore[attr-defined]
        assert service.holders.list() == []
    assert list((tmp_path / "data" / "holders").iterdir()) == []


async def test_the_next_server_goes_on_where_it_was_released(tmp_path: Path) -> None:
    async with life(tmp_path / "data", leaving=True) as service:
        process = await started(service, ECHO, note={"for": "later"})
        await process.write_once("k1", b"one\n")
        await process.write_once("k2", b"two\n")
        assert await take(process, 1) == [b"got one"]
        process.release(process.position)
    async with life(tmp_path / "data", leaving=True) as service:
        (held,) = service.holders.list()
        assert (held.owner, held.note, held.attached) == (OWNER, {"for": "later"}, False)
        again = await service.holders.attach(held.name)
        assert again.accepted("k2")
        assert not again.accepted("k3")
        await again.write_once("k2", b"two\n")
        await again.write_once("k3", b"three\n")
        assert await take(again, 2) == [b"got two", b"got three"]
        with pytest.raises(NotFound):
            await service.holders.attach(held.name)
        await again.close_stdin()
    async with life(tmp_path / "data") as service:  # it has ended meanwhile
        again = await service.holders.attach(held.name)
        assert await take(again, 9) == [b"got two", b"got three", b"end"]
        assert await again.wait() == 3
    assert not alive(held.holder)


async def test_the_orphan_hunt_spares_what_is_held_and_the_end_of_a_server_does_not(tmp_path: Path) -> None:
    family = ["sh", "-c", "setsid sh -c 'sleep 600 & echo $$ $!; wait' & wait"]
    async with life(tmp_path / "data", leaving=True) as service:
        process = await started(service, family)
        pids = [int(pid) for pid in (await take(process, 1))[0].split()]
    async with life(tmp_path / "data") as service:
        assert all(map(alive, [*pids, process.pid]))
        (held,) = service.holders.list()
        await service.holders.attach(held.name)
    assert not any(map(alive, [*pids, process.pid, held.holder]))


async def test_what_nobody_attached_to_ends_with_the_server_too(tmp_path: Path) -> None:
    async with life(tmp_path / "data", leaving=True) as service:
        process = await started(service, ["sleep", "600"])
        (held,) = service.holders.list()
    async with life(tmp_path / "data"):
        assert alive(process.pid)
    assert not alive(process.pid)
    assert not alive(held.holder)


async def test_a_holder_ends_its_program_after_some_time_without_a_server(tmp_path: Path) -> None:
    deaf = ["sh", "-c", "setsid sleep 600 & echo $!; exec sleep 600"]
    async with life(tmp_path / "data", leaving=True, holder_patience=0.2) as service:
        process = await started(service, deaf)
        (line,) = await take(process, 1)
        await asyncio.sleep(0.4)
        assert alive(process.pid)
        (held,) = service.holders.list()
    for pid in (process.pid, int(line), held.holder):
        await until(lambda pid=pid: not alive(pid))  # type: ignore[misc]
    assert list((tmp_path / "data" / "holders").iterdir()) == []


async def test_a_program_waits_while_the_spool_is_full_and_no_byte_is_lost(tmp_path: Path) -> None:
    flood = ["sh", "-c", "i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done"]
    async with life(tmp_path / "data", leaving=True, spool_limit=65536) as service:
        await started(service, flood)
        (held,) = service.holders.list()
    spool = tmp_path / "data" / "holders"
    await until(lambda: sum(path.stat().st_size for path in spool.glob("*.out.*")) >= 65536)
    async with life(tmp_path / "data") as service:
        assert sum(path.stat().st_size for path in spool.glob("*.out.*")) < 3 * 65536
        again = await service.holders.attach(held.name)
        assert await take(again, 30000) == [b"line %d" % number for number in range(30000)]
        again.release(again.position)
        assert await again.wait() == 0
        await until(lambda: not list(spool.glob("*.out.*")))


async def test_a_slow_reader_slows_the_program_down(tmp_path: Path) -> None:
    async with life(tmp_path / "data") as service:
        flood = f"read go; yes {'x' * 999} | head -c 5000000; echo done >&2; sleep 600"
        process = await started(service, ["sh", "-c", flood])
        await process.write(b"go\n")
        await take(process, 1)
        await asyncio.sleep(0.3)
        assert "done" not in process.stderr_tail
        await take(process, 4_999)
        await until(lambda: "done" in process.stderr_tail)


async def test_a_program_whose_output_nobody_reads_can_be_ended(tmp_path: Path) -> None:
    async with life(tmp_path / "data") as service:
        process = await started(service, ["sh", "-c", f"yes {'x' * 999} | head -c 1000000; echo done; sleep 600"])
        spooled = (tmp_path / "data" / "holders").glob
        await until(lambda: sum(path.stat().st_size for path in spooled("*.out.*")) > 300_000)
        async with asyncio.timeout(60):
            await process.terminate(0.1)
        assert await take(process, 100) == [b"x" * 999] * 100
    assert not alive(process.pid)


async def test_a_killed_holder_takes_its_program_along(tmp_path: Path) -> None:
    async with life(tmp_path / "data") as service:
        process = await started(service, ["sh", "-c", "echo hello; setsid sleep 600 & echo $!; wait"])
        lines = await take(process, 2)
        os.kill(service.holders.list()[0].holder, signal.SIGKILL)
        assert await process.wait() == -9
        assert await take(process, 1) == []
        assert "was killed" in process.stderr_tail
        for pid in (process.pid, int(lines[1])):
            await until(lambda pid=pid: not alive(pid))  # type: ignore[misc]
        with pytest.raises(BrokenPipeError):
            await process.write(b"x")


async def test_a_holder_killed_while_there_is_no_server_leaves_an_orphan_that_is_hunted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "GRACE", 0.5)
    async with life(tmp_path / "data", leaving=True) as service:
        process = await started(service, ["sleep", "600"])
        (held,) = service.holders.list()
    os.kill(held.holder, signal.SIGKILL)
    await until(lambda: not alive(held.holder))
    async with life(tmp_path / "data") as service:
        assert not alive(process.pid)
        assert service.holders.list() == []
        with pytest.raises(NotFound):
            await service.holders.attach(held.name)


async def test_a_long_path_and_an_unknown_program(tmp_path: Path) -> None:
    async with life(tmp_path / ("long" * 40)) as service:
        process = await started(service, ["echo", "hello"])
        assert await take(process, 1) == [b"hello"]
        with pytest.raises(FailedDependency, match="not-there was not found"):
            await started(service, ["not-there"])
        assert len(service.holders.list()) == 1


async def test_nobody_else_may_look(tmp_path: Path) -> None:
    async with life(tmp_path / "data") as service:
        await started(service, ["sleep", "600"], env={"SECRET": "hidden"})
        directory = tmp_path / "data" / "holders"
        assert directory.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o077 for path in directory.iterdir()} == {0}
        assert not any("hidden" in path.read_text() for path in directory.glob("*.json"))


async def test_a_terminal_keeps_what_it_has_shown(tmp_path: Path) -> None:
    async with life(tmp_path / "data", leaving=True) as service:
        terminal = await service.holders.open_pty(["sh"], cwd="/", owner=Owner("terminal", "p"), rows=30, cols=90)
        await terminal.write(b"stty size; echo fir''st\n")
        shown = b""
        async for chunk in terminal.chunks():
            shown += chunk
            if b"first" in shown:
                break
        assert b"30 90" in shown
        terminal.resize(10, 50)
    async with life(tmp_path / "data") as service:
        (held,) = service.holders.list()
        again = await service.holders.attach_pty(held.name)
        assert again.size == (10, 50)
        await again.write(b"echo sec''ond; exit 4\n")
        shown = b"".join([chunk async for chunk in again.chunks()])
        assert shown.index(b"first") < again.shown <= shown.index(b"second")
        assert await again.wait() == 4
    assert not alive(held.holder)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Let a process notice everything that happens meanwhile at the same moment."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_a_holder_survives_words_of_a_server_whose_place_another_takes(tmp_path: Path) -> None:
    async with life(tmp_path / "data", leaving=True) as service:
        await service.holders.open_pty(["sh"], cwd="/", owner=Owner("terminal", "p"), rows=30, cols=90)
        (held,) = service.holders.list()
    path = tmp_path / "data" / "holders" / f"{held.name}.sock"
    with address(path) as short, socket.socket(socket.AF_UNIX) as earlier, socket.socket(socket.AF_UNIX) as later:
        earlier.connect(short)
        earlier.sendall(frame(b"h", 0, json.dumps({"from": None, "window": 0}).encode()))
        assert earlier.recv(1) == b"H"
        with stopped(held.holder):
            later.connect(short)
            earlier.sendall(frame(b"r", 0, SIZE.pack(10, 50)))
        while earlier.recv(4096):
            pass
    async with life(tmp_path / "data") as service:
        assert (await service.holders.attach_pty(held.name)).size == (10, 50)


async def test_the_command_lists_them(tmp_path: Path) -> None:
    async with life(tmp_path / "data") as service:
        process = await started(service, ["sleep", "600"])
        words = ["-m", "a_parallel_kernel", "holders", "--data-directory", str(tmp_path / "data"), "--json"]
        shown = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=subprocess.PIPE)
        (held,) = json.loads((await shown.communicate())[0])
        assert (held["kind"], held["key"], held["pid"]) == ("agent", "t1", process.pid)
