"""A real server process in a private home, and proof that nothing of it is left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.support.processes import processes_with

STANDIN = Path(__file__).parent.parent / "contract" / "claude-standin"
READY = "a-parallel is ready at "
START_TIMEOUT = 30.0
STOP_TIMEOUT = 20.0


class ServerFailed(AssertionError):
    """The server did not start or stop as it should; the text holds its log."""


@dataclass(slots=True)
class Log:
    """What the server has written, line by line, and the moment at which it said it was ready."""

    lines: list[str] = field(default_factory=list)
    base_url: str | None = None
    settled: threading.Event = field(default_factory=threading.Event)

    def follow(self, stream: IO[str], copy: Path) -> None:
        """Read `stream` to its end, appending it to the file `copy` for people."""
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            with copy.open("a") as file:
                file.write(line)
            if READY in line:
                self.base_url = line.split(READY, 1)[1].split()[0].rstrip("/")
                self.settled.set()
        self.settled.set()

    @property
    def text(self) -> str:
        """Everything so far."""
        return "\n".join(self.lines)


class Server:
    """One data directory and the server process that serves it, restarted as often as a test wants.

    Parameters:
        directory: private to this server; holds its home, its programs and its settings.
        claude: program found as ``claude``; None for none at all.
        config: text of the configuration file.
        environment: further variables.
        arguments: further arguments of ``serve``.
        command: whole command line after ``a-parallel``, instead of ``serve`` with its options.
    """

    def __init__(
        self,
        directory: Path,
        *,
        claude: Path | None = STANDIN,
        config: str = "",
        environment: Mapping[str, str] | None = None,
        arguments: Iterable[str] = (),
        command: Sequence[str] | None = None,
    ) -> None:
        self.home = directory / "home"
        self.bin = directory / "bin"
        self.claude_log = directory / "claude.jsonl"
        self.config_file = directory / "config.toml"
        self.log_file = directory / "server.log"
        self.data_directory = self.home / ".a-parallel"
        self.arguments = list(arguments)
        self.command = command
        self.extra_environment = dict(environment or {})
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.log = Log()
        self._prepare(claude, config)

    def _prepare(self, claude: Path | None, config: str) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.bin.mkdir(exist_ok=True)
        identity = "[user]\n\tname = Peer Tester\n\temail = peer@example.invalid\n[init]\n\tdefaultBranch = main\n"
        (self.home / ".gitconfig").write_text(identity)
        self.config_file.write_text(config)
        if claude is not None:
            (self.bin / "claude").symlink_to(claude)

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of the process; nothing of the tester's own but the way to the programs."""
        return {
            "HOME": str(self.home),
            "PATH": os.pathsep.join(
                [str(self.bin), str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
            ),
            "LANG": "C.UTF-8",
            "FAKE_CLAUDE_LOG": str(self.claude_log),
            "FAKE_CLAUDE_DELAY": "0.005",
            **self.extra_environment,
        }

    @property
    def base_url(self) -> str:
        """Where the running server listens."""
        assert self.log.base_url, "the server is not running"
        return self.log.base_url

    @property
    def token(self) -> str:
        """The bearer token of this data directory (``http-core.md`` §2.5)."""
        return (self.data_directory / "auth-token").read_text().strip()

    @property
    def pid(self) -> int:
        """Of the server's own process."""
        assert self.process is not None, "the server is not running"
        return self.process.pid

    def spawn(self) -> None:
        """Start the process without waiting for it to be ready."""
        assert self.process is None, "the server is running"
        self.log = Log()
        serve = ["serve", "--port", str(self.port), "--config", str(self.config_file), *self.arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "a_parallel_kernel", *(self.command or serve)],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self.log.follow, args=(self.process.stdout, self.log_file), daemon=True).start()

    async def start(self) -> "Server":
        """Start the process and return when it says that it is ready."""
        self.spawn()
        settled = await asyncio.to_thread(self.log.settled.wait, START_TIMEOUT)
        if not settled or self.log.base_url is None:
            self.end()
            raise ServerFailed(f"the server did not become ready:\n{self.log.text}")
        self.port = int(self.log.base_url.rsplit(":", 1)[1])
        return self

    async def exited(self, timeout: float = STOP_TIMEOUT) -> int:
        """Wait for the process to end by itself and return its exit status."""
        assert self.process is not None, "the server is not running"
        try:
            status = await asyncio.to_thread(self.process.wait, timeout)
        except subprocess.TimeoutExpired:
            self.end()
            raise ServerFailed(f"the server did not end within {timeout} s:\n{self.log.text}") from None
        await asyncio.to_thread(self.log.settled.wait, START_TIMEOUT)
        self.process = None
        return status

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to shut down; it must exit with 0, leave no process and free its port (``http-core.md`` §1.5)."""
        assert self.process is not None, "the server is not running"
        self.process.send_signal(number)
        status = await self.exited()
        assert status == 0, f"exit status {status} after {number.name}:\n{self.log.text}"
        await self.assert_nothing_left()

    async def kill(self) -> None:
        """SIGKILL, as a crash would; the children it leaves are for the next start to find."""
        assert self.process is not None, "the server is not running"
        self.process.kill()
        await self.exited()

    async def restart(self) -> "Server":
        """Stop and start on the same data directory and the same port."""
        await self.stop()
        return await self.start()

    def leftovers(self) -> dict[int, str]:
        """Return the processes that carry this server's home in their environment, other than itself."""
        own = self.process.pid if self.process else None
        return {pid: command for pid, command in processes_with(f"HOME={self.home}").items() if pid != own}

    async def until_leftovers(self, count: int, timeout: float = 10.0) -> dict[int, str]:
        """Return as soon as there are exactly `count` child processes."""
        deadline = time.monotonic() + timeout
        while len(found := self.leftovers()) != count:
            assert time.monotonic() < deadline, f"{count} child processes expected, there are {found}"
            await asyncio.sleep(0.02)
        return found

    async def until_command(self, fragment: str, timeout: float = 30.0) -> int:
        """Return the pid of a child process whose command line holds `fragment`, as soon as there is one."""
        deadline = time.monotonic() + timeout
        while not (found := [pid for pid, command in self.leftovers().items() if fragment in command]):
            assert time.monotonic() < deadline, f"no child process with {fragment!r}: {self.leftovers()}"
            await asyncio.sleep(0.02)
        return found[0]

    async def until_logged(self, fragment: str, timeout: float = 10.0) -> None:
        """Return as soon as the server has written `fragment`."""
        deadline = time.monotonic() + timeout
        while fragment not in self.log.text:
            assert time.monotonic() < deadline, f"{fragment!r} was not written:\n{self.log.text}"
            await asyncio.sleep(0.02)

    async def assert_nothing_left(self) -> None:
        """Check that no process of this server is alive and that its port can be bound."""
        await self.until_leftovers(0, timeout=3.0)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))

    def end(self) -> None:
        """Make sure that nothing of this server survives the test."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        for pid in self.leftovers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
