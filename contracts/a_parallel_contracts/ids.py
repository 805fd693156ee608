"""Identifiers and timestamps in the formats the database and the wire share."""

import functools
import secrets
import time
from datetime import UTC, datetime

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"
"""Characters of an id; the client puts ids into URLs unescaped, so nothing else may appear."""

LOCAL_USER = "__local__"
"""Owner of every row written in local mode (``database.md`` §4)."""


def new_id() -> str:
    """Return a fresh nanoid of 21 characters from ``A-Za-z0-9_-``.

    URL-safe base64 (RFC 4648 §5) has the alphabet of nanoids, so 126 random bits need no loop to become one.
    """
    return secrets.token_urlsafe(16)[:21]


def iso(moment: datetime) -> str:
    """Return `moment` as UTC ISO-8601 with exactly three fractional digits and ``Z``.

    Timestamps are compared as text, so the width never varies (``database.md`` §4).
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """Return the current time in the format of `iso`."""
    second, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{_second(second)}.{milliseconds:03d}Z"


@functools.lru_cache(1)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
