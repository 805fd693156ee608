"""What children inherit."""

import os
import signal
from pathlib import Path

import pytest

from a_parallel_contracts.hosts import SERVER_VARIABLES, Owner
from a_parallel_plugins.hosts import processes
from a_parallel_plugins.hosts.local import LocalHost
from a_parallel_plugins.hosts.marker import Marker, combine, parse
from tests.plugins.hosts.conditions import content, until

SHOW = ["sh", "-c", "env"]


async def inherited(host: LocalHost, cwd: Path, **changes: str | None) -> dict[str, str]:
    lines = (await host.run(SHOW, cwd=cwd, env=changes)).text.splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    "name",
    [
        "CLAUDECODE",
        "CLAUDE_PID",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_MESSAGING_SOCKET",
        "CLAUDE_CODE_MESSAGING_TOKEN",
        "A_PARALLEL_ADMIN_PASSWORD",
        "BETTER_AUTH_SECRET",
    ],
)
async def test_marks_of_a_session_and_secrets_are_kept_from_every_child(
    host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "value")
    assert name not in await inherited(host, tmp_path)
    process = await host.spawn(SHOW, cwd=tmp_path, owner=Owner("agent", "t1"))
    assert not [line async for line in process.lines() if line.startswith(f"{name}=".encode())]
    pty = await host.open_pty(SHOW, cwd=tmp_path, owner=Owner("terminal", "p1"), rows=1, cols=1)
    assert f"{name}=".encode() not in b"".join([chunk async for chunk in pty.chunks()])


@pytest.mark.parametrize(
    "name", ["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_MAX_RETRIES", "NEXTAUTH_SECRET", "PORT", "HOME"]
)
async def test_everything_else_is_inherited(
    host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "value of the user")
    assert (await inherited(host, tmp_path))[name] == "value of the user"


async def test_variables_are_set_and_removed(host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setenv("TMUX_PANE", "1")
    monkeypatch.setenv("XTMUX", "kept")
    seen = await inherited(host, tmp_path, EDITOR=None, NO_SUCH_VARIABLE=None, TERM="dumb", **{"TMUX*": None})
    assert "EDITOR" not in seen
    assert "TMUX_PANE" not in seen
    assert (seen["XTMUX"], seen["TERM"]) == ("kept", "dumb")


async def test_settings_of_the_server_can_be_kept_out(
    host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ("PORT", "HOST", "CLIENT_PORT", "CORS_ORIGIN", "AUTH_MODE", "A_PARALLEL_PLUGINS_ONLY", "BETTER_AUTH_URL")
    for name in (*server, "HOSTNAME_OF_MINE"):
        monkeypatch.setenv(name, "x")
    seen = await inherited(host, tmp_path, **{**SERVER_VARIABLES, "PORT": "5000"})
    assert {name: seen.get(name) for name in server} == {**dict.fromkeys(server), "PORT": "5000"}
    assert seen["HOSTNAME_OF_MINE"] == "x"


async def test_the_working_directory_is_told_as_it_is(host: LocalHost, tmp_path: Path) -> None:
    seen = await inherited(host, tmp_path)
    assert seen["PWD"] == str(tmp_path)
    assert "OLDPWD" not in seen


async def test_a_process_carries_its_marker_and_a_command_none(host: LocalHost, tmp_path: Path) -> None:
    assert "A_PARALLEL_MARKER" not in await inherited(host, tmp_path)
    owner = Owner("agent", "odd: key\n/ü")
    process = await host.spawn(["sh", "-c", "echo $A_PARALLEL_MARKER"], cwd=tmp_path, owner=owner)
    [line] = [line async for line in process.lines()]
    [mark] = parse(line.decode())
    assert (mark.directory, mark.owner, mark.server) == (host._store.directory, owner, host._store.server)


async def test_markers_of_another_server_are_passed_on(
    host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = str(Marker("outer", Owner("agent", "t1"), "server", "launch"))
    stale = str(Marker(host._store.directory, Owner("agent", "t1"), "server", "launch"))
    monkeypatch.setenv("A_PARALLEL_MARKER", f"{stale} {outer}")
    assert (await inherited(host, tmp_path))["A_PARALLEL_MARKER"] == outer
    process = await host.spawn(["sh", "-c", "echo $A_PARALLEL_MARKER"], cwd=tmp_path, owner=Owner("agent", "t2"))
    [line] = [line async for line in process.lines()]
    assert [mark.directory for mark in parse(line.decode())] == ["outer", host._store.directory]


def test_what_is_no_marker_is_passed_over() -> None:
    assert list(parse("nonsense a:b:c  1:2:3:4:5:6")) == []
    assert combine("", None, "d") == ""


async def test_a_detached_program_outlives_the_server_unmarked(
    host: LocalHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_PARALLEL_MARKER", str(Marker("outer", Owner("agent", "t1"), "server", "launch")))
    script = "(echo $$; env; ps -o sid= -p $$) > new; mv new seen; exec sleep 600"
    await host.detach(["sh", "-c", script], cwd=tmp_path, env={"TERM": "dumb"})
    pid, *variables, session = (await content(tmp_path / "seen")).split("\n")[:-1]
    await host.close()
    assert int(session) == int(pid)
    assert "TERM=dumb" in variables
    assert not [line for line in variables if line.startswith("A_PARALLEL_MARKER")]
    os.kill(int(pid), signal.SIGKILL)  # raises if it was ended with the server
    await until(lambda: processes.started(int(pid)) is None)
