"""The table of processes where there is no /proc (macOS), read from ps(1).

Its limits: a start time has whole seconds, and the environment of the system's own binaries is not shown, so that
such a program is found by its group and session, and elsewhere only while its parents live.
"""

import os
import re
import subprocess

from a_parallel_plugins.hosts import marker
from a_parallel_plugins.hosts.marker import Marker

Row = tuple[int, int, int, int, str, tuple[Marker, ...]]

LINE = re.compile(r"\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s*$")
MARKED = re.compile(rf"\s*(\d+)\s.*?\s{marker.VARIABLE}=((?:[^\s:=]+(?::[^\s:=]*){{4}}\s?)+)")


def table() -> list[Row]:
    """Return pid, parent, group, session, start and markers of each live process."""
    rows = _ps("-axo", "pid=,ppid=,pgid=,stat=,lstart=")
    marked = parse_markers(_ps("-axEww", "-o", "pid=,command="))
    return [
        (pid, parent, group, _session(pid), start, marked.get(pid, ()))
        for pid, parent, group, state, start in parse_rows(rows)
        if not state.startswith("Z")
    ]


def started(pid: int) -> str | None:
    """Return when the process started, or None if there is none."""
    return " ".join(_ps("-o", "lstart=", "-p", str(pid)).split()) or None


def parse_rows(text: str) -> list[tuple[int, int, int, str, str]]:
    """Return pid, parent, group, state and start of each line."""
    found = (match.groups() for match in map(LINE.match, text.splitlines()) if match)
    return [(int(a), int(b), int(c), state, " ".join(start.split())) for a, b, c, state, start in found]


def parse_markers(text: str) -> dict[int, tuple[Marker, ...]]:
    """Return the markers by pid of lines that hold a command and its environment."""
    found = (match.groups() for match in map(MARKED.match, text.splitlines()) if match)
    return {int(pid): tuple(marker.parse(value)) for pid, value in found}


def _session(pid: int) -> int:
    """Return the session, which ps shows as an address only; 0 if the process is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _ps(*arguments: str) -> str:
    completed = subprocess.run(
        ["/bin/ps", *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return completed.stdout.decode("utf-8", "replace")
