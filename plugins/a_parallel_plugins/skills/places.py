"""The directories of skills (``http-features.md`` §2). All are looked up when they are needed."""

import re
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.claude import config_directory, user_home

SKILL_FILE = "SKILL.md"
WORK_PREFIX = ".a-parallel-"
"""Begins the names of what is only there while something is installed or removed."""

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def store() -> Path:
    """Return where installed skills are."""
    return user_home() / ".agents" / "skills"


def lock_file() -> Path:
    """Return the list of what was installed."""
    return user_home() / ".agents" / ".skill-lock.json"


def discovered() -> Path:
    """Return where the CLI looks for the user's skills; installed ones are linked from here."""
    return config_directory() / "skills"


def one_component(name: str) -> str:
    """Return a name that is one path component.

    Raises:
        BadRequest: it is none, so it could lead anywhere.
    """
    if not is_component(name) or name.startswith(WORK_PREFIX):
        raise BadRequest(f"{name!r} is no name of a skill")
    return name


def is_component(name: str) -> bool:
    """Tell whether a name is one path component."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def is_safe(name: str) -> bool:
    """Tell whether a skill may be installed under a name."""
    return _SAFE.fullmatch(name) is not None


def shares_directory() -> bool:
    """Tell whether the CLI looks into the store itself, by a link of the user's."""
    return discovered().resolve() == store().resolve()
