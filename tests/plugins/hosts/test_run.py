"""Commands that are run to their end."""

import asyncio
import sys
from pathlib import Path

import pytest

from a_parallel_contracts import BadRequest, FailedDependency
from a_parallel_plugins.hosts.local import LocalHost
from tests.plugins.hosts.conditions import alive, content, until


async def test_a_command_gives_back_what_it_wrote_and_how_it_ended(host: LocalHost, tmp_path: Path) -> None:
    completed = await host.run(["sh", "-c", "pwd; echo oops >&2; exit 3"], cwd=tmp_path)
    assert completed.returncode == 3
    assert not completed.ok
    assert completed.text == str(tmp_path)
    assert completed.reason == "oops"
    assert not completed.truncated


async def test_a_command_that_is_given_nothing_reads_nothing(host: LocalHost, tmp_path: Path) -> None:
    assert (await host.run(["cat"], cwd=tmp_path)).stdout == b""


async def test_a_command_reads_what_it_is_given_and_then_the_end(host: LocalHost, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    assert (await host.run(["cat"], cwd=tmp_path, stdin=data)).stdout == data


async def test_a_command_may_leave_its_input_unread(host: LocalHost, tmp_path: Path) -> None:
    assert (await host.run(["true"], cwd=tmp_path, stdin=b"x" * 1_000_000)).ok


async def test_arguments_are_not_read_by_a_shell(host: LocalHost, tmp_path: Path) -> None:
    argument = "$HOME; `id` 'x' \"y\" *"
    assert (await host.run(["printf", "%s", argument], cwd=tmp_path)).text == argument


async def test_a_command_has_no_terminal_to_ask_on(host: LocalHost, tmp_path: Path) -> None:
    completed = await host.run(["sh", "-c", "exec 3</dev/tty"], cwd=tmp_path)
    assert not completed.ok


async def test_a_command_that_takes_too_long_is_ended_with_its_group(host: LocalHost, tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > pid; mv pid here; sleep 600"
    with pytest.raises(FailedDependency, match=r"sh did not finish within 1\.5 s"):
        await host.run(["sh", "-c", script], cwd=tmp_path, timeout=1.5)
    sleeper = int(await content(tmp_path / "here"))
    await until(lambda: not alive(sleeper))
    assert host.running == 0


async def test_a_cancelled_command_is_ended_with_its_group(host: LocalHost, tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > pid; mv pid here; sleep 600"
    running = asyncio.create_task(host.run(["sh", "-c", script], cwd=tmp_path))
    sleeper = int(await content(tmp_path / "here"))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not alive(sleeper) and host.running == 0)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_output_is_cut_at_the_limit(host: LocalHost, tmp_path: Path, stream: str) -> None:
    script = f"import sys\nwhile True: sys.{stream}.write('x' * 1000)"
    completed = await host.run([sys.executable, "-c", script], cwd=tmp_path, limit=100_000)
    assert completed.truncated
    assert getattr(completed, stream) == b"x" * 100_000
    assert completed.returncode < 0


async def test_output_of_just_the_limit_is_whole(host: LocalHost, tmp_path: Path) -> None:
    completed = await host.run(["printf", "12345"], cwd=tmp_path, limit=5)
    assert (completed.stdout, completed.truncated, completed.returncode) == (b"12345", False, 0)


async def test_a_daemon_that_keeps_the_pipe_does_not_hold_up_the_command(host: LocalHost, tmp_path: Path) -> None:
    completed = await host.run(["sh", "-c", "setsid sleep 600 & echo $!"], cwd=tmp_path, timeout=20)
    daemon = int(completed.text)
    assert alive(daemon)
    await host.run(["kill", str(daemon)], cwd=tmp_path)


async def test_a_missing_program_is_named(host: LocalHost, tmp_path: Path) -> None:
    with pytest.raises(FailedDependency, match=r"no-such-program was not found; .* PATH"):
        await host.run(["no-such-program"], cwd=tmp_path)


async def test_a_file_that_is_no_program_is_named(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello", "utf-8")
    with pytest.raises(FailedDependency, match=r"notes\.txt cannot be started: Permission denied"):
        await host.run([str(tmp_path / "notes.txt")], cwd=tmp_path)


async def test_a_missing_directory_is_named(host: LocalHost, tmp_path: Path) -> None:
    with pytest.raises(FailedDependency, match=r"The directory .*/gone does not exist"):
        await host.run(["true"], cwd=tmp_path / "gone")


async def test_an_argument_with_nul_is_the_callers_fault(host: LocalHost, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="echo cannot be called like that"):
        await host.run(["echo", "a\0b"], cwd=tmp_path)


async def test_which_finds_what_is_on_the_path(host: LocalHost) -> None:
    found = await host.which("sh")
    assert found is not None
    assert found.name == "sh"
    assert await host.which("no-such-program") is None


async def test_a_hundred_commands_at_once(host: LocalHost, tmp_path: Path) -> None:
    done = await asyncio.gather(*(host.run(["printf", "%s", str(i)], cwd=tmp_path) for i in range(100)))
    assert [completed.text for completed in done] == [str(i) for i in range(100)]
    assert host.running == 0
