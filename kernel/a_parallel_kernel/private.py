"""Files that only their owner may read: the data directory holds prompts, outputs and secrets."""

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)


def make_private_directory(directory: Path) -> None:
    """Create `directory` with mode 0700, or take group's and others' rights from an existing one and all in it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = (Path.home(), Path(directory.anchor))
    if directory in shared or directory.stat().st_mode & stat.S_ISVTX:
        log.warning("%s is shared with other programs; its mode stays as it is", directory)
        return
    tighten(directory)
    for parent, directories, files in os.walk(directory):
        for place in (Path(parent, name) for name in (*directories, *files)):
            if not place.is_symlink():  # what it leads to may be somebody else's business
                tighten(place)


def make_private_file(path: Path) -> None:
    """Create `path` empty with mode 0600 if it is missing, or tighten an existing one."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        tighten(path)


def tighten(path: Path) -> None:
    """Take group's and others' rights from `path`, if it is there and ours."""
    try:
        status = path.stat()
        if status.st_mode & 0o077 and status.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(status.st_mode) & 0o700)
    except FileNotFoundError:
        return
    except PermissionError as error:  # file systems without modes
        log.warning("cannot make %s private: %s", path, error)
