"""The token file of local mode (``http-core.md`` §2.5)."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

TOKEN_FILE = "auth-token"  # noqa: S105 - a file's name
_BYTES = 32


def load_token(path: Path) -> str:
    """Return the token in the file, which is made if it is missing or blank and readable by its owner alone.

    It survives restarts, since open pages never fetch it again.
    """
    return _read(path) or _create(path)


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(0o600)
    return token


def _create(path: Path) -> str:
    """Write a new token so that at every moment the file is absent, as it was, or whole.

    Of two servers that start at once on a missing file, both use the one that came first.
    """
    token = secrets.token_hex(_BYTES)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token)
            file.flush()
            os.fsync(file.fileno())
        return token if _place(draft, path) else _read(path) or _create(path)
    finally:
        draft.unlink(missing_ok=True)


def _place(draft: Path, path: Path) -> bool:
    """Put the draft in place of nothing or of a blank file; False if somebody else was first."""
    try:
        path.hardlink_to(draft)
        return True
    except FileExistsError:
        if _read(path):
            return False
    except OSError:
        pass  # a file system without hard links
    draft.replace(path)
    return True
