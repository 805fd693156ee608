"""What may be cloned, and under which name (``http-features.md`` §6)."""

import re
from urllib.parse import unquote, urlsplit

from a_parallel_contracts import BadRequest

_ALLOWED = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
"""Characters of an address (RFC 3986); others are read differently by different programs."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_absolute(url: str) -> bool:
    """Tell whether `url` is an absolute address of any kind."""
    try:
        parts = urlsplit(url)
        return bool(parts.scheme and parts.hostname) and _ALLOWED.fullmatch(url) is not None and parts.port != 0
    except ValueError:
        return False


def check_address(url: str, web: str) -> None:
    """Make sure that git reaches what `url` says over HTTPS and nothing else.

    Parameters:
        url: an absolute address.
        web: base address of the configured GitHub, which may be plain HTTP.

    Raises:
        BadRequest: it names another protocol or brings credentials.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not url.startswith(f"{web}/"):
        raise BadRequest("Only https:// addresses can be cloned")
    if "@" in parts.netloc:
        raise BadRequest("A clone URL must not contain a user name or a password. Store a token in your profile.")


def directory_name(url: str, wanted: str | None) -> str:
    """Return the name of the clone's directory: the one that is wanted, else the address's last part.

    Raises:
        BadRequest: the name that is wanted is no name of a directory.
    """
    if wanted:
        if not _is_name(wanted):
            raise BadRequest(f"Not a valid directory name: {wanted!r}. Use a single name without slashes.")
        return wanted
    last = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]).removesuffix(".git")
    return last if _is_name(last) else "repo"


def _is_name(text: str) -> bool:
    """Tell whether a text is one harmless part of a path; ``.git`` would make a repository of what is around it."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    plain = "/" not in text and not _CONTROL.search(text) and not text.startswith("-") and text == text.strip()
    return plain and 0 < size <= 255 and text.lower() not in (".", "..", ".git")
