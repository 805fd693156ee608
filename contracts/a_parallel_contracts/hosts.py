"""Hosts: where processes run. Agents, git, commands and terminals start theirs only through this."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from msgspec import Struct

from a_parallel_contracts.services import ServiceKey

SERVER_VARIABLES: Mapping[str, None] = MappingProxyType(
    dict.fromkeys(("PORT", "HOST", "CLIENT_PORT", "CORS_ORIGIN", "AUTH_MODE", "A_PARALLEL_*", "BETTER_AUTH_*"))
)
"""Changes of an environment that keep the server's own settings out of users' programs, which would otherwise
take its port: ``env={**SERVER_VARIABLES, "TERM": "xterm-256color"}`` (``websocket.md`` §8, ``http-features.md`` §8)."""


class Completed(Struct, frozen=True):
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


class Owner(Struct, frozen=True):
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


# --- processes that outlive the server ------------------------------------------------------------


class Held(Struct, frozen=True):
    """A program that a holder keeps: a small process of its own, so that a server can be killed and replaced.

    Attributes:
        name: under which it was started.
        owner: whom it belongs to.
        note: what whoever started it wants to find again; it is on the disk, so no secrets.
        pid: of the program.
        holder: pid of the holder.
        program: first word of its command line.
        terminal: it is on a pseudo-terminal.
        created_at: when it was started.
        attached: this server is connected to it.
    """

    name: str
    owner: Owner
    note: Mapping[str, str]
    pid: int
    holder: int
    program: str
    terminal: bool
    created_at: str
    attached: bool


class HeldProcess(Process, Protocol):
    """A process that a holder keeps."""

    @property
    def position(self) -> int:
        """Bytes of standard output up to the end of the last line that `lines` gave."""
        ...

    async def write_once(self, key: str, data: bytes) -> None:
        """Like `write`, but nothing happens if a write with that key was accepted before, by any server.

        Parameters:
            key: up to 255 bytes.
            data: to write.

        Raises:
            BrokenPipeError: the child has closed its end, or is gone.
        """
        ...

    def accepted(self, key: str) -> bool:
        """Tell whether an earlier server has written under that key."""
        ...

    def release(self, position: int) -> None:
        """Let go of the output before `position`: whoever attaches later begins there, or after it."""
        ...

    async def leave(self) -> None:
        """Let go of it without ending it: its output ends here, and another server may attach."""
        ...


@runtime_checkable
class HeldPty(Pty, Protocol):
    """A pseudo-terminal that a holder keeps. Some of what it has shown stays in the spool, for who attaches."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns, as of attaching."""
        ...

    @property
    def shown(self) -> int:
        """Bytes of output that an earlier server had taken already; they come first, once more."""
        ...

    async def leave(self) -> None:
        """Let go of it without hanging up: another server may attach."""
        ...


class Holders(Protocol):
    """Starts programs that outlive the server, and finds them again.

    Programs in a holder belong to their server like others: they end with it, unless it was killed or is replaced
    (`PluginContext.handing_over`).
    """

    @property
    def wanted(self) -> bool:
        """Whether anybody has asked for terminals and agents to be held."""
        ...

    def want(self) -> Callable[[], None]:
        """Ask for it, and return the function that takes that back."""
        ...

    def list(self) -> list[Held]:
        """Return what is held, oldest first."""
        ...

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        owner: Owner,
        name: str,
        note: Mapping[str, str] | None = None,
        env: Mapping[str, str | None] | None = None,
        line_limit: int = 64 * 1024 * 1024,
    ) -> HeldProcess:
        """Like `Host.spawn`, in a holder. `name` is a random id that finds it again.

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
        note: Mapping[str, str] | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> HeldPty:
        """Like `Host.open_pty`, in a holder.

        Raises:
            FailedDependency: it could not be started, or the directory is gone.
        """
        ...

    async def attach(
        self, name: str, *, position: int | None = None, line_limit: int = 64 * 1024 * 1024
    ) -> HeldProcess:
        """Take a process over, with its output from `position` on, or from the first byte that is there.

        Raises:
            NotFound: nothing of that name is held.
            FailedDependency: its holder does not answer.
        """
        ...

    async def attach_pty(self, name: str) -> HeldPty:
        """Take a terminal over.

        Raises:
            NotFound: nothing of that name is held.
            FailedDependency: its holder does not answer.
        """
        ...

    async def end(self, name: str, grace: float = 3.0) -> None:
        """End a program and its holder, whether this server is attached or not. Harmless when there is none."""
        ...


HOLDERS = ServiceKey[Holders]("holders")
