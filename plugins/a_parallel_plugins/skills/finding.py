"""Finds the skills in a folder."""

import os
import re
from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import BadRequest
from a_parallel_plugins.skills.places import SKILL_FILE, is_safe
from a_parallel_plugins.skills.reading import read_skill

_DEPTH = 6
_LIMIT = 200
_SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv"})


class Found(Struct, frozen=True):
    """A skill in a folder.

    Attributes:
        name: to install it under.
        directory: what belongs to it.
        path: of its ``SKILL.md``, relative to the folder.
        names: by which it can be asked for, in lower case.
    """

    name: str
    directory: Path
    path: str
    names: frozenset[str]


def choose(folder: Path, wanted: str | None, fallback: str) -> list[Found]:
    """Return the wanted skill of a folder, or all of them.

    Parameters:
        folder: searched, six levels deep; links are not followed.
        wanted: name in the skill's front matter, or of its directory.
        fallback: name for a skill that is the folder itself and has none.

    Raises:
        BadRequest: there is no such skill; the text names those that are there.
    """
    found = _search(folder, fallback)
    if wanted is None and found:
        return found
    chosen = [skill for skill in found if wanted is not None and wanted.lower() in skill.names]
    if not chosen:
        names = ", ".join(skill.name for skill in found[:20]) or "none at all"
        raise BadRequest(f"no matching skill; there is {names}")
    return chosen[:1]


def _search(folder: Path, fallback: str) -> list[Found]:
    found: dict[str, Found] = {}
    for root, directories, files in os.walk(folder):
        place = Path(root)
        level = len(place.relative_to(folder).parts)
        directories[:] = sorted(name for name in directories if name not in _SKIPPED and level < _DEPTH)
        if SKILL_FILE not in files or len(found) >= _LIMIT:
            continue
        skill = _found(folder, place, fallback)
        if skill is not None:
            found.setdefault(skill.name, skill)
        directories.clear()  # what lies in a skill belongs to it
    return list(found.values())


def _found(folder: Path, place: Path, fallback: str) -> Found | None:
    text = read_skill(place)
    if text is None or (place / SKILL_FILE).is_symlink():
        return None
    own = fallback if place == folder else place.name
    said = text.name if text.name != place.name else own
    name = next((name for name in (said, _slug(said), own, _slug(own)) if is_safe(name)), None)
    if name is None:
        return None
    path = (place / SKILL_FILE).relative_to(folder).as_posix()
    return Found(name, place, path, frozenset({said.lower(), own.lower(), name.lower()}))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-.")
