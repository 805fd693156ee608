"""Where paths really lead."""

import errno
import os
from pathlib import Path


def real_path(path: str | Path) -> Path:
    """Return `path` with all symbolic links followed; parts that do not exist stay as they are.

    What is contained in a directory must be asked of this one. `os.path.realpath` and `pathlib.Path.resolve` give up
    at links in a circle and leave what follows unlooked at, so that ``circle/../link`` seems to end at ``link``,
    wherever that leads.

    Raises:
        OSError: links in a circle (``ELOOP``).
        ValueError: a NUL byte.
    """
    real = os.path.realpath(path)
    if os.path.realpath(real) != real:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return Path(real)
