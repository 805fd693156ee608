"""Reads the Authorization header."""


def bearer(header: str | None) -> str | None:
    """Return the token of an Authorization header, or None if it is none.

    The header must be two words between which stands exactly one space, the first being ``Bearer``, in
    this case (``http-core.md`` §2.5).
    """
    words = (header or "").split(" ")
    return words[1] if len(words) == 2 and words[0] == "Bearer" else None
