"""The table of processes, as the system shows it."""

import functools
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct, field

from a_parallel_plugins.hosts import marker, ps
from a_parallel_plugins.hosts.marker import Marker

PROC = Path("/proc")
LISTINGS = 8
"""Times that the list of processes is read for one snapshot, at most."""
ASSIGNMENT = f"{marker.VARIABLE}=".encode()


class Entry(Struct, frozen=True):
    """One process that is alive; a zombie is not.

    Attributes:
        pid, parent, group, session: ids.
        started: tells it from any other process that has had or will have the same pid.
        markers: that it carries.
    """

    pid: int
    parent: int
    group: int
    session: int
    started: str
    markers: tuple[Marker, ...] = ()

    @property
    def identity(self) -> tuple[int, str]:
        """What no other process shares."""
        return self.pid, self.started


class Snapshot(Struct, frozen=True):
    """All processes at one moment."""

    entries: dict[int, Entry]
    children: dict[int, list[Entry]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Snapshot":
        """Index `entries`."""
        snapshot = cls({entry.pid: entry for entry in entries})
        for entry in snapshot.entries.values():
            snapshot.children.setdefault(entry.parent, []).append(entry)
        return snapshot

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def alive(self, pid: int, started: str) -> bool:
        """Tell whether that very process is alive."""
        entry = self.entries.get(pid)
        return entry is not None and entry.started == started

    def with_descendants(self, roots: Iterable[Entry]) -> dict[int, Entry]:
        """Return `roots` and all children of theirs, and so on, by pid."""
        found: dict[int, Entry] = {}
        waiting = list(roots)
        while waiting:
            entry = waiting.pop()
            if entry.pid not in found:
                found[entry.pid] = entry
                waiting.extend(self.children.get(entry.pid, ()))
        return found

    def ancestors(self, pid: int) -> set[int]:
        """Return `pid` and the pids of its parent, and so on."""
        found: set[int] = set()
        while pid not in found and (entry := self.entries.get(pid)):
            found.add(pid)
            pid = entry.parent
        return found


def take() -> Snapshot:
    """Look at all processes; takes some milliseconds, so call it off the event loop."""
    if sys.platform != "linux":
        return Snapshot.of(Entry(*row) for row in ps.table())
    return Snapshot.of(entry for pid in _numbers() if (entry := _read(pid)))


def _numbers() -> Iterator[int]:
    """Yield the pids, then those that came meanwhile: who forks and ends faster than all are read would be missed."""
    seen: set[str] = set()
    for _ in range(LISTINGS):
        listed = set(os.listdir(PROC))  # noqa: PTH208 - pathlib takes twice as long
        new = listed - seen
        yield from (int(name) for name in new if name.isdigit())
        seen |= listed
        if not new:
            return


def started(pid: int) -> str | None:
    """Return when the process started, zombies included; None if there is none."""
    if sys.platform != "linux":
        return ps.started(pid)
    fields = _stat(pid)
    return f"{_boot()}:{fields[19]}" if fields else None


def _read(pid: int) -> Entry | None:
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":
        return None
    parent, group, session = map(int, fields[1:4])
    markers = _markers(pid) if 2 not in (pid, parent) else ()  # 2 and its children are the kernel's own
    return Entry(pid, parent, group, session, f"{_boot()}:{fields[19]}", markers)


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/<pid>/stat from the third on; the name before may hold anything (proc_pid_stat(5))."""
    try:
        text = _slurp(f"/proc/{pid}/stat")
    except OSError:
        return None
    return text[text.rindex(b")") + 2 :].decode("ascii").split()


def _markers(pid: int) -> tuple[Marker, ...]:
    try:
        environment = _slurp(f"/proc/{pid}/environ")
    except OSError:  # somebody else's process, or gone
        return ()
    if ASSIGNMENT not in environment:
        return ()
    values = (item[len(ASSIGNMENT) :] for item in environment.split(b"\0") if item.startswith(ASSIGNMENT))
    return tuple(found for value in values for found in marker.parse(value.decode("utf-8", "replace")))


def _slurp(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - called thousands of times
        return file.read()


@functools.cache
def _boot() -> str:
    """Return the identifier of this boot: start times are counted from it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
