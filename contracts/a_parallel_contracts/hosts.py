"""Hosts: where processes run. Agents, git, commands and terminals start theirs only through this."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from a_parallel_contracts.services import ServiceKey


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that has ended.

    Attributes:
        argv: as given.
        returncode: exit status; negative for a signal.
        stdout, stderr: everything it wrote.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def ok(self) -> bool:
        """Whether it exited with 0."""
        return self.returncode == 0

    @property
    def text(self) -> str:
        """Standard output as text, invalid bytes replaced, trimmed at the end."""
        return self.stdout.decode("utf-8", "replace").rstrip()

    @property
    def reason(self) -> str:
        """Why it failed: trimmed stderr, else stdout, else a generic line (``http-core.md`` §2.8)."""
        said = self.stderr.decode("utf-8", "replace").strip() or self.text.strip()
        return said or f"{self.argv[0]} exited with status {self.returncode}"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a long-lived process belongs to, so that it can be found after a crash.

    Attributes:
        kind: ``agent``, ``command``, ``terminal`` or a third party's word.
        key: the thread's, command's or terminal's id.
    """

    kind: str
    key: str


class Process(Protocol):
    """A child with pipes, in a session and process group of its own."""

    @property
    def pid(self) -> int:
        """Process id, which is its group's too."""
        ...

    @property
    def returncode(self) -> int | None:
        """Exit status, or None while it runs."""
        ...

    @property
    def stderr_tail(self) -> str:
        """The last few KiB it wrote to standard error."""
        ...

    def lines(self) -> AsyncIterator[bytes]:
        """Iterate over the lines of standard output without their newline, until end of file.

        A last line without newline is included. Reading slowly slows the child down; nothing is dropped
        but lines over the limit given to `Host.spawn`, which come as `LineTooLong`.
        """
        ...

    def chunks(self, stream: str = "stdout") -> AsyncIterator[bytes]:
        """Iterate over what it writes to ``stdout`` or ``stderr`` as it arrives."""
        ...

    async def write(self, data: bytes) -> None:
        """Write to standard input and wait until the pipe has taken it.

        Raises:
            BrokenPipeError: the child has closed its end, or `close_stdin` was called.
        """
        ...

    async def close_stdin(self) -> None:
        """Send end of file. Harmless when it is closed already."""
        ...

    async def wait(self) -> int:
        """Return the exit status once it has ended."""
        ...

    async def terminate(self, grace: float = 3.0) -> int:
        """End it and all its descendants: SIGTERM to its group, SIGKILL after `grace` seconds.

        Descendants that left the group are found by their marker. Returns the exit status.
        """
        ...


class LineTooLong(bytes):
    """Stands in `Process.lines` for a line over the limit; holds its beginning."""


class Pty(Protocol):
    """A program on a pseudo-terminal, leader of its own session."""

    @property
    def pid(self) -> int:
        """Process id."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the output until the terminal is closed; not reading slows the program down."""
        ...

    async def write(self, data: bytes) -> None:
        """Write keystrokes."""
        ...

    def resize(self, rows: int, cols: int) -> None:
        """Set the window size."""
        ...

    async def wait(self) -> int:
        """Return the exit status; 0 after a signal (``websocket.md`` §7.3)."""
        ...

    async def hang_up(self, grace: float = 3.0) -> None:
        """SIGHUP to the group, SIGKILL after `grace` seconds."""
        ...


class Host(Protocol):
    """A machine on which processes can be started."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        env: Mapping[str, str | None] | None = None,
        stdin: bytes | None = None,
        timeout: float = 30.0,
        limit: int | None = None,
    ) -> Completed:
        """Run a command to its end, without a terminal to prompt on.

        Parameters:
            argv: program and arguments; never a shell string.
            cwd: directory to run in.
            env: changes to the server's environment; None removes a variable.
            stdin: what it reads; end of file at once without it.
            timeout: seconds after which it is killed.
            limit: bytes of output after which it is killed and the output cut.

        Raises:
            FailedDependency: it could not be started, the directory is gone, or the time is over.
        """
        ...

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        owner: Owner,
        env: Mapping[str, str | None] | None = None,
        line_limit: int = 64 * 1024 * 1024,
    ) -> Process:
        """Start a long-lived child with pipes, recorded under `owner`.

        Raises:
            FailedDependency: it could not be started, or the directory is gone.
        """
        ...

    async def open_pty(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        owner: Owner,
        rows: int,
        cols: int,
        env: Mapping[str, str | None] | None = None,
    ) -> Pty:
        """Start a program on a pseudo-terminal.

        Raises:
            FailedDependency: it could not be started, or the directory is gone.
        """
        ...

    async def which(self, program: str) -> Path | None:
        """Return where `program` is found on the host's PATH."""
        ...


class Hosts(Protocol):
    """The hosts that are there."""

    def get(self, name: str = "local") -> Host:
        """Return a host by name.

        Raises:
            NotFound: no such host.
        """
        ...

    async def end_leftovers(self, owner: Owner | None = None) -> int:
        """End recorded processes of an earlier server, of all owners or one, and return how many there were."""
        ...


HOSTS = ServiceKey[Hosts]("hosts")
