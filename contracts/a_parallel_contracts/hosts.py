"""Hosts: where processes run. Agents, git, commands and terminals start theirs only through this."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from a_parallel_contracts.services import ServiceKey

SERVER_VARIABLES: Mapping[str, None] = MappingProxyType(
    dict.fromkeys(("PORT", "HOST", "CLIENT_PORT", "CORS_ORIGIN", "AUTH_MODE", "A_PARALLEL_*", "BETTER_AUTH_*"))
)
"""Changes of an environment that keep the server's own settings out of users' programs, which would otherwise
take its port: ``env={**SERVER_VARIABLES, "TERM": "xterm-256color"}`` (``websocket.md`` §8, ``http-features.md`` §8)."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that has ended.

    Attributes:
        argv: as given.
        returncode: exit status; negative for a signal.
        stdout, stderr: everything it wrote.
        truncated: it wrote more than the limit and was killed for it.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes
    truncated: bool = False

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
    """A child with pipes, in a session and process group of its own.

    `lines` and `chunks` share what was read: one at a time for each stream, and a second call goes on
    where the first one stopped. A stream ends at its end of file, or shortly after the child's exit when
    a program that the child left behind still holds it; everything the child itself wrote comes before.
    """

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
        """Iterate over what it writes to ``stdout`` or ``stderr`` as it arrives, at most 64 KiB at a time.

        Standard error never slows the child down while nobody iterates over it: only the last 1 MiB waits
        for whoever begins to.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Write to standard input and wait until the pipe has taken it.

        Writes never mix. One that is cancelled is completed all the same, since half a message would
        spoil the next.

        Raises:
            BrokenPipeError: the child has closed its end or is gone, or `close_stdin` was called.
        """
        ...

    async def close_stdin(self) -> None:
        """Send end of file after what was written; returns at once. Harmless when it is closed already."""
        ...

    async def wait(self) -> int:
        """Return the exit status once it has ended and its output has been read.

        Await it after the last line: a child whose output nobody takes cannot end.
        """
        ...

    async def terminate(self, grace: float = 3.0) -> int:
        """End it and all its descendants: SIGTERM, then SIGKILL after `grace` seconds.

        Descendants that left the group are found by their marker, also when the child itself has ended
        already. Goes on in the background if it is cancelled.

        Returns:
            The exit status, once all of them are gone.

        Raises:
            FailedDependency: one of them outlives SIGKILL.
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
        """Write keystrokes and wait until the terminal has taken them.

        Raises:
            BrokenPipeError: the terminal is closed.
        """
        ...

    def resize(self, rows: int, cols: int) -> None:
        """Set the window size. Harmless when the terminal is closed."""
        ...

    async def wait(self) -> int:
        """Return the exit status once it has ended and its output has been read.

        0 after a signal (``websocket.md`` §7.3).
        """
        ...

    async def hang_up(self, grace: float = 3.0) -> None:
        """SIGHUP to its group and to the terminal's foreground group, SIGKILL after `grace` seconds.

        Background jobs that ignore SIGHUP survive, as under any terminal.

        Raises:
            FailedDependency: one of them outlives SIGKILL.
        """
        ...


class Host(Protocol):
    """A machine on which processes can be started.

    Children get the server's environment without the marks of an enclosing Claude CLI session and without
    the server's secrets, changed by `env`: None removes a variable, or all that fit where the name ends in
    ``*``; what is set wins over what is removed.
    """

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
            timeout: seconds after which it and its process group are killed.
            limit: bytes of standard output, and of standard error, after which they are killed and it is cut.

        Raises:
            FailedDependency: it could not be started, the directory is gone, or the time is over.
            BadRequest: an argument holds a NUL character.
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

    async def detach(
        self, argv: Sequence[str], *, cwd: Path | str, env: Mapping[str, str | None] | None = None
    ) -> None:
        """Start a program that outlives the server, such as an editor: no pipes, not recorded, never ended.

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

    def add(self, name: str, host: Host) -> Callable[[], None]:
        """Offer a further host as `name` and return the function that takes it back.

        Raises:
            ValueError: the name is taken.
        """
        ...

    def names(self) -> list[str]:
        """Return the names of all hosts, ``local`` first."""
        ...

    async def end_leftovers(self, owner: Owner | None = None) -> int:
        """End what an earlier server of this data directory left running, for all owners or one.

        Everything left over is ended before this service is there.

        Returns:
            How many children of that server there were.
        """
        ...


HOSTS = ServiceKey[Hosts]("hosts")
