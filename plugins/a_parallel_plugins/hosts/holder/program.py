"""The program that is held: its start, its streams, and its end."""

import errno
import fcntl
import os
import signal
import struct
import termios
from contextlib import suppress
from typing import Any

from .spool import PIECE

IUTF8 = 0x4000
WINDOW = "HHHH"
"""A window size, pixels included (tty_ioctl(4))."""

RESET = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""Signals that a holder or an interpreter ignores, and no program of a user's should."""


class Program:
    """A program with pipes or on a terminal, leader of a session of its own.

    Parameters:
        spec: ``argv``, ``cwd``, ``env``, ``terminal`` (rows and columns, or null) and ``mark``.

    Attributes:
        out, err, stdin: descriptors of ours; -1 when closed.
        status: exit status, negative for a signal.

    Raises:
        OSError: it cannot be executed.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self.terminal = spec["terminal"] is not None
        self.status: int | None = None
        self.out = self.err = self.stdin = -1
        ends = self._terminal() if self.terminal else self._pipes()
        report, reporting = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(ends, reporting)
        for descriptor in {*ends, reporting}:
            os.close(descriptor)
        failed = os.read(report, 64)
        os.close(report)
        if failed:
            os.waitpid(self.pid, 0)
            raise OSError(int(failed), os.strerror(int(failed)))
        for descriptor in (self.out, self.err, self.stdin):
            if descriptor >= 0:
                os.set_blocking(descriptor, False)

    def _pipes(self) -> tuple[int, int, int]:
        (inside, self.stdin), (self.out, outside), (self.err, error) = os.pipe(), os.pipe(), os.pipe()
        return inside, outside, error

    def _terminal(self) -> tuple[int, int, int]:
        self.out, inner = os.openpty()
        self.stdin = os.dup(self.out)
        self.resize(*self._spec["terminal"])
        return inner, inner, inner

    def _become(self, ends: tuple[int, int, int], reporting: int) -> None:
        """Go on as the program, in the forked process."""
        try:
            os.setsid()
            if self.terminal:
                fcntl.ioctl(ends[0], termios.TIOCSCTTY, 0)
                attributes = termios.tcgetattr(ends[0])
                attributes[0] |= IUTF8
                termios.tcsetattr(ends[0], termios.TCSANOW, attributes)
            for target, descriptor in enumerate(ends):
                os.dup2(descriptor, target)
            for number in RESET:
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            os.chdir(self._spec["cwd"])
            os.umask(self._spec["umask"])
            os.execvpe(self._spec["argv"][0], self._spec["argv"], self._spec["env"])  # noqa: S606 - never a shell
        except OSError as error:
            os.write(reporting, b"%d" % (error.errno or errno.EINVAL))
        finally:
            os._exit(127)

    # --- streams ----------------------------------------------------------------------------------

    @staticmethod
    def read(descriptor: int) -> bytes | None:
        """Return what is there, None for nothing now, and no bytes at the end."""
        try:
            return os.read(descriptor, PIECE)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:  # EIO: nobody holds the other side of the terminal any more
            return b""

    @property
    def silent(self) -> bool:
        """Whether nobody can write any more."""
        return self.out < 0 and self.err < 0

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the terminal."""
        try:
            rows, cols, *_ = struct.unpack(WINDOW, fcntl.ioctl(self.out, termios.TIOCGWINSZ, bytes(8)))
        except (OSError, ValueError):  # no terminal, or closed
            return 0, 0
        return rows, cols

    def resize(self, rows: int, cols: int) -> None:
        """Set the size of the terminal's window."""
        with suppress(OSError, ValueError):  # ValueError: it is closed
            fcntl.ioctl(self.out, termios.TIOCSWINSZ, struct.pack(WINDOW, rows, cols, 0, 0))

    @property
    def foreground(self) -> int:
        """The process group in the foreground of the terminal; 0 if there is none."""
        try:
            return max(0, os.tcgetpgrp(self.out))
        except OSError:
            return 0

    # --- end --------------------------------------------------------------------------------------

    def reap(self) -> bool:
        """Tell whether it has ended just now."""
        if self.status is not None:
            return False
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.status = os.waitstatus_to_exitcode(status)
        return bool(pid)

    def members(self) -> list[int]:
        """Return the processes of its group and session and those that carry its mark.

        Where there is no /proc (macOS) it is the group alone, and only while the program itself holds the number.
        """
        if not os.path.isdir("/proc/self"):  # noqa: PTH112 - no pathlib here
            return [-self.pid] if self.status is None else []
        numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
        return [pid for pid in numbers if pid != os.getpid() and self._is_member(pid)]

    def _is_member(self, pid: int) -> bool:
        try:
            state, _, *groups = _slurp(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:4]
            if state in b"ZX":
                return False
            if self.status is None and b"%d" % self.pid in groups:
                return True
            mark: str = self._spec["mark"]
            return bool(mark) and mark.encode() in _slurp(f"/proc/{pid}/environ")
        except OSError:  # gone, or somebody else's
            return False


def _slurp(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - no pathlib here
        return file.read()
