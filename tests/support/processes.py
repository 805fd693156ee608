"""Processes of this machine, found by what stands in their environment."""

import subprocess
from pathlib import Path


def processes_with(assignment: str) -> dict[int, str]:
    """Return the living processes whose environment holds `assignment` (``NAME=value``), by pid.

    Environments are inherited, so this finds descendants wherever they have moved. The values are the
    command lines. Other users' processes cannot be read and are left out.
    """
    if Path("/proc/self/environ").exists():
        return _from_proc(assignment)
    return _from_ps(assignment)


def alive(pid: int) -> bool:
    """Tell whether `pid` is a process that has not ended; a zombie has."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")


def _from_proc(assignment: str) -> dict[int, str]:
    wanted = assignment.encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                if command:  # empty once it is dying
                    found[int(entry.name)] = command
        except OSError:
            continue
    return found


def _from_ps(assignment: str) -> dict[int, str]:
    shown = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 1) for line in shown.stdout.splitlines())
    return {int(row[0]): row[1] for row in rows if len(row) == 2 and f" {assignment} " in f" {row[1]} "}
