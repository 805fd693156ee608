"""Identifiers and timestamps in the formats the database and the wire share."""

import os
from collections import deque
from datetime import UTC, datetime

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"
"""Characters of an id; the client puts ids into URLs unescaped, so nothing else may appear."""

LOCAL_USER = "__local__"
"""Owner of every row written in local mode (``database.md`` §4)."""


_LENGTH = 21
_LETTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
_spare: "deque[bytes]" = deque()
os.register_at_fork(after_in_child=_spare.clear)


def new_id() -> str:
    """Return a fresh nanoid of 21 characters from ``A-Za-z0-9_-``.

    Random bytes are drawn for many ids at once: under load each message and tool call needs one.
    """
    try:
        chunk = _spare.popleft()
    except IndexError:
        block = os.urandom(_LENGTH * 256)
        chunk, *rest = (block[start : start + _LENGTH] for start in range(0, len(block), _LENGTH))
        _spare.extend(rest)
    return chunk.translate(_LETTERS).decode()


def iso(moment: datetime) -> str:
    """Return `moment` as UTC ISO-8601 with exactly three fractional digits and ``Z``.

    Timestamps are compared as text, so the width never varies (``database.md`` §4).
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Return the current time in the format of `iso`."""
    return iso(datetime.now(UTC))
