"""Identifiers and timestamps in the formats the database and the wire share."""

import secrets
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
    return iso(datetime.now(UTC))
