"""Output on disk, in files that go when all of them is released."""

import os
from contextlib import suppress

PIECE = 64 * 1024
"""Bytes that are read or written at once."""

SEGMENT = 4 * 1024 * 1024
"""Bytes of one file."""


class Spool:
    """The bytes from `start` to `end`; earlier ones are released.

    Parameters:
        path: of the files, without their endings.
        segment: bytes after which another file begins.
    """

    def __init__(self, path: str, segment: int = SEGMENT) -> None:
        self._path = path
        self._segment = segment
        self._files: list[tuple[int, int, str]] = []
        self.start = self.end = 0

    def append(self, data: bytes) -> None:
        """Take what the program wrote; `end` shows how much of it was taken if OSError is raised (a full disk)."""
        while data:
            begin, descriptor = self._last()
            count = os.pwrite(descriptor, data, self.end - begin)
            self.end += count
            data = data[count:]

    def read(self, offset: int) -> bytes:
        """Return some of the bytes from `offset` on; none at the end."""
        until = self.end
        for begin, descriptor, _ in reversed(self._files):
            if begin <= offset:
                return os.pread(descriptor, min(PIECE, until - offset), offset - begin)
            until = begin
        return b""

    def release(self, offset: int) -> None:
        """Nobody will ask for what lies before `offset`."""
        self.start = max(self.start, min(offset, self.end))
        while self._files and self._after_first() <= self.start:
            _, descriptor, path = self._files.pop(0)
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - pathlib is not worth its memory here

    def _last(self) -> tuple[int, int]:
        """Return where the last file begins and its descriptor; a new one if that is full."""
        if not self._files or self.end - self._files[-1][0] >= self._segment:
            path = f"{self._path}.{self.end}"
            self._files.append((self.end, os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), path))
        return self._files[-1][:2]

    def _after_first(self) -> int:
        return self._files[1][0] if len(self._files) > 1 else self.end
