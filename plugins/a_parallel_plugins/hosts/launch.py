"""Starts programs. Everything here blocks for a millisecond or more, so it runs off the event loop."""

import json
import os
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ptyprocess import PtyProcess

from a_parallel_contracts import BadRequest, FailedDependency

T = TypeVar("T")

HOLDER = (
    f"import sys; sys.path.append({str(Path(__file__).parent)!r})\n"
    "from holder.main import main\nsys.exit(main(*sys.argv[1:]))"
)
"""Runs a holder without importing anything of the package it lies in."""
HOLDER_LIMIT = 10.0

IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
SET_BY_NOHUP = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
IUTF8 = 0x4000
"""Of Linux and macOS alike; ``termios`` has no name for it before Python 3.13."""


def pipes(argv: Sequence[str], cwd: str, env: Mapping[str, str], *, stdin: bool) -> "subprocess.Popen[bytes]":
    """Start a program with pipes in a session, and so a process group, of its own.

    ``Popen`` forks in C without running any Python in the child (vfork where the system has it), which is
    safe beside other threads.

    Parameters:
        stdin: a pipe for standard input too, else it is empty.

    Raises:
        FailedDependency, BadRequest: see `a_parallel_contracts.hosts.Host.run`.
    """
    return _attempt(
        argv,
        cwd,
        lambda: subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        ),
    )


def detached(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> int:
    """Start a program in a session of its own without any pipe and return its pid.

    Raises:
        FailedDependency, BadRequest: see `a_parallel_contracts.hosts.Host.run`.
    """
    nothing = subprocess.DEVNULL
    popen = _attempt(
        argv,
        cwd,
        lambda: subprocess.Popen(
            list(argv), cwd=cwd, env=env, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        ),
    )
    popen.returncode = 0  # the caller reaps it; Popen would try to when it is deleted
    return popen.pid


def holder(directory: Path, name: str, spec: Mapping[str, Any], env: Mapping[str, str]) -> int:
    """Start a program in a holder and return the program's pid.

    Parameters:
        directory: where the holder's files go.
        name: of these.
        spec: what is to be started; see `a_parallel_plugins.hosts.holder.main`.
        env: of the holder itself.

    Raises:
        FailedDependency, BadRequest: see `a_parallel_contracts.hosts.Host.run`.
    """
    return _attempt(spec["argv"], spec["cwd"], lambda: _held(directory, name, spec, env))


def _held(directory: Path, name: str, spec: Mapping[str, Any], env: Mapping[str, str]) -> int:
    _refuse_unusable(spec["argv"], spec["env"])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", HOLDER, str(directory), name],
        cwd="/",
        env=env,
        input=json.dumps(spec).encode(),
        capture_output=True,
        start_new_session=True,
        timeout=HOLDER_LIMIT,
        check=False,
    )
    if not done.stdout:
        raise FailedDependency(f"The holder of {spec['argv'][0]} did not start: {done.stderr.decode()[-500:]}")
    told = json.loads(done.stdout)
    if "errno" in told:
        raise OSError(told["errno"], told["text"])
    return int(told["pid"])


def absolute(cwd: Path | str) -> str:
    """Return a directory's absolute path."""
    return os.path.abspath(cwd)  # noqa: PTH100 - pathlib would resolve nothing less and keep ".."


def terminal(argv: Sequence[str], cwd: str, env: Mapping[str, str], rows: int, cols: int) -> Any:
    """Start a program as leader of a session with a pseudo-terminal and return its ``PtyProcess``.

    The fork carries the calling thread alone and runs a little Python up to the exec; no lock that another
    thread may hold is taken there.

    Parameters:
        rows, cols: size of the window, 1 to 65535.

    Raises:
        FailedDependency, BadRequest: see `a_parallel_contracts.hosts.Host.run`.
    """

    def prepare() -> None:
        # ptyprocess would change the directory where a failure lets the forked server live on.
        os.chdir(cwd)
        for number in (*IGNORED_BY_PYTHON, *SET_BY_NOHUP):
            signal.signal(number, signal.SIG_DFL)
        _erase_characters(0)

    def start() -> Any:
        _refuse_unusable(argv, env)
        program = shutil.which(argv[0], path=env.get("PATH", os.defpath)) or argv[0]
        spawned = PtyProcess.spawn([program, *argv[1:]], env=dict(env), preexec_fn=prepare, dimensions=(rows, cols))
        os.set_inheritable(spawned.fd, False)
        return spawned

    return _attempt(argv, cwd, start)


def _erase_characters(descriptor: int) -> None:
    """Let the erase key take whole UTF-8 characters, not single bytes, from a line that is being typed (termios(3))."""
    attributes = termios.tcgetattr(descriptor)
    attributes[0] |= IUTF8
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _refuse_unusable(argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Raise the ValueError here that exec would raise in the forked server, which nothing would catch there."""
    if any(b"\0" in os.fsencode(text) for text in (*argv, *env.values())):
        raise ValueError("embedded null byte")
    if any(not name or b"=" in os.fsencode(name) or b"\0" in os.fsencode(name) for name in env):
        raise ValueError("illegal environment variable name")


def _attempt(argv: Sequence[str], cwd: str, start: Callable[[], T]) -> T:
    if not os.path.isdir(cwd):  # noqa: PTH112 - pathlib raises where it may not look, and for names that are too long
        raise FailedDependency(f"The directory {cwd} does not exist (any more); {argv[0]} cannot run there")
    try:
        return start()
    except ValueError as error:  # a NUL character, or one that no file system can hold
        refused: Exception = BadRequest(f"{argv[0]} cannot be called like that: {error}")
    except OSError as error:
        refused = FailedDependency(_reason(argv[0], error))
    # Outside of the handlers, since the traceback would keep ptyprocess's object, whose deletion sleeps.
    raise refused


def _reason(program: str, error: OSError) -> str:
    missing = isinstance(error, FileNotFoundError) and not (os.sep in program and Path(program).exists())
    if missing:
        return f"{program} was not found; install it, or add its directory to the PATH that the server is started with"
    return f"{program} cannot be started: {error.strerror or error}"
