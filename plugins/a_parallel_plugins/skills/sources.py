"""Understands what is to be installed: a repository or a folder (``http-features.md`` §2)."""

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from a_parallel_contracts import BadRequest
from a_parallel_contracts.claude import user_home

_SHORT = re.compile(r"(?P<repository>[\w][\w.-]*/[\w][\w.-]*)(?:@(?P<skill>[\w][\w.-]*))?", re.ASCII)
_SCP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:\s][^\s]*")
SCHEMES = ("https", "http", "ssh", "git", "file")
"""What git may fetch over; ``ext`` would run a command."""


class Source(Struct, frozen=True):
    """Where skills come from.

    Attributes:
        kind: ``github`` and ``git`` are cloned, ``local`` is copied.
        name: as the list of installed skills shows it.
        location: git's address, or the folder's path.
        skill: the one that is wanted, or None for all.
    """

    kind: Literal["github", "git", "local"]
    name: str
    location: str
    skill: str | None


def read_source(identifier: str, skill: str | None, github: str) -> Source:
    """Return what an identifier stands for.

    Raises:
        BadRequest: nothing that can be installed.
    """
    text = identifier.strip()
    if not text.isprintable() or text.startswith("-"):
        raise BadRequest(_unknown(identifier))
    short = _SHORT.fullmatch(text)
    if short is not None:
        repository = short["repository"].removesuffix(".git")
        url = f"{github.rstrip('/')}/{repository}.git"
        return Source("github", repository, url, skill or short["skill"])
    if text.startswith(("/", "~/")):
        return _folder(text, skill)
    return Source("git", text, _address(text), skill)


def _folder(text: str, skill: str | None) -> Source:
    path = user_home() / text[2:] if text.startswith("~/") else Path(text)
    folder = os.path.normpath(path)
    return Source("local", folder, folder, skill)


def _address(text: str) -> str:
    """Return an address that git fetches over one of `SCHEMES`, without a password in it."""
    if _SCP.fullmatch(text) and "::" not in text and "//" not in text.partition(":")[0]:
        return text
    try:
        parts = urlsplit(text)
        usable = parts.scheme in SCHEMES and (bool(parts.hostname) or parts.scheme == "file")
        hidden = parts.password is not None or (parts.scheme in ("http", "https") and parts.username is not None)
    except ValueError:
        usable = hidden = False
    if hidden:
        raise BadRequest("The address holds a password, which others could read; let git's credential helper have it")
    if not usable or "::" in text.partition("//")[0] or (parts.hostname or "").startswith("-"):
        raise BadRequest(_unknown(text))
    return text


def _unknown(text: str) -> str:
    return (
        f"{text[:200]!r} cannot be installed: give owner/repository@skill, the address of a git repository, "
        "or the absolute path of a folder"
    )
