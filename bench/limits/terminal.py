"""Limit of terminals: a blocking loop that reads the same program from a pseudo-terminal.

``python -m bench.limits.terminal`` prints megabytes a second.
"""

import os
import pty
import time

from bench.flood import COMMAND


def main() -> None:
    """Read to the end."""
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", COMMAND])  # noqa: S606 - a constant
    size, began = 0, time.perf_counter()
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # the program has ended
            break
        if not data:
            break
        size += len(data)
    seconds = time.perf_counter() - began
    os.waitpid(pid, 0)
    print(size / seconds / 1e6, flush=True)


if __name__ == "__main__":
    main()
