"""The key file of a data directory: 64 hex characters, readable by its owner alone (``http-features.md`` §5.3)."""

import hashlib
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

NAME = "encryption.key"
BYTES = 32
_HEX = re.compile(rf"[0-9a-fA-F]{{{2 * BYTES}}}")


class UnusableKey(Exception):
    """The key file is there but is no key; it is never overwritten, since all secrets depend on it."""


class KeyFile:
    """The key in use, and beside it the one that a change of the key is about to put in its place.

    Parameters:
        directory: the data directory.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self.staged_path = directory / f"{NAME}.new"

    def load(self) -> bytes | None:
        """Return the key, or None if there is no file; one that others may read is made private.

        Raises:
            UnusableKey: the file cannot be read or holds something else.
        """
        return _load(self.path)

    def make(self) -> bytes:
        """Make the key unless another process was first, and return the one that is in the file then.

        Raises:
            UnusableKey: the file cannot be written, or what another process wrote is no key.
        """
        try:
            draft = _draft(self.path, secrets.token_bytes(BYTES))
            try:
                _place(draft, self.path)
            finally:
                draft.unlink(missing_ok=True)
            _sync(self.path.parent)
        except OSError as error:
            raise UnusableKey(f"{self.path} cannot be written: {error.strerror}") from error
        key = self.load()
        if key is None:
            raise UnusableKey(f"{self.path} was removed while it was made")
        return key

    def staged(self) -> bytes | None:
        """Return the key that is to come, or None.

        Raises:
            UnusableKey: its file cannot be read or holds something else.
        """
        return _load(self.staged_path)

    def stage(self, key: bytes) -> None:
        """Write down the key that is to come, durably."""
        _draft(self.path, key).replace(self.staged_path)
        _sync(self.path.parent)

    def promote(self) -> None:
        """Put the staged key in place of the one in use."""
        self.staged_path.replace(self.path)
        _sync(self.path.parent)

    def unstage(self) -> None:
        """Drop the staged key."""
        self.staged_path.unlink(missing_ok=True)


def fingerprint(key: bytes) -> str:
    """Return a text that tells keys apart and gives nothing away about them."""
    return hashlib.sha256(b"a-parallel encryption key\0" + key).hexdigest()


def _load(path: Path) -> bytes | None:
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            path.chmod(0o600)
        text = path.read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableKey(f"{path} cannot be read: {error.strerror}") from error
    if _HEX.fullmatch(text) is None:
        raise UnusableKey(
            f"{path} does not hold {2 * BYTES} hex characters and is left as it is. Restore it from a backup; or "
            "remove it, then a new key is made and everything that was encrypted has to be entered again."
        )
    return bytes.fromhex(text)


def _draft(path: Path, key: bytes) -> Path:
    """Write a whole key into a private file beside `path`."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # made with mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _place(draft: Path, path: Path) -> None:
    """Put the draft where nothing is; whoever was first stays."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            draft.replace(path)


def _sync(directory: Path) -> None:
    """Make names in a directory durable: a secret must not outlive the key it was encrypted with."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
