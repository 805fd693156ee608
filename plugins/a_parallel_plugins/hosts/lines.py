"""Cuts a stream of bytes into lines."""

from a_parallel_contracts.hosts import LineTooLong

KEPT = 64 * 1024
"""Bytes that are kept of a line over the limit."""


class LineSplitter:
    """Takes chunks and gives back complete lines, without their newline.

    Parameters:
        limit: bytes a line may have; of a longer one only the beginning is kept, the rest is never held.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._overlong = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that `chunk` completes."""
        first, *rest = chunk.split(b"\n")
        self._grow(first)
        if not rest:
            return []
        lines = [self._complete()]
        *middle, last = rest
        lines += middle if len(chunk) <= self._limit else map(self._bounded, middle)
        self._grow(last)
        return lines

    def finish(self) -> list[bytes]:
        """Return the last line if it has no newline."""
        return [self._complete()] if self._size else []

    def _grow(self, part: bytes) -> None:
        if self._overlong or not part:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._limit:
            self._overlong = True
            self._parts = [self._beginning()]

    def _beginning(self) -> bytes:
        kept = bytearray()
        for part in self._parts:
            kept += part[: KEPT - len(kept)]
        return bytes(kept)

    def _complete(self) -> bytes:
        line = b"".join(self._parts)
        overlong, self._overlong = self._overlong, False
        self._parts, self._size = [], 0
        return LineTooLong(line) if overlong else line

    def _bounded(self, line: bytes) -> bytes:
        return line if len(line) <= self._limit else LineTooLong(line[:KEPT])
