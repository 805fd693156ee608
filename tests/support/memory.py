"""How much memory a process holds."""

import time
from pathlib import Path

MEGABYTE = 1024 * 1024
THERE = Path("/proc/self/status").exists()
"""Whether this system tells it."""


def resident(pid: int | str = "self") -> int:
    """Return the bytes of memory that a process holds (proc(5), ``VmRSS``)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024


def at_rest(pid: int | str = "self", below: int = 0, patience: float = 3.0) -> int:
    """Return the least that a process comes down to; what it has just sent, it may still be about to free.

    Parameters:
        below: bytes at which it need not be waited any longer.
        patience: seconds that it gets.
    """
    until = time.monotonic() + patience
    least = resident(pid)
    while least > below and time.monotonic() < until:
        time.sleep(0.02)
        least = min(least, resident(pid))
    return least
