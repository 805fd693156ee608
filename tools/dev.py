"""Runs the server and starts it again whenever a source file changes: ``make dev``."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("contracts", "kernel", "plugins", "migrations")
SUFFIXES = {".py", ".sql", ".toml"}


def stamps() -> dict[Path, int]:
    """Return the modification time of every source file, in nanoseconds."""
    return {path: path.stat().st_mtime_ns for path in _files() if path.exists()}


def _files() -> Iterator[Path]:
    yield ROOT / "pyproject.toml"
    for source in SOURCES:
        yield from (path for path in (ROOT / source).rglob("*") if path.suffix in SUFFIXES)


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start the server."""
    return subprocess.Popen([sys.executable, "-m", "a_parallel_kernel", "serve", *arguments])


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server as Ctrl-C would, so that running agents are marked interrupted."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        server.wait()


def main() -> int:
    """Run until interrupted."""
    os.environ.setdefault("A_PARALLEL_LOGGING_LEVEL", "debug")
    seen, server = stamps(), start(sys.argv[1:])
    try:
        while True:
            time.sleep(0.5)
            now = stamps()
            if now != seen:
                changed = {path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path)}
                print(f"{', '.join(sorted(path.name for path in changed))} changed: starting again", flush=True)
                stop(server)
                seen, server = now, start(sys.argv[1:])
    except KeyboardInterrupt:
        stop(server)
    return 0


if __name__ == "__main__":
    sys.exit(main())
