"""How much memory more agents may take: what the machine has left, or the control group if that is less."""

from collections.abc import Iterable
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available_memory() -> int | None:
    """Return the bytes that can be used without swapping (proc(5), ``MemAvailable``); None where nobody tells."""
    known = [value for value in (_machine(MEMINFO), _group(CGROUP)) if value is not None]
    return min(known, default=None)


def _machine(meminfo: Path) -> int | None:
    kibibytes = _field(_lines(meminfo), "MemAvailable:")
    return kibibytes * 1024 if kibibytes is not None else None


def _group(directory: Path) -> int | None:
    """Return what a control group has left; its file cache counts as free, since the kernel gives it up."""
    limit, used = _lines(directory / "memory.max"), _lines(directory / "memory.current")
    if not limit or not used or not limit[0].strip().isdigit():
        return None
    cache = _field(_lines(directory / "memory.stat"), "inactive_file") or 0
    return max(0, int(limit[0]) - int(used[0]) + cache)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError:
        return []


def _field(lines: Iterable[str], name: str) -> int | None:
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), None)
