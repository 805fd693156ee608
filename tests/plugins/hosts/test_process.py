"""Long-lived children: their lines, their input, and the order of their end."""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from a_parallel_contracts import FailedDependency
from a_parallel_contracts.hosts import LineTooLong, Owner
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.process import LocalProcess
from a_parallel_plugins.hosts.streams import CHUNK, HIGH_WATER
from tests.plugins.hosts.conditions import first, until

AGENT = Owner("agent", "t1")
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


async def python(host: LocalHost, cwd: Path, script: str, line_limit: int = 2**26) -> LocalProcess:
    return await host.spawn([sys.executable, "-c", script], cwd=cwd, owner=AGENT, line_limit=line_limit)


async def shell(host: LocalHost, cwd: Path, script: str) -> LocalProcess:
    return await host.spawn(["sh", "-c", script], cwd=cwd, owner=AGENT)


async def test_a_conversation_over_pipes(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "while read x; do echo got $x; done; echo bye; exit 5")
    lines = process.lines()
    for word in (b"one", b"two"):
        await process.write(word + b"\n")
        assert await anext(lines) == b"got " + word
    await process.close_stdin()
    assert [line async for line in lines] == [b"bye"]
    assert await process.wait() == 5
    assert process.returncode == 5


async def test_it_leads_a_session_and_a_group_of_its_own(host: LocalHost, tmp_path: Path) -> None:
    process = await python(
        host, tmp_path, "import os, sys; print(os.getpgrp(), os.getsid(0), os.getpid()); sys.stdin.read()"
    )
    await process.close_stdin()
    assert process.pid != os.getpgrp()
    assert [line async for line in process.lines()] == [b"%d %d %d" % ((process.pid,) * 3)]


async def test_a_last_line_without_newline_counts(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "printf 'a\\n\\nb'")
    assert [line async for line in process.lines()] == [b"a", b"", b"b"]


async def test_no_output_is_no_line(host: LocalHost, tmp_path: Path) -> None:
    assert [line async for line in (await shell(host, tmp_path, ":")).lines()] == []


async def test_bytes_that_are_no_utf_8_pass_unchanged(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, r"printf '\377\376 \303\n\200\n'; printf '\377' >&2")
    assert [line async for line in process.lines()] == [b"\xff\xfe \xc3", b"\x80"]
    await process.wait()
    assert process.stderr_tail == "\N{REPLACEMENT CHARACTER}"


async def test_a_line_of_20_mb_arrives_whole(host: LocalHost, tmp_path: Path) -> None:
    process = await python(host, tmp_path, "import sys; sys.stdout.write('x' * 20_000_000 + 'end\\nnext\\n')")
    line, after = [line async for line in process.lines()]
    assert len(line) == 20_000_003
    assert line.endswith(b"xend")
    assert after == b"next"


async def test_a_line_over_the_limit_is_told_and_skipped(host: LocalHost, tmp_path: Path) -> None:
    script = "import sys; sys.stdout.write('a\\n' + 'x' * 5_000_000 + '\\nb\\n')"
    before, long, after = [line async for line in (await python(host, tmp_path, script, line_limit=1_000_000)).lines()]
    assert (before, after) == (b"a", b"b")
    assert isinstance(long, LineTooLong)
    assert long == b"x" * 65536


async def test_a_second_iteration_goes_on_where_the_first_one_stopped(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "printf '1\\n2\\n3\\n4'")
    async for line in process.lines():
        if line == b"2":
            break
    assert [line async for line in process.lines()] == [b"3", b"4"]


async def test_only_one_may_read_a_stream_at_a_time(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "read x")
    waiting = asyncio.create_task(first(process.lines()))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="somebody else is reading"):
        await first(process.lines())
    await process.close_stdin()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_flood_is_slowed_down_and_loses_nothing(host: LocalHost, tmp_path: Path) -> None:
    script = """
import sys
for number in range(100_000):
    sys.stdout.write(f'{number:06} ' + 'x' * 993 + '\\n')
sys.stdout.flush()
print('done', file=sys.stderr)
"""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    process = await python(host, tmp_path, script)
    stream = process._child.stdout
    await until(lambda: stream.paused)
    assert HIGH_WATER <= stream.unread < HIGH_WATER + CHUNK
    count = 0
    async for line in process.lines():
        assert line.startswith(b"%06d " % count)
        count += 1
        if count % 20_000 == 1:  # a slow reader: the child gets every chance to write ahead
            await until(lambda: stream.paused)
            assert HIGH_WATER <= stream.unread < HIGH_WATER + CHUNK
            assert process.stderr_tail == ""
    assert count == 100_000
    await process.wait()
    assert process.stderr_tail == "done\n"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * RSS_UNIT
    assert grown < 20_000_000, "100 MB went through; they must not be held"


async def test_stderr_is_drained_while_nobody_reads_it(host: LocalHost, tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('x' * 3_000_000 + 'the end'); sys.stderr.close(); print('out')"
    process = await python(host, tmp_path, script)
    assert [line async for line in process.lines()] == [b"out"]
    await process.wait()
    assert len(process.stderr_tail) == 8192
    assert process.stderr_tail.endswith("xthe end")
    rest = b"".join([chunk async for chunk in process.chunks("stderr")])
    assert rest == b"x" * (HIGH_WATER - 7) + b"the end"


async def test_stderr_is_whole_for_whoever_reads_it(host: LocalHost, tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('y'); sys.stdin.read(); sys.stderr.write('y' * 2_999_999)"
    process = await python(host, tmp_path, script)
    chunks = []
    async for chunk in process.chunks("stderr"):
        chunks.append(chunk)
        await process.close_stdin()
    assert sum(map(len, chunks)) == 3_000_000
    assert max(map(len, chunks)) <= 65536


async def test_chunks_come_as_they_are_written(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "printf 'no newline'; read x; printf more")
    chunks = process.chunks()
    assert await anext(chunks) == b"no newline"
    await process.write(b"\n")
    assert await anext(chunks) == b"more"


async def test_the_end_of_output_is_told_before_the_exit(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "echo last; exec >&-; read x; exit 4")
    assert [line async for line in process.lines()] == [b"last"]
    assert process.returncode is None
    await process.close_stdin()
    assert await process.wait() == 4


async def test_what_was_written_before_the_exit_can_be_read_after_it(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "echo one; echo two")
    assert await process.wait() == 0
    assert [line async for line in process.lines()] == [b"one", b"two"]


async def test_nobody_has_to_read_a_child_that_was_ended(host: LocalHost, tmp_path: Path) -> None:
    process = await python(host, tmp_path, "while True: print('x' * 1000)")
    await until(lambda: process._child.stdout.paused)
    assert await process.terminate() == -signal.SIGTERM


async def test_a_stream_ends_although_a_stranger_holds_it(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "setsid sleep 600 & echo mine")
    assert [line async for line in process.lines()] == [b"mine"]
    assert await process.wait() == 0
    await process.terminate()


async def test_writing_to_a_dead_child_fails(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "exit 0")
    await process.wait()
    with pytest.raises(BrokenPipeError):
        await process.write(b"hello\n")


async def test_writing_to_a_child_that_has_closed_its_input_fails(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "exec <&-; echo closed; exec sleep 600")
    assert await first(process.lines()) == b"closed"
    with pytest.raises(BrokenPipeError):
        await process.write(b"hello\n")


async def test_writing_after_closing_fails_and_closing_twice_does_not(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "cat")
    await process.close_stdin()
    await process.close_stdin()
    with pytest.raises(BrokenPipeError):
        await process.write(b"hello\n")
    assert await process.wait() == 0


async def test_a_write_that_waits_is_released_by_the_end(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "exec sleep 600")
    writing = asyncio.create_task(process.write(b"x" * 1_000_000))
    await asyncio.sleep(0)
    assert not writing.done()
    await process.terminate()
    with pytest.raises(BrokenPipeError):
        await writing


async def test_writes_neither_mix_nor_stop_half_way_when_cancelled(host: LocalHost, tmp_path: Path) -> None:
    script = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print('ready', flush=True)
signal.sigwait([signal.SIGUSR1])
for line in sys.stdin:
    print(line[0] * 3, len(line), flush=True)
"""
    process = await python(host, tmp_path, script)
    lines = process.lines()
    assert await anext(lines) == b"ready"
    given_up = asyncio.create_task(process.write(b"a" * 1_000_000 + b"\n"))
    patient = asyncio.create_task(process.write(b"b" * 1_000_000 + b"\n"))
    await asyncio.sleep(0)
    given_up.cancel()
    os.kill(process.pid, signal.SIGUSR1)
    await patient
    await process.close_stdin()
    assert [line async for line in lines] == [b"aaa 1000001", b"bbb 1000001"]
    assert given_up.cancelled()


async def test_closing_waits_for_what_was_written(host: LocalHost, tmp_path: Path) -> None:
    process = await shell(host, tmp_path, "wc -c")
    writing = asyncio.create_task(process.write(b"x" * 1_000_000))
    await asyncio.sleep(0)
    await process.close_stdin()
    await writing
    assert [int(line) async for line in process.lines()] == [1_000_000]


async def test_fifty_children_at_once(host: LocalHost, tmp_path: Path) -> None:
    owners = [Owner("agent", f"t{number}") for number in range(50)]
    children = await asyncio.gather(*(host.spawn(["cat"], cwd=tmp_path, owner=owner) for owner in owners))
    assert len({process.pid for process in children}) == 50
    assert host.running == 50
    for number, process in enumerate(children):
        await process.write(b"%d\n" % number)
    assert [int(await first(process.lines())) for process in children] == list(range(50))
    assert set(await asyncio.gather(*(process.terminate() for process in children))) == {-signal.SIGTERM}
    assert host.running == 0


async def test_a_missing_program_and_a_missing_directory_are_told(host: LocalHost, tmp_path: Path) -> None:
    with pytest.raises(FailedDependency, match="no-such-agent was not found"):
        await host.spawn(["no-such-agent"], cwd=tmp_path, owner=AGENT)
    with pytest.raises(FailedDependency, match="does not exist"):
        await host.spawn(["cat"], cwd=tmp_path / "gone", owner=AGENT)
    assert host.running == 0


async def test_stderr_is_known_at_the_end_of_output(host: LocalHost, tmp_path: Path) -> None:
    for number in range(20):
        process = await shell(host, tmp_path, f"echo failure {number} >&2")
        assert [line async for line in process.lines()] == []
        assert process.stderr_tail == f"failure {number}\n"
