"""Secrets in files of the data directory that their owner alone can read (``http-core.md`` §1.1, §2.5)."""

import os
import secrets
import stat
import tempfile
from pathlib import Path

TOKEN_FILE = "auth-token"  # noqa: S105 - a file's name
SECRET_FILE = "auth-secret"  # noqa: S105 - likewise


def load_token(path: Path, size: int = 32) -> str:
    """Return the secret in the file, which is made if it is missing or blank and readable by its owner alone.

    It survives restarts: open pages never fetch the token again, and sessions are signed with the secret.

    Parameters:
        path: of the file.
        size: random bytes of a new one, written as hex.
    """
    return _read(path) or _create(path, size)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    draft = _draft(path, text)
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        path.chmod(0o600)
    return token


def _create(path: Path, size: int) -> str:
    """Write a new secret so that at every moment the file is absent, as it was, or whole.

    Of two servers that start at once on a missing file, both use the one that came first.
    """
    token = secrets.token_hex(size)
    draft = _draft(path, token)
    try:
        return token if _place(draft, path) else _read(path) or _create(path, size)
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


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
